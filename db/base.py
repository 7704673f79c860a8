"""The base of all tables: which Python type becomes which column."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.orm import DeclarativeBase

from db.moments import UtcDateTime

BigNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A size or a seed: 64 bits. SQLite's INTEGER has them anyway."""


def key_text(length: int) -> String:
    """Text that is sorted letter by letter on every database, whatever language the server speaks."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}

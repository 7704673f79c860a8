"""The table of what was measured, by a program or by hand. See models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigNumber
from db.moments import now


class Measurement(Base):
    """A length, area or volume with its end points and interval, by a reader or a method."""

    __tablename__ = "measurement"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    name: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(250), default="")
    value: Mapped[float | None]
    lower: Mapped[float | None]
    upper: Mapped[float | None]
    unit: Mapped[str] = mapped_column(String(32))
    points: Mapped[list[Any]]
    samples: Mapped[list[Any]] = mapped_column(default=list)
    method: Mapped[str] = mapped_column(String(100))
    method_version: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seed: Mapped[int | None] = mapped_column(BigNumber)
    reason: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(default=now)

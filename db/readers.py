"""Readers: who they are by name, and the number that each gets with the first drawing. Each takes the session first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from db import models
from db.turns import take_turn
from db.vocabulary import LabelSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

NOBODY = frozenset({LabelSource.CONSENSUS, LabelSource.SOFTWARE})
"""Sources of a reader's layers behind which there is no person."""


def reader_named(session: Session, name: str) -> models.Reader:
    """The reader of that name; where another transaction adds the same one meanwhile, that one's."""
    wanted = select(models.Reader).where(models.Reader.name == name)
    row = session.scalar(wanted)
    if row is not None:
        return row
    row = models.Reader(name=name)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return session.scalars(wanted).one()
    return row


def drawing_reader(session: Session, name: str, source: LabelSource) -> models.Reader:
    """The reader of that name, who draws; a person gets a number with the first drawing and keeps it."""
    row = reader_named(session, name)
    if row.number is None and source not in NOBODY:
        take_turn(session)
        row.number = (session.scalar(select(func.max(models.Reader.number))) or 0) + 1
        session.flush()
    return row


def numbers(session: Session, names: Iterable[str] | None = None) -> Mapping[str, int]:
    """The readers who drew, of these names where some are given, with their numbers from 1 on, in that order."""
    reader = models.Reader
    wanted = select(reader.name, reader.number).where(reader.number.is_not(None)).order_by(reader.number)
    if names is not None:
        wanted = wanted.where(reader.name.in_(tuple(names)))
    return {name: number for name, number in session.execute(wanted) if number is not None}

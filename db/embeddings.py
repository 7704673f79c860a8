"""Embeddings of slices, kept for the next prompt: named by rows, so that nobody collects them, and free to go.

Each function takes the session first, and commits nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update

from db import models
from db.moments import now
from db.records import BlobRef
from db.turns import take_turn

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from db.store import Store

A_DAY = timedelta(days=1)
"""How exactly it is known when one was last used: reading writes nothing more often."""


class Place(NamedTuple):
    """Which slice of a case an embedding is of, and who saw it how."""

    model: str
    windows: str
    axis: int
    slice_index: int
    frame: str


def find(session: Session, case_key: str, place: Place) -> BlobRef | None:
    """The image that holds an embedding (channels, rows, columns), float16 as uint16; None where none is kept."""
    kept = models.Embedding
    row = session.execute(select(kept.blob, kept.blob_size).where(*_is(case_key, place))).one_or_none()
    return None if row is None else BlobRef(row.blob, row.blob_size)


def is_stale(session: Session, case_key: str, place: Place) -> bool:
    """Whether its use was last written down more than a day ago."""
    asked = select(models.Embedding.id).where(*_is(case_key, place), models.Embedding.used_at < now() - A_DAY)
    return session.scalar(asked) is not None


def touch(session: Session, case_key: str, place: Place) -> None:
    """Write down that one was used."""
    session.execute(update(models.Embedding).where(*_is(case_key, place)).values(used_at=now()))


def keep(store: Store, session: Session, case_key: str, place: Place, image: BlobRef) -> bool:
    """Name a stored image as the embedding of a place, in place of one before.

    False, and nothing is written, where the case or the image is gone meanwhile.
    """
    take_turn(session)
    case = session.scalar(select(models.Case.id).where(models.Case.key == case_key))
    if case is None or image.digest not in store.blobs:
        return False
    session.execute(delete(models.Embedding).where(*_is(case_key, place)))
    session.add(models.Embedding(case_id=case, **place._asdict(), blob=image.digest, blob_size=image.size))
    return True


def count_unused(session: Session, before: datetime) -> int:
    """How many were last used before a moment."""
    unused = select(func.count()).select_from(models.Embedding).where(models.Embedding.used_at < before)
    return session.scalar(unused) or 0


def drop_unused(session: Session, before: datetime) -> int:
    """Let go of those that were last used before a moment; their images belong to nobody then. Returns how many."""
    count = count_unused(session, before)
    session.execute(delete(models.Embedding).where(models.Embedding.used_at < before))
    return count


def _is(case_key: str, place: Place) -> tuple[ColumnElement[bool], ...]:
    kept = models.Embedding
    case = select(models.Case.id).where(models.Case.key == case_key).scalar_subquery()
    columns = (getattr(kept, name) == value for name, value in place._asdict().items())
    return (kept.case_id == case, *columns)

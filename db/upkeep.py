"""Which images rows name, and the removal of those that none does (docs/decisions/0009)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, union

from db import models
from db.blobs import BlobMissing
from db.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from db.store import Store

NAMING: tuple[InstrumentedAttribute[str], ...] = (
    models.Series.blob,
    models.Series.headers,
    models.Case.crop,
    models.Case.thumbnail,
    models.Layer.blob,
    models.Embedding.blob,
)  # type: ignore[assignment]
"""Every column that names an image or document."""
BATCH = 25
"""Images removed in one turn: others who write wait that long."""


@dataclass(frozen=True)
class Removed:
    """How many images were removed, and how many bytes that freed."""

    images: int = 0
    size: int = 0

    def __add__(self, other: Removed) -> Removed:
        """Both together."""
        return Removed(self.images + other.images, self.size + other.size)


def named_among(session: Session, digests: Sequence[str]) -> frozenset[str]:
    """Those of `digests` that a row names."""
    asked = (select(column).where(column.in_(digests)) for column in NAMING)
    return frozenset(session.scalars(union(*asked)))


def named_with(session: Session, first: str) -> frozenset[str]:
    """All named images whose digest begins with one hexadecimal digit."""
    asked = (select(column).where(column.like(f"{first}%")) for column in NAMING)
    return frozenset(session.scalars(union(*asked)))


def names_of(session: Session, key: str) -> frozenset[str]:
    """All images and documents that the rows of one case name."""
    case, series, layer = models.Case, models.Series, models.Layer
    asked = (
        select(series.blob).join(case).where(case.key == key),
        select(series.headers).join(case).where(case.key == key),
        select(case.crop).where(case.key == key),
        select(case.thumbnail).where(case.key == key),
        select(layer.blob).join(case).where(case.key == key),
    )
    return frozenset(filter(None, session.scalars(union(*asked))))


def unnamed(store: Store, first: str) -> list[str]:
    """The stored images, with a digest that begins so, that no row names at this moment."""
    present = sorted(store.blobs.digests(first))
    with store.read() as session:
        named = named_with(session, first)
    return [digest for digest in present if digest not in named]


def remove_unnamed(
    store: Store, digests: Iterable[str], before: datetime | None = None, *, dry: bool = False
) -> Removed:
    """Remove those of `digests` that no row names and, where `before` is given, that were stored before it.

    Safe beside writers at any age: whoever is about to name one of them sees, in a turn of its own, that it is gone.
    `dry` only counts. Raises PlaceUnreachable.
    """
    wanted = _old_enough(store, sorted(digests), before)
    removed = Removed()
    for start in range(0, len(wanted), BATCH):
        batch = dict(wanted[start : start + BATCH])
        with store.begin() as session:
            take_turn(session)
            for digest in sorted(batch.keys() - named_among(session, list(batch))):
                removed += Removed(1, batch[digest])
                if not dry:
                    store.blobs.delete(digest)
    return removed


def _old_enough(store: Store, digests: Sequence[str], before: datetime | None) -> list[tuple[str, int]]:
    """Those that were stored before a moment, with their sizes."""
    found = []
    for digest in digests:
        with suppress(BlobMissing):
            if before is None or store.blobs.modified(digest) < before:
                found.append((digest, store.blobs.size(digest)))
    return found

"""Every row and every image looked at once: what `secondlook check` finds. Changes nothing.

One case and one image are in memory at a time, and the names of a sixteenth of all images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from db import faults, queries, upkeep
from db.blobs import HEXADECIMAL, BlobDamaged, BlobMissing
from db.moments import now
from db.records import BlobRef
from services import scratch
from services.soundness import Problem, installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.records import CasePage, Index3, Region
    from db.store import Store
    from services.imaging.progress import Tell

SHOWN_LETTERS = 12
"""An image is named by the first letters of its digest: enough to find its file."""
FROM_BACKUP = "Restore it from a backup."
COLLECT = "Nothing is wrong. `secondlook gc` removes what is older than an hour."


def check(store: Store, home: Path, tell: Tell) -> list[Problem]:
    """Every problem found, errors first."""
    found = [*installation()]
    for part in (_database(store), _cases(store, tell), _leftovers(store, home, tell)):
        try:
            found += part
        except SQLAlchemyError:
            found.append(_error("The database must be readable.", "a part of it that is not.", FROM_BACKUP))
    return sorted(found, key=lambda problem: problem.severity != "error")


def shown(digest: str) -> str:
    """How an image is named to a person."""
    return digest[:SHOWN_LETTERS]


def _database(store: Store) -> Iterator[Problem]:
    """Rows among each other, whatever they mean."""
    with store.read() as session:
        for line in faults.damaged_pages(session):
            yield _error("The database's file must be whole.", f"{line}.", FROM_BACKUP)
        for table, parent, count in faults.dangling(session):
            must = f"Every row of '{table}' must refer to a row of '{parent}' that is there."
            yield _error(must, f"{count} that refer to none.", FROM_BACKUP)
        for table, count in faults.childless(session):
            must = f"Every row of '{table}' must belong to a case."
            yield _error(must, f"{count} that belong to none.", FROM_BACKUP)
        if count := faults.being_forgotten(session):
            must = "No patient may be half forgotten."
            yield _error(must, f"{count} cases that are.", "Run `secondlook forget` for that patient again.")


def _cases(store: Store, tell: Tell) -> Iterator[Problem]:
    """Every case as its page reads it, with all its images."""
    with store.read() as session:
        keys = queries.case_keys(session)
    seen: dict[bytes, _Stored] = {}
    for number, key in enumerate(keys):
        tell("cases checked", number, len(keys))
        try:
            with store.read() as session:
                page = queries.case_page(session, key)
        except (ValueError, TypeError, LookupError, AttributeError):
            must = f"Every row of case {key} must be readable."
            yield _error(must, "one with a value that means nothing.", FROM_BACKUP)
            continue
        if page is not None:
            problems = [*_places(page), *_images(store, page, seen)]
            yield from problems if not problems or _is_there(store, key) else ()
    tell("cases checked", len(keys), len(keys))


def _is_there(store: Store, key: str) -> bool:
    """Whether a case was not forgotten while it was looked at."""
    with store.read() as session:
        return queries.case_row(session, key) is not None


def _places(page: CasePage) -> Iterator[Problem]:
    """Whether every box lies in the case's image."""
    regions = {f"layer {layer.id}": layer.spec.region for layer in page.layers}
    if page.region is not None:
        regions["the part shown first"] = page.region
    for what, region in regions.items():
        if not _within(region, page.series.shape):
            must = f"Everything of case {page.row.key} must lie in its image."
            yield _error(must, f"{what} lies beyond it.", FROM_BACKUP)


def _within(region: Region, shape: Index3) -> bool:
    ends = zip(region.origin, region.shape, shape, strict=True)
    return all(start >= 0 and size >= 0 and start + size <= whole for start, size, whole in ends)


@dataclass(frozen=True)
class _Stored:
    """What is in the image store under one name."""

    fault: str = ""
    size: int = 0
    shape: tuple[int, ...] | None = None


def _images(store: Store, page: CasePage, seen: dict[bytes, _Stored]) -> Iterator[Problem]:
    """What is wrong with the images of one case. Each image is read once, however many rows name it."""
    told = set()
    for image, shape in _named(page):
        name = bytes.fromhex(image.digest)
        if name not in seen:
            seen[name] = _stored(store, image.digest)
        told.add((shown(image.digest), _wrong(seen[name], image.size, shape)))
    for digest, fault in sorted(told):
        if fault:
            must = f"The images of case {page.row.key} must be there, and be what the rows say."
            yield _error(must, f"{digest} {fault}.", FROM_BACKUP)


def _named(page: CasePage) -> Iterator[tuple[BlobRef, Index3 | None]]:
    """Every image that a case names, with the shape that it must have where a row says so."""
    yield page.series.image, page.series.shape
    for layer in page.layers:
        yield layer.spec.image, layer.spec.region.shape
    if page.series.headers is not None:
        yield page.series.headers, None
    if page.crop is not None:
        yield page.crop, page.region.shape if page.region else None
    if page.row.thumbnail:
        yield BlobRef(page.row.thumbnail, 0), None


def _stored(store: Store, digest: str) -> _Stored:
    try:
        array = store.blobs.verified(digest)
        return _Stored("", store.blobs.size(digest), None if array is None else array.shape)
    except BlobMissing:
        return _Stored("is missing")
    except BlobDamaged:
        return _Stored("is damaged")


def _wrong(stored: _Stored, size: int, shape: Index3 | None) -> str:
    """What is wrong with an image for one row; '' where nothing is. A size of 0 is one that the row does not say."""
    if stored.fault:
        return stored.fault
    if shape is not None and stored.shape not in {None, shape}:
        return f"has {_times(stored.shape)} voxels and not {_times(shape)}"
    return f"has {stored.size} bytes and not {size}" if size not in {0, stored.size} else ""


def _times(shape: tuple[int, ...] | None) -> str:
    return " x ".join(map(str, shape or ()))


def _leftovers(store: Store, home: Path, tell: Tell) -> Iterator[Problem]:
    """What only takes space."""
    orphans: list[str] = []
    for number, first in enumerate(HEXADECIMAL):
        tell("images counted", number, len(HEXADECIMAL))
        orphans += upkeep.unnamed(store, first)
    tell("images counted", len(HEXADECIMAL), len(HEXADECIMAL))
    if orphans:
        named = ", ".join(map(shown, orphans[:3])) + (", ..." if len(orphans) > 3 else "")
        found = f"{len(orphans)} that belong to none, as after an interrupted ingest: {named}."
        yield Problem("note", "Every image should belong to a row.", found, COLLECT)
    drafts = len(store.blobs.drafts(now()))
    folders = len(scratch.deserted(home))
    if drafts or folders:
        found = f"{drafts} unfinished images and {folders} unpacked archives."
        yield Problem("note", "An interrupted ingest should leave nothing behind.", found, COLLECT)


def _error(must: str, found: str, todo: str) -> Problem:
    return Problem("error", must, found, todo)

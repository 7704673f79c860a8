"""What a running job notes in its details for the pages that watch it.

An outline notes its mask so far: an image that no other row names, and that goes with the note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select

from db import models
from db.records import Region
from db.upkeep import remove_unnamed
from db.vocabulary import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from db.records import Index3, Json
    from db.store import Store

PARTIAL = "partial"
"""The detail that holds the mask so far: `digest`, `origin` and `shape`."""


def note(session: Session, number: int, worker: str, **said: object) -> Json | None:
    """Keep something with a running job; None takes it away. Returns the details of before.

    Nothing happens, and None is returned, where the job is no longer this worker's.
    """
    table = models.Job
    ours = select(table).where(table.id == number, table.state == JobState.RUNNING, table.worker == worker)
    row = session.scalars(ours.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        return None
    before = row.details
    both = before | said
    row.details = {name: value for name, value in both.items() if value is not None}
    session.flush()
    return before


def partial_note(digest: str, region: Region) -> dict[str, object]:
    """A mask so far as it is noted."""
    return {"digest": digest, "origin": list(region.origin), "shape": list(region.shape)}


def partial_of(details: Json) -> tuple[str, Region] | None:
    """The mask so far that a job has noted: its image, and where in the case it lies."""
    noted = cast("dict[str, Any] | None", details.get(PARTIAL))
    if noted is None:
        return None
    origin, shape = (cast("Index3", tuple(noted[name])) for name in ("origin", "shape"))
    return str(noted["digest"]), Region(origin, shape)


def images_of(session: Session, cases: Sequence[int]) -> Iterator[str]:
    """The images that jobs about these cases have noted."""
    table = models.Job
    for details in session.scalars(select(table.details).where(table.case_id.in_(cases))):
        found = partial_of(details)
        if found is not None:
            yield found[0]


def take_partial_away(store: Store, number: int) -> None:
    """The mask so far of a job goes, whoever runs it, with its image."""
    with store.begin() as session:
        row = session.get(models.Job, number, populate_existing=True)
        before: Json = row.details if row is not None else {}
        if row is not None and PARTIAL in before:
            row.details = {name: value for name, value in before.items() if name != PARTIAL}
    remove_partial(store, before)


def remove_partial(store: Store, details: Json, kept: str = "") -> None:
    """Remove the image of the mask so far in these details; one that a row names as well, or `kept`, stays."""
    found = partial_of(details)
    if found is not None and found[0] != kept:
        remove_unnamed(store, [found[0]])

"""Frozen records of work in the background. Standard library only: may be imported anywhere, like `records`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.vocabulary import JobState

if TYPE_CHECKING:
    from datetime import datetime

    from db.records import IntakeItem, Json

Parts = tuple[str, str, str]
"""The three parts of an error: what must hold, what was found, what to do."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be done, or begun at once where `worker` names who does it."""

    kind: str
    actor: str
    details: Json = field(default_factory=dict)
    """What the work needs to know, and `origin`. Never a path or name of the user's."""
    worker: str = ""
    case_key: str = ""
    """The case that it is about, where it is about one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an intake has reported so far, in lines, and how many cases of them are new."""

    accepted: int = 0
    mended: int = 0
    refused: int = 0
    new: int = 0

    @property
    def lines(self) -> int:
        """How long the report is."""
        return self.accepted + self.mended + self.refused


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the background as it stands."""

    id: int
    kind: str
    state: JobState
    actor: str
    doing: str
    """What is being done, in words."""
    done: int
    total: int
    """How much there is, in the job's own unit; 0: nobody knows yet."""
    error: Parts | None
    """Why it failed or was cancelled."""
    cancel_asked: bool
    created_at: datetime
    finished_at: datetime | None
    lease_until: datetime | None
    details: Json
    attempts: int
    """How often a worker has begun it."""
    counts: Counts
    case_key: str = ""
    """The case that it is about, where it is about one."""

    def is_interrupted(self, moment: datetime) -> bool:
        """Whether its process has died: it is called running, and nobody has renewed its lease."""
        return self.state is JobState.RUNNING and (self.lease_until is None or self.lease_until <= moment)


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs of one kind that were waited for together: none of them was queued when no other one waited or ran."""

    queued: int
    running: int
    done: int
    cancelled: int
    failed: tuple[Job, ...]
    """Those whose case nobody has tried again since."""
    parts_done: float
    """How much of the running ones is done, together: 1.5 for two that are at half and at the end."""
    finished_at: tuple[datetime, ...]
    """When the last ones ended, oldest first."""

    @property
    def total(self) -> int:
        """How many are wanted."""
        return self.queued + self.running + self.done + len(self.failed)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first; `next` is the cursor of the following page, 0 at the end."""

    jobs: tuple[Job, ...]
    next: int


@dataclass(frozen=True, slots=True)
class IntakeLine:
    """One line of an intake's report; `id` grows with time."""

    id: int
    item: IntakeItem
    synthetic: bool = False
    """Whether its case is generated."""


@dataclass(frozen=True, slots=True)
class LinePage:
    """Lines of a report, oldest first; `next` is the cursor of the following page, 0 at the end."""

    lines: tuple[IntakeLine, ...]
    next: int

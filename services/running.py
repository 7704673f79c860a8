"""A job while it runs: how far it is, its lease, and the wish that it may end. Used by `workflow` and `worker`."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from db import job_notes, jobs
from db.moments import now
from db.vocabulary import JobState
from services.errors import JobCancelled, JobGivenBack, SecondLookError
from services.imaging.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.job_records import Parts
    from db.records import IntakeItem
    from db.store import Store
    from services.imaging.progress import Tell

BEAT_SECONDS = 1.0
"""How often a running job says how far it is. In a thread of its own: the work never waits for it."""
LEASE = timedelta(seconds=20)
"""A job that has said nothing for so long has no living process."""
OUTER = "cases"
"""The step that the others are parts of."""
PERCENT = 100
SHARES = {
    "finding the aorta": (0.0, 0.05), "segmenting": (0.05, 0.85), "stored": (0.85, 0.87), "measuring": (0.87, 1.0),
}  # fmt: skip
"""Where in the work on one case a step begins and ends; a step that is not here goes from 0 to the next case."""
USUAL_SHARE = (0.0, 0.9)
IN_WORDS = ("slice ", "loading ")
"""A step that begins so says itself how far it is: 'slice 88 of 164, upwards'."""
NOT_STORED = (SQLAlchemyError, OSError)

CANCELLED: Parts = (
    "Work in the background goes on until it is done.",
    "somebody cancelled it.",
    "What is stored stays stored; begin the rest again when it is wanted.",
)
LOST: Parts = (
    "One process at a time does a job.",
    "another one has taken this job over, since this one had not answered.",
    "Reload the page to see what became of it.",
)
GIVEN_BACK: Parts = (
    "A worker ends with its server.",
    "the server stops.",
    "Start it again; the work goes on by itself.",
)


class Position:
    """How far a job is, in percent and in words. Never goes back."""

    def __init__(self) -> None:
        self.percent = 0
        self.doing = ""
        self._cases = (0, 1)

    def tell(self, what: str, done: int, total: int) -> None:
        """Hear of a step; what is not OUTER is a part of the case that is being read."""
        inner = 0.0
        if what == OUTER:
            self._cases = (done, max(total, 1))
        elif total:
            first, last = SHARES.get(what, USUAL_SHARE)
            inner = first + (last - first) * done / total
        case, cases = self._cases
        self.percent = max(self.percent, min(PERCENT, int(PERCENT * (case + inner) / cases)))
        which = f"case {min(case + 1, cases):,} of {cases:,}" if cases > 1 else ""
        counted = what if what.startswith(IN_WORDS) else f"{what}: {done:,} of {total:,}"
        step = "" if what == OUTER else counted
        self.doing = ", ".join(filter(None, (which, step))) or self.doing

    def told(self) -> dict[str, object]:
        """The columns of the job that say it."""
        return {"doing": self.doing[: jobs.LONGEST_DOING], "done": self.percent, "total": PERCENT}


class RunningJob:
    """The process's side of a running job. `tell` and `report` only note; a thread writes, about once a second."""

    def __init__(self, store: Store, number: int, worker: str, also: Tell, stop: threading.Event) -> None:
        self.number, self.worker = number, worker
        self._store, self._also, self._stop = store, also, stop
        self._position = Position()
        self._pending: list[IntakeItem] = []
        self._wish: Parts | None = None
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=f"job {number}", daemon=True)

    def tell(self, what: str, done: int, total: int) -> None:
        """Note how far the work is. Raises JobCancelled or JobGivenBack when it shall end here."""
        self._position.tell(what, done, total)
        self._also(what, done, total)
        if self._wish is not None:
            raise JobCancelled(*self._wish)
        if self._stop.is_set():
            raise JobGivenBack(*GIVEN_BACK)

    def report(self, item: IntakeItem) -> None:
        """Add a line to the report of an intake."""
        self._pending.append(item)

    def note(self, **said: object) -> None:
        """Keep something in the job's details, for whoever watches it; nothing where the job is no longer ours."""
        with self._store.begin() as session:
            job_notes.note(session, self.number, self.worker, **said)

    def begin(self) -> None:
        """Begin to keep the lease."""
        self._heart.start()

    def end(self, state: JobState, error: Parts | None = None) -> None:
        """Write the rest of the report and how the job ended."""
        self._quiet()
        with self._store.begin() as session:
            if jobs.end(session, self.number, self.worker, state, now(), error, **self._position.told()):
                jobs.add_lines(session, self.number, self._pending)

    def give_back(self) -> None:
        """Write the rest of the report and queue the job again."""
        self._quiet()
        with self._store.begin() as session:
            jobs.add_lines(session, self.number, self._pending)
            jobs.give_back(session, self.number, self.worker)

    def _quiet(self) -> None:
        self._over.set()
        self._heart.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with suppress(*NOT_STORED):  # said again at the next beat; the work itself goes on
                self._write()

    def _write(self) -> None:
        written = len(self._pending)
        with self._store.begin() as session:
            asked = jobs.renew(session, self.number, self.worker, now() + LEASE, **self._position.told())
            if asked is not None and written:
                jobs.add_lines(session, self.number, self._pending[:written])
        del self._pending[:written]
        if asked is None or asked:
            self._wish = LOST if asked is None else CANCELLED


@contextmanager
def running(
    store: Store, number: int, worker: str, also: Tell = silent, stop: threading.Event | None = None
) -> Iterator[RunningJob]:
    """Do a job in the block; how the block ends is how the job ends, and every error goes on to the caller.

    worker: who holds the job's lease. also: hears the progress too. stop: set when the worker must end.
    """
    run = RunningJob(store, number, worker, also, stop or threading.Event())
    run.begin()
    try:
        yield run
    except JobGivenBack:
        run.give_back()
        raise
    except BaseException as error:
        state = JobState.CANCELLED if isinstance(error, (JobCancelled, KeyboardInterrupt)) else JobState.FAILED
        with suppress(*NOT_STORED):  # the first error is the one to hear of; this job will be called interrupted
            run.end(state, parts_of(error))
        raise
    run.end(JobState.DONE)


def parts_of(error: BaseException) -> Parts:
    """What must hold, what was found and what to do, without a word of the error that could name anybody."""
    if isinstance(error, SecondLookError):
        return error.must, error.found, error.todo
    if isinstance(error, KeyboardInterrupt):
        return CANCELLED
    if isinstance(error, (OSError, MemoryError)):
        reason = getattr(error, "strerror", None) or "not enough memory"
        must = "The machine must have room on its disk, memory, and leave to read and write."
        return must, f"{reason.lower()}.", "Make room, then try again; what is stored already is not stored twice."
    must = "Work in the background must come to its end."
    return must, f"an error nobody thought of ({type(error).__name__}).", "Try again; if it comes again, report it."

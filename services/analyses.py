"""Which cases wait for analysis, how far they are, and what came of them: the use-cases. `Desk.analyses` leads here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import batches, commands, predictions, queries
from db.moments import now
from db.vocabulary import AuditAction, JobState
from services.errors import NotFound
from services.jobs import ANALYSIS
from services.running import CANCELLED
from services.segmentation import installed
from services.segmentation.provenance import is_made_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from db.job_records import Batch, Job
    from db.store import Store
    from services.segmentation.card import ModelCard

MODEL = "model"
"""The detail of a job that names its model."""
FEWEST_ENDS = 2
"""How long the rest will take is said when so many have ended."""


@dataclass(frozen=True)
class Progress:
    """How the analyses that were wanted together stand."""

    batch: Batch
    seconds_left: float | None
    """None while nobody can know."""

    @property
    def is_over(self) -> bool:
        """Whether none waits or runs."""
        return not (self.batch.queued or self.batch.running)


@dataclass(frozen=True)
class Analyses:
    """Analyses in the background, one job a case."""

    store: Store
    by_themselves: bool
    """Whether cases are analysed without being asked for (SECONDLOOK_ANALYSE)."""
    uncertainty: str = ""
    """How the shipped model comes to its doubt (SECONDLOOK_UNCERTAINTY)."""

    def usual(self) -> ModelCard | None:
        """The model that analyses when no other is named; None where it, or a library that it needs, is missing."""
        return installed.usual(self.uncertainty) if installed.can_run() else None

    def queue_shipped(self, actor: str, keys: Sequence[str]) -> tuple[int, ...]:
        """Queue cases for the shipped model, where that is wanted and can be done; else none. As `queue`."""
        card = self.usual() if self.by_themselves else None
        return self.queue(card, actor, keys) if card else ()

    def queue(self, card: ModelCard, actor: str, keys: Sequence[str] | None = None) -> tuple[int, ...]:
        """Queue every case of `keys` (of the store where None) that this model has not analysed and that does not wait.

        Returns the numbers of the new jobs. Raises NotFound for a case that is not there.
        """
        with self.store.begin() as session:
            there = queries.case_keys(session)
            if keys is not None and (missing := set(keys) - set(there)):
                raise _no_case(len(missing))
            waiting = (job for job in batches.unfinished(session, ANALYSIS) if job.details.get(MODEL) == card.key)
            runs, companion = predictions.cases_with(session, card.name), installed.companion_of(card)
            done = {key for key, said in runs if is_made_by(said, card, companion)}
            left_out = {job.case_key for job in waiting} | done
            wanted = [key for key in (there if keys is None else dict.fromkeys(keys)) if key not in left_out]
            return batches.queue(session, ANALYSIS, actor, wanted, {MODEL: card.key})

    def waiting(self) -> tuple[Job, ...]:
        """Those that wait or run, oldest first."""
        with self.store.read() as session:
            return batches.unfinished(session, ANALYSIS)

    def waiting_for(self, card: ModelCard, keys: Sequence[str] | None = None) -> tuple[int, ...]:
        """The numbers of those of a model, and of these cases where they are named, that wait or run."""
        of_model = (job for job in self.waiting() if job.details.get(MODEL) == card.key)
        return tuple(job.id for job in of_model if keys is None or job.case_key in keys)

    def progress(self) -> Progress | None:
        """How the last ones that were wanted together stand; None where there never were any."""
        with self.store.read() as session:
            batch = batches.newest(session, ANALYSIS)
        if batch is None:
            return None
        left = batch.queued + batch.running - batch.parts_done
        return Progress(batch, seconds_left(batch.finished_at, left))

    def of_case(self, key: str) -> Job | None:
        """The last analysis that was wanted of a case, as it stands."""
        with self.store.read() as session:
            return batches.newest_about(session, ANALYSIS, key)

    def cancel_all(self, actor: str) -> int:
        """End all of them: those that wait at once, those that run at their next step. Returns how many."""
        return self.cancel([job.id for job in self.waiting()], actor)

    def cancel(self, numbers: Sequence[int], actor: str) -> int:
        """End these, as `cancel_all`; those that have ended already stay as they are."""
        with self.store.begin() as session:
            count = batches.cancel(session, numbers, now(), CANCELLED)
            said = {"analyses": count}
            commands.record_audit(session, actor=actor, action=AuditAction.CANCELLED, case_key=None, details=said)
        return count

    def try_again(self, actor: str, key: str | None = None) -> tuple[int, ...]:
        """Queue those of the last ones that failed, or the one of a case, as new jobs. Returns their numbers."""
        with self.store.begin() as session:
            batch = batches.newest(session, ANALYSIS)
            failed = batch.failed if batch else ()
            if key is not None:
                job = batches.newest_about(session, ANALYSIS, key)
                failed = (job,) if job and job.state in {JobState.FAILED, JobState.CANCELLED} else ()
            return tuple(
                number
                for job in failed
                for number in batches.queue(session, ANALYSIS, actor, [job.case_key], {MODEL: job.details[MODEL]})
            )


def seconds_left(finished_at: Sequence[datetime], jobs_left: float) -> float | None:
    """How long `jobs_left` jobs will take, at the pace of the last ones that ended; None where too few have.

    finished_at: when jobs ended, oldest first. Never less than 0.
    """
    if len(finished_at) < FEWEST_ENDS:
        return None
    pace = (finished_at[-1] - finished_at[0]).total_seconds() / (len(finished_at) - 1)
    return max(0.0, pace * jobs_left)


def _no_case(count: int) -> NotFound:
    return NotFound(
        "Every case to analyse must be in this store.",
        f"{count} that {'is' if count == 1 else 'are'} not.",
        "Name them as `secondlook cases` does.",
    )

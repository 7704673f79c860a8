"""Which cases wait to be measured: the use-cases. `Desk.measurings` leads here; `measuring` does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import agreements, batches, queries
from db.vocabulary import JobState
from services.errors import NotFound
from services.jobs import MEASUREMENT
from services.measurement import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.job_records import Job
    from db.store import Store
    from services.aggregation.meta_fits import MetaFits
    from services.measurement.thresholds import Thresholds
    from services.settings import Settings

OUTCOME = "outcome"
"""The detail of a job that says, at its end, whether anything was new."""


@dataclass(frozen=True)
class Measurings:
    """Measurings in the background, one job a case."""

    store: Store
    settings: Settings

    def thresholds(self) -> Thresholds:
        """Those that decisions hang on here. Raises InputRefused where their file is damaged."""
        return thresholds.chosen(self.settings.thresholds)

    def fits(self) -> MetaFits | None:
        """The meta-aggregators that score cases here. Raises InputRefused where they are damaged."""
        from services.aggregation import meta_fits  # noqa: PLC0415 -- loads scipy; a page must not

        return meta_fits.chosen(self.settings.home)

    def queue_new(self, actor: str, keys: Iterable[str]) -> tuple[int, ...]:
        """Queue cases that got something new, where they are measured by themselves (SECONDLOOK_MEASURE)."""
        return self.queue(actor, list(keys)) if self.settings.measure else ()

    def queue_forgotten(self, actor: str) -> tuple[int, ...]:
        """Queue, as `queue_new`, the cases that were never measured, or whose readers were never compared.

        They are those of a store that is older than this program.
        """
        if not self.settings.measure:
            return ()
        with self.store.read() as session:
            keys = (*queries.keys_never_measured(session), *agreements.keys_never_compared(session))
        return self.queue(actor, tuple(dict.fromkeys(keys)))

    def queue(self, actor: str, keys: Sequence[str] | None = None) -> tuple[int, ...]:
        """Queue every case of `keys` (of the store where None) that does not wait already.

        A case that was measured as it stands is left as it is when its turn comes. Returns the numbers of the new
        jobs. Raises NotFound for a case that is not there.
        """
        with self.store.begin() as session:
            there = queries.case_keys(session)
            if keys is not None and (missing := set(keys) - set(there)):
                raise _no_case(len(missing))
            waiting = {job.case_key for job in _queued(batches.unfinished(session, MEASUREMENT))}
            wanted = [key for key in (there if keys is None else dict.fromkeys(keys)) if key not in waiting]
            return batches.queue(session, MEASUREMENT, actor, wanted, {})

    def waiting_for(self, keys: Sequence[str] | None = None) -> tuple[int, ...]:
        """The numbers of those that wait or run, of these cases where they are named."""
        with self.store.read() as session:
            found = batches.unfinished(session, MEASUREMENT)
        return tuple(job.id for job in found if keys is None or job.case_key in keys)


def _queued(jobs: Iterable[Job]) -> Iterable[Job]:
    """One that runs already may have read its case before the newest layer came."""
    return (job for job in jobs if job.state is JobState.QUEUED)


def _no_case(count: int) -> NotFound:
    return NotFound(
        "Every case to measure must be in this store.",
        f"{count} that {'is' if count == 1 else 'are'} not.",
        "Name them as `secondlook cases` does.",
    )

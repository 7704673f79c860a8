"""The use-cases of work in the background: queue, watch, cancel, try again. `Desk.jobs` is the way to them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import commands, job_notes, jobs
from db.job_records import Job, JobPage, LinePage, NewJob
from db.moments import now
from db.vocabulary import AuditAction, JobState
from services.errors import InputRefused, NotFound
from services.running import CANCELLED, LEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.job_records import Parts
    from db.records import IntakeItem, Json
    from db.store import Store
    from db.vocabulary import Taken
    from services.incoming import Incoming

__all__ = ["Job", "Jobs"]

OUTLINE, INGEST, ANALYSIS, MEASUREMENT = "outline", "ingest", "analysis", "measurement"
SIMULATION = "simulation"
KINDS = (OUTLINE, INGEST, ANALYSIS, MEASUREMENT, SIMULATION)
"""All kinds of work, the most urgent first: somebody waits in front of an outline, and analyses wait for intakes.

An analysis measures its case as well, so that what is left to be measured comes late; the demonstration's verdicts
are simulated when everything else is known."""
ABOUT_CASES = (OUTLINE, ANALYSIS, MEASUREMENT, SIMULATION)
"""Work that needs nothing but stored cases: it can always begin again."""
COMMAND_LINE, UPLOAD = "command line", "upload"
INTERRUPTED: Parts = (
    "Work in the background goes on until it is done.",
    "its process ended early: the machine stopped, or something ended it.",
    "Try again; what is stored already is not stored twice.",
)
RUN_AGAIN = "Run the same command again; what is stored already is not stored twice."
"""A path is never kept, since it may name a patient."""
MOST_ATTEMPTS = 3
"""A job that has ended its process so often is not begun again by itself."""


@dataclass(frozen=True)
class Jobs:
    """Jobs in the database, and the uploads that some of them wait with."""

    store: Store
    incoming: Incoming

    def begin(self, kind: str, actor: str) -> tuple[int, str]:
        """Note work that this process does at once. Returns the job's number and the name of its worker."""
        worker = new_worker()
        job = NewJob(kind, actor, {"origin": COMMAND_LINE}, worker)
        with self.store.begin() as session:
            return jobs.add_job(session, job, lease_until=now() + LEASE), worker

    def queue_upload(self, token: str, actor: str, options: Json) -> int:
        """Queue the intake of an upload that is complete. Raises NotFound, and InputRefused when it is empty."""
        size = self.incoming.size(token)
        folder = self.incoming.close(token)
        details = dict(options) | {"origin": UPLOAD, "folder": folder, "files": size.files, "bytes": size.size}
        with self.store.begin() as session:
            number = jobs.add_job(session, NewJob(INGEST, actor, details))
            said = {"job": number, "files": size.files, "bytes": size.size}
            commands.record_audit(session, actor=actor, action=AuditAction.UPLOADED, case_key=None, details=said)
        return number

    def claim(self, worker: str, kinds: tuple[str, ...]) -> Job | None:
        """The job of the first of these kinds that has waited longest, now this worker's; None where none waits."""
        with self.store.begin() as session:
            return jobs.claim(session, worker, kinds, now() + LEASE)

    def claim_one(self, worker: str, number: int) -> Job | None:
        """A queued job, now this worker's; None where another one has it, or it was cancelled."""
        with self.store.begin() as session:
            return jobs.claim_one(session, number, worker, now() + LEASE)

    def oldest_queued(self, kinds: tuple[str, ...] = KINDS) -> int | None:
        """The number of the job that has waited longest."""
        with self.store.read() as session:
            return jobs.oldest_queued(session, kinds)

    def find(self, number: int) -> Job:
        """One job. Raises NotFound."""
        with self.store.read() as session:
            job = jobs.find(session, number)
        if job is None:
            raise NotFound("The address must name a job of this store.", "no such job.", "Reload the page.")
        return job

    def recent(self, *, before: int = 0, limit: int = 30, kinds: tuple[str, ...] = (INGEST,)) -> JobPage:
        """Jobs, intakes when nothing else is said, newest first."""
        with self.store.read() as session:
            return jobs.recent(session, *kinds, before=before, limit=limit)

    def lines(self, number: int, *, after: int = 0, taken: Taken | None = None, limit: int = 200) -> LinePage:
        """A part of an intake's report, oldest first."""
        with self.store.read() as session:
            return jobs.lines(session, number, after=after, taken=taken, limit=limit)

    def report(self, number: int) -> Iterator[IntakeItem]:
        """Every line of an intake's report."""
        following = 0
        while True:
            page = self.lines(number, after=following)
            yield from (line.item for line in page.lines)
            following = page.next
            if not following:
                return

    def state(self, job: Job) -> str:
        """A JobState in words; a dead process is 'interrupted', a wish on its way is 'cancelling'."""
        if job.is_interrupted(now()):
            return "interrupted"
        return "cancelling" if job.cancel_asked and job.state is JobState.RUNNING else job.state.value

    def error(self, job: Job) -> Parts | None:
        """Why a job ended early."""
        if not job.is_interrupted(now()):
            return job.error
        return (*INTERRUPTED[:2], RUN_AGAIN) if job.details.get("origin") == COMMAND_LINE else INTERRUPTED

    def can_retry(self, job: Job) -> bool:
        """Whether a job can be begun again: it ended early, and the files of an intake are still here."""
        ended_early = job.state is JobState.FAILED or job.is_interrupted(now())
        return ended_early and (job.kind in ABOUT_CASES or self.incoming.is_there(_folder(job)))

    def cancel(self, number: int, actor: str) -> None:
        """End a job: at once where it waits, at its next step where it runs. Raises NotFound and InputRefused."""
        job = self.find(number)
        with self.store.begin() as session:
            if not jobs.ask_cancel(session, number, now(), CANCELLED):
                raise _too_late("A job must wait or run to be cancelled.")
            said = {"job": number}
            commands.record_audit(session, actor=actor, action=AuditAction.CANCELLED, case_key=None, details=said)
        if job.state is JobState.QUEUED:
            self.clear(number)

    def retry(self, number: int) -> None:
        """Queue a failed or interrupted intake again. Raises NotFound and InputRefused."""
        if not self.can_retry(self.find(number)):
            raise _too_late("An intake must have ended early, and its files must still be here, to be tried again.")
        with self.store.begin() as session:
            jobs.retry(session, number, now())

    def dismiss(self, number: int) -> None:
        """Give an intake up that ended early, and delete its files. Its report stays. Raises NotFound, InputRefused."""
        job = self.find(number)
        if job.state is not JobState.FAILED and not job.is_interrupted(now()):
            raise _too_late("An intake must have ended early to be given up.")
        with self.store.begin() as session:
            jobs.give_up(session, number, now(), self.error(job) or INTERRUPTED)
        self.clear(number)

    def clear(self, number: int) -> None:
        """Delete the files of an intake that has ended, and the mask that an outline had so far."""
        job = self.find(number)
        if job.state in jobs.ENDED:
            self.incoming.remove(_folder(job))
            job_notes.take_partial_away(self.store, job.id)

    def interrupted_or_running(self, kinds: tuple[str, ...] = KINDS) -> tuple[int, ...]:
        """The jobs of these kinds that are called running, alive or not."""
        with self.store.read() as session:
            return tuple(job.id for job in jobs.running(session) if job.kind in kinds)

    def take_up(self, number: int) -> bool:
        """Queue an interrupted job again unless it has been begun too often; False while its process may be alive.

        Work about a case that has been begun too often has failed; an intake waits for a person, who may have its
        files. An outline that somebody cancelled meanwhile stays cancelled.
        """
        job = self.find(number)
        if job.state is not JobState.RUNNING:
            return True
        if not job.is_interrupted(now()):
            return False
        if job.cancel_asked and job.kind == OUTLINE:
            with self.store.begin() as session:
                jobs.give_up(session, number, now(), CANCELLED, JobState.CANCELLED)
            self.clear(number)
        elif self.can_retry(job) and job.attempts < MOST_ATTEMPTS:
            self.retry(number)
        elif job.kind in ABOUT_CASES:
            self.dismiss(number)
        return True

    def sweep(self) -> None:
        """Delete uploads that nobody has needed for a day."""
        with self.store.read() as session:
            kept = frozenset(_folder(job) for job in jobs.unfinished(session) if not job.is_interrupted(now()))
        self.incoming.sweep(kept)


def new_worker() -> str:
    """A name that no other process has."""
    return secrets.token_hex(16)


def _folder(job: Job) -> str:
    return str(job.details.get("folder", ""))


def _too_late(must: str) -> InputRefused:
    return InputRefused(must, "one that is no longer so.", "Reload the page to see how it stands.")

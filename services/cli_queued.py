"""What commands about queued work share: it is done in this process, case after case, and said in words. See cli."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.vocabulary import JobState
from services import worker
from services.errors import InputRefused
from services.jobs import new_worker
from services.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.job_records import Job
    from services.desk import Desk
    from services.imaging.progress import Tell


@dataclass
class Became:
    """What became of the cases that a command was about, by their keys; those that were done, the command keeps."""

    before: list[str] = field(default_factory=list)
    """They had been done already, and nothing has changed since."""
    elsewhere: list[str] = field(default_factory=list)
    """Another process has taken them, as a server's worker does."""
    failed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """What must hold, what was found, what to do."""

    def is_done(self, job: Job) -> bool:
        """Whether a job was done; where not, it is noted why."""
        if job.state is JobState.FAILED:
            self.failed[job.case_key] = job.error or ("", "", "")
        elif job.state is not JobState.DONE:
            self.elsewhere.append(job.case_key)
        return job.state is JobState.DONE

    def sentences(self, done: Sequence[str], verb: str, before: str) -> tuple[str, list[str]]:
        """Counts as one sentence without its full stop, and a line for each failure."""
        counts = ((done, verb), (self.before, before), (self.elsewhere, "left to another process"))
        said = [f"{counted(len(keys), 'case')} {what}" for keys, what in counts if keys] or [f"No case {verb}"]
        failed = (f"{key} failed: {must} Found: {found} {todo}" for key, (must, found, todo) in self.failed.items())
        return ", ".join(said), list(failed)


def chosen(cases: Sequence[str] | None, verb: str, *, every: bool) -> list[str] | None:
    """The cases that a command names, each once; None for all. Raises InputRefused for neither, and for both."""
    if bool(cases) == every:
        raise InputRefused(f"Say which cases to {verb}.", "none, or some and --all.", "Name them, or say --all.")
    return None if every else list(dict.fromkeys(cases or ()))


def do_here(desk: Desk, numbers: Sequence[int], tell: Tell) -> Iterator[Job]:
    """Do jobs in this process, one after another; then each as it stands. A server's worker may do some meanwhile."""
    name = new_worker()
    try:
        for place, number in enumerate(numbers):
            tell("cases", place, len(numbers))
            desk.jobs.take_up(number)
            if (job := desk.jobs.claim_one(name, number)) is not None:
                worker.do(desk, job, name, threading.Event(), also=tell)
    except KeyboardInterrupt:
        desk.analyses.cancel(numbers, desk.settings.user)
        raise
    return map(desk.jobs.find, numbers)

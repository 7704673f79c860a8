"""The command measure: diameters, their doubt and what they mean for a decision. See cli."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from db.vocabulary import JobState, Outcome
from services import terminal, worker, workflow
from services.cli_begin import AsJson, begin
from services.errors import InputRefused
from services.jobs import new_worker
from services.measurings import OUTCOME
from services.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.desk import Desk
    from services.imaging.progress import Tell


def add_to(app: typer.Typer) -> None:
    """Make this command one of `secondlook`."""
    app.command(epilog="Example: secondlook measure --all")(measure)


@dataclass
class Measured:
    """What became of the cases that were to be measured, by their keys."""

    measured: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    """Nothing had changed since they were measured."""
    elsewhere: list[str] = field(default_factory=list)
    """Another process has taken them, as a server's worker does."""
    failed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """What must hold, what was found, what to do."""


def measure(
    cases: Annotated[list[str] | None, typer.Argument(help="Keys of cases, as `secondlook cases` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every case of the store.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure every outline of a case, and how sure its decision is. What has not changed is not measured again.

    ctrl+c cancels; the same command goes on with what is missing. Exit code 1 where a case failed.
    """
    if bool(cases) == every:
        raise InputRefused("Say which cases to measure.", "none, or some and --all.", "Name them, or say --all.")
    desk = workflow.open_home(begin())
    desk.measurings.thresholds()  # a damaged file is refused before any work
    keys = None if every else list(dict.fromkeys(cases or ()))
    desk.measurings.queue(desk.settings.user, keys)
    with terminal.progress() as progress:
        done = _measured_here(desk, desk.measurings.waiting_for(keys), progress)
    terminal.show(done, list(_sentences(done)), as_json=as_json)
    raise typer.Exit(1 if done.failed else 0)


def _measured_here(desk: Desk, numbers: Sequence[int], tell: Tell) -> Measured:
    """Do what waits, in this process, one case after another. A server's worker may do some of it meanwhile."""
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
    return _what_became(desk, numbers)


def _what_became(desk: Desk, numbers: Sequence[int]) -> Measured:
    done = Measured()
    for job in map(desk.jobs.find, numbers):
        if job.state is JobState.FAILED:
            done.failed[job.case_key] = job.error or ("", "", "")
        elif job.state is not JobState.DONE:
            done.elsewhere.append(job.case_key)
        elif job.details.get(OUTCOME) == Outcome.UNCHANGED:
            done.before.append(job.case_key)
        else:
            done.measured.append(job.case_key)
    return done


def _sentences(done: Measured) -> list[str]:
    counts = (
        (done.measured, "measured"),
        (done.before, "as they were measured before"),
        (done.elsewhere, "left to another process"),
    )
    said = [f"{counted(len(keys), 'case')} {what}" for keys, what in counts if keys] or ["No case measured"]
    failed = [f"{key} failed: {must} Found: {found} {todo}" for key, (must, found, todo) in done.failed.items()]
    return [f"{', '.join(said)}.", *failed]

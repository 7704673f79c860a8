"""The commands about work that takes long: analyse, and jobs. See cli."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from db.vocabulary import JobState
from services import terminal, worker, workflow
from services.cli_begin import AsJson, begin
from services.errors import InputRefused
from services.jobs import KINDS, new_worker
from services.segmentation import installed, registry
from services.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.desk import Desk
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard

LISTED = 20
NOT_INSTALLED = "Run: python3 scripts/bootstrap.py --with analysis"


def add_to(app: typer.Typer) -> None:
    """Make these commands of `secondlook`."""
    app.command(epilog="Example: secondlook analyse --all")(analyse)
    app.command(epilog="Example: secondlook jobs --json")(jobs)


@dataclass
class Done:
    """What became of the cases that were to be analysed, by their keys."""

    model: str
    analysed: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    """This model had analysed them already."""
    elsewhere: list[str] = field(default_factory=list)
    """Another process has taken them, as a server's worker does."""
    failed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """What must hold, what was found, what to do."""


def analyse(
    cases: Annotated[list[str] | None, typer.Argument(help="Keys of cases, as `secondlook cases` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every case of the store.")] = False,
    model: Annotated[str, typer.Option(help="A model of `secondlook models list`; by default the shipped one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Outline the aorta with an ensemble, and store where its members doubt. What is there already is not done again.

    ctrl+c cancels; the same command goes on with what is missing. Exit code 1 where a case failed.
    """
    if bool(cases) == every:
        raise InputRefused("Say which cases to analyse.", "none, or some and --all.", "Name them, or say --all.")
    desk = workflow.open_home(begin())
    card = registry.find(model, desk.settings.home) if model else installed.aorta()
    _require_libraries()
    keys = None if every else list(dict.fromkeys(cases or ()))
    desk.analyses.queue(card, desk.settings.user, keys)
    with terminal.progress() as progress:
        done = _analysed_here(desk, card, keys, progress)
    terminal.show(done, list(_sentences(done)), as_json=as_json)
    raise typer.Exit(1 if done.failed else 0)


def jobs(
    cancel: Annotated[int | None, typer.Option(help="End the job of this number, at its next step.")] = None,
    cancel_analyses: Annotated[bool, typer.Option("--cancel-analyses", help="End every analysis.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the last jobs, newest first, or cancel some: intakes and analyses, in the background or on a terminal."""
    desk = workflow.open_home(begin())
    if cancel is not None:
        desk.jobs.cancel(cancel, desk.settings.user)
    if cancel_analyses:
        desk.analyses.cancel_all(desk.settings.user)
    found = desk.jobs.recent(kinds=KINDS, limit=LISTED).jobs
    terminal.show_jobs([(job, desk.jobs.state(job), desk.jobs.error(job)) for job in found], as_json=as_json)


def _require_libraries() -> None:
    if not installed.can_run():
        must, found = "The libraries that networks need must be installed.", "one or more missing."
        raise InputRefused(must, found, NOT_INSTALLED)


def _analysed_here(desk: Desk, card: ModelCard, keys: Sequence[str] | None, tell: Tell) -> Done:
    """Do what waits, in this process, one case after another. A server's worker may do some of it meanwhile."""
    name, numbers = new_worker(), desk.analyses.waiting_for(card, keys)
    try:
        for place, number in enumerate(numbers):
            tell("cases", place, len(numbers))
            desk.jobs.take_up(number)
            if (job := desk.jobs.claim_one(name, number)) is not None:
                worker.do(desk, job, name, threading.Event(), also=tell)
    except KeyboardInterrupt:
        desk.analyses.cancel(numbers, desk.settings.user)
        raise
    return _what_became(desk, card, keys, numbers)


def _what_became(desk: Desk, card: ModelCard, keys: Sequence[str] | None, numbers: Sequence[int]) -> Done:
    done = Done(card.key)
    for job in map(desk.jobs.find, numbers):
        if job.state is JobState.FAILED:
            done.failed[job.case_key] = job.error or ("", "", "")
        elif job.state is JobState.DONE:
            done.analysed.append(job.case_key)
        else:
            done.elsewhere.append(job.case_key)
    there = [case.key for case in workflow.cases(desk)] if keys is None else keys
    known = {*done.analysed, *done.failed, *done.elsewhere}
    done.before += [key for key in there if key not in known]
    return done


def _sentences(done: Done) -> list[str]:
    counts = (
        (done.analysed, "analysed"),
        (done.before, "analysed before"),
        (done.elsewhere, "left to another process"),
    )
    said = [f"{counted(len(keys), 'case')} {what}" for keys, what in counts if keys] or ["No case analysed"]
    failed = [f"{key} failed: {must} Found: {found} {todo}" for key, (must, found, todo) in done.failed.items()]
    return [f"{', '.join(said)}, by {done.model}.", *failed]

"""The commands about work that takes long: analyse, and jobs. See cli."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from services import terminal, workflow
from services.cli_begin import AsJson, begin
from services.cli_queued import Became, chosen, do_here
from services.errors import InputRefused
from services.jobs import KINDS
from services.segmentation import installed, registry

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
class Done(Became):
    """What became of the cases that were to be analysed."""

    model: str = ""
    analysed: list[str] = field(default_factory=list)


def analyse(
    cases: Annotated[list[str] | None, typer.Argument(help="Keys of cases, as `secondlook cases` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every case of the store.")] = False,
    model: Annotated[str, typer.Option(help="A model of `secondlook models list`; by default the shipped one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Outline the aorta with an ensemble, and store where its members doubt. What is there already is not done again.

    ctrl+c cancels; the same command goes on with what is missing. Exit code 1 where a case failed.
    """
    keys = chosen(cases, "analyse", every=every)
    desk = workflow.open_home(begin())
    card = registry.find(model, desk.settings.home) if model else installed.aorta(desk.settings.uncertainty)
    _require_libraries()
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
    done = Done(model=card.key)
    jobs_done = do_here(desk, desk.analyses.waiting_for(card, keys), tell)
    done.analysed += [job.case_key for job in jobs_done if done.is_done(job)]
    there = [case.key for case in workflow.cases(desk)] if keys is None else keys
    known = {*done.analysed, *done.failed, *done.elsewhere}
    done.before += [key for key in there if key not in known]
    return done


def _sentences(done: Done) -> list[str]:
    said, failed = done.sentences(done.analysed, "analysed", "analysed before")
    return [f"{said}, by {done.model}.", *failed]

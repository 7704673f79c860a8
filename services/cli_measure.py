"""The command measure: diameters, their doubt and what they mean for a decision. See cli."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from db.vocabulary import Outcome
from services import terminal, workflow
from services.cli_begin import AsJson, begin
from services.cli_queued import Became, chosen, do_here
from services.measurings import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.desk import Desk
    from services.imaging.progress import Tell


def add_to(app: typer.Typer) -> None:
    """Make this command one of `secondlook`."""
    app.command(epilog="Example: secondlook measure --all")(measure)


@dataclass
class Measured(Became):
    """What became of the cases that were to be measured."""

    measured: list[str] = field(default_factory=list)


def measure(
    cases: Annotated[list[str] | None, typer.Argument(help="Keys of cases, as `secondlook cases` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every case of the store.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure every outline of a case, and how sure its decision is. What has not changed is not measured again.

    ctrl+c cancels; the same command goes on with what is missing. Exit code 1 where a case failed.
    """
    keys = chosen(cases, "measure", every=every)
    desk = workflow.open_home(begin())
    desk.measurings.thresholds()  # a damaged file is refused before any work
    desk.measurings.queue(desk.settings.user, keys)
    with terminal.progress() as progress:
        done = _measured_here(desk, desk.measurings.waiting_for(keys), progress)
    terminal.show(done, list(_sentences(done)), as_json=as_json)
    raise typer.Exit(1 if done.failed else 0)


def _measured_here(desk: Desk, numbers: Sequence[int], tell: Tell) -> Measured:
    done = Measured()
    for job in do_here(desk, numbers, tell):
        if done.is_done(job):
            unchanged = job.details.get(OUTCOME) == Outcome.UNCHANGED
            (done.before if unchanged else done.measured).append(job.case_key)
    return done


def _sentences(done: Measured) -> list[str]:
    said, failed = done.sentences(done.measured, "measured", "as they were measured before")
    return [f"{said}.", *failed]

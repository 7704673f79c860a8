"""`secondlook aggregate`: the meta-aggregators that make one score of many. See cli."""

from __future__ import annotations

import typer

from services import scorings, terminal, workflow
from services.cli_begin import AsJson, begin

aggregate_app = typer.Typer(
    help="Fit what makes one score of many on the cases of this installation.",
    epilog="Example: secondlook aggregate refit",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `secondlook`."""
    app.add_typer(aggregate_app, name="aggregate")


@aggregate_app.callback()
def aggregate() -> None:
    """Fit what makes one score of many on the cases of this installation."""


@aggregate_app.command("refit", epilog="Example: secondlook aggregate refit --json")
def refit(as_json: AsJson = False) -> None:
    """Fit the meta-aggregators on the cases of this store, as a new version. Needs 100 cases with scores."""
    fits = scorings.refit(workflow.open_home(begin()))
    said = {"version": fits.version, "about": dict(fits.about), "scores": sorted(fits.fitted)}
    fitted = terminal.counted(len(fits.fitted), "meta-aggregator")
    lines = [
        f"Fitted {fits.version} on {fits.about['cases']} cases: {fitted}.",
        "`secondlook measure --all` scores the cases by it.",
    ]
    terminal.show(said, lines, as_json=as_json)

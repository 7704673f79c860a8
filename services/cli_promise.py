"""The command promise: a threshold below which few bad cases are left without a flag. See cli."""

from __future__ import annotations

from typing import Annotated

import typer

from services import terminal, workflow
from services.cli_begin import AsJson, begin
from services.failure.promise import ALPHA, DELTA
from services.promising import promise_of, sentence


def add_to(app: typer.Typer) -> None:
    """Make this command one of `secondlook`."""
    app.command(epilog="Example: secondlook promise --alpha 0.05 --delta 0.1")(promise)


def promise(
    alpha: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Tolerated share of cases that are bad and not flagged.")
    ] = ALPHA,
    delta: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Tolerated chance that the promise is broken.")
    ] = DELTA,
    as_json: AsJson = False,
) -> None:
    """The threshold of the default score that cases drawn at random can promise, or what is missing for one."""
    desk = workflow.open_home(begin())
    found = promise_of(desk.store, desk.settings.audit_share, alpha=alpha, delta=delta)
    terminal.show(found._asdict(), [sentence(found)], as_json=as_json)

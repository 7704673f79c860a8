"""`secondlook reidentify`: who a pseudonym stands for, where a map is kept. Audited before anything is shown."""

from __future__ import annotations

import os
import pwd
import sys
from typing import Annotated

import typer

from db.vocabulary import ReidentificationReason
from services import terminal, workflow
from services.cli_begin import begin
from services.errors import InputRefused


def add_to(app: typer.Typer) -> None:
    """Make it a command of `secondlook`."""
    app.command(epilog="Example: secondlook reidentify P7K3QX91MD-1 --reason 'clinical finding'")(reidentify)


def reidentify(
    name: Annotated[str, typer.Argument(help="A case's key (P7K3QX91MD-1) or a patient's pseudonym (P7K3QX91MD).")],
    reason: Annotated[
        ReidentificationReason | None, typer.Option(help="Why: it goes into the audit trail with your name.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on stdout, for programs, with the UIDs of every image.")
    ] = False,
) -> None:
    """Show the original PatientID and UIDs behind a pseudonym, on a terminal only. Every call is audited."""
    if not as_json and not sys.stdout.isatty():
        raise InputRefused(
            "Original identifiers are shown on a terminal only.",
            "output that goes to a file or another program.",
            "Call it in a terminal, or say --json where a program needs them.",
        )
    originals = workflow.reidentify(workflow.open_home(begin()), name, reason or _asked(), _account())
    terminal.show_originals(originals, as_json=as_json)


def _asked() -> ReidentificationReason:
    """The reason, from the person at the terminal."""
    known = ", ".join(ReidentificationReason)
    answer = typer.prompt(f"Why? One of: {known}", err=True) if sys.stdin.isatty() else "none"
    try:
        return ReidentificationReason(answer.strip().lower())
    except ValueError:
        todo = f"Say --reason with one of: {known}."
        raise InputRefused("Re-identification must have a reason from the list.", "another.", todo) from None


def _account() -> str:
    """The account of the operating system that asks: environment variables could say anything."""
    return pwd.getpwuid(os.getuid()).pw_name

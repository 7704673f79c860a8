"""The command `secondlook`: demo, ingest, cases, serve; the others in `cli_store` and its neighbours.

A command's result goes to stdout, as words or with --json as JSON alone; progress and refusals go to stderr.
Exit codes: 0 done, 1 done and found wanting (nothing stored, store not sound), 2 refused.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from db.vocabulary import LabelSource, Outcome
from services import (
    cli_aggregate,
    cli_analyse,
    cli_evaluate,
    cli_identity,
    cli_measure,
    cli_models,
    cli_outline,
    cli_promise,
    cli_store,
    cli_train,
    logs,
    terminal,
    workflow,
)
from services.access import sign_in_link
from services.cli_begin import AsJson, begin
from services.errors import InputRefused, SecondLookError
from services.settings import Settings

if TYPE_CHECKING:
    from services.desk import Desk

REFUSED = 2
Misuse: type[Any] = typer.BadParameter.__base__ or typer.BadParameter
"""What Typer raises when a command is called wrongly; its own words repeat what was typed, a folder's name perhaps."""
DEMO_CASES, MOST_CASES = 24, 999
WAY_OUT = "Check its permissions and that its disk is there and not full."
app = typer.Typer(
    help="Second Look: review segmentations of abdominal aortic aneurysms on CT. Not for diagnosis.",
    epilog="Example: secondlook demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli_analyse.add_to(app)
cli_outline.add_to(app)
cli_measure.add_to(app)
cli_promise.add_to(app)
cli_store.add_to(app)
cli_identity.add_to(app)
cli_models.add_to(app)
cli_evaluate.add_to(app)
cli_train.add_to(app)
cli_aggregate.add_to(app)

Host = Annotated[str | None, typer.Option(help="Address to serve on; by default SECONDLOOK_HOST or 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port to serve on; by default SECONDLOOK_PORT or 8501.")]


def main() -> None:
    """Run the command line; a refusal is three sentences and exit code 2, never a traceback."""
    logs.keep_contents_out()
    try:
        raise SystemExit(app(standalone_mode=False) or 0)
    except Misuse as misuse:
        terminal.print_misuse(misuse)
        raise SystemExit(REFUSED) from None
    except typer.Abort:
        raise SystemExit(1) from None
    except SecondLookError as refusal:
        terminal.print_refusal(refusal)
        raise SystemExit(REFUSED) from None
    except OSError as error:
        reason = (error.strerror or "an error of the file system").lower()
        terminal.print_refusal(InputRefused("Every file and folder given must be readable.", f"{reason}.", WAY_OUT))
        raise SystemExit(REFUSED) from None


@app.command(epilog="Example: secondlook demo --from ~/scans")
def demo(
    source: Annotated[Path | None, typer.Option("--from", help="Your own folder instead of generated scans.")] = None,
    number: Annotated[
        int,
        typer.Option("--cases", min=1, max=MOST_CASES, help="How many scans to generate; those that are there stay."),
    ] = DEMO_CASES,
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve when the cases are in.")] = True,
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Fill the store with generated scans, or with your own folder, and serve it."""
    settings = begin(host, port)
    if serving:
        _require_free(settings)
    desk = workflow.open_home(settings)
    with terminal.progress() as progress:
        folder = source.expanduser() if source else _generated_scans(settings.home / "demo", number, progress)
        own = () if source else [min(images.iterdir()) for images in sorted(folder.glob("[!.]*/ct"))]
        report = (workflow.stored_before(desk, own) if own else None) or workflow.ingest(
            desk, folder, progress=progress
        )
    terminal.show_report(report, as_json=as_json)
    keys = [item.key for item in report.cases]
    desk.analyses.queue_shipped(settings.user, keys)
    desk.measurings.queue_new(settings.user, keys)
    if source is None:
        _simulate(desk, [item.key for item in report.cases if item.outcome is Outcome.NEW])
    if serving:
        _serve(settings, as_json=as_json)


@app.command(epilog="Example: secondlook ingest ~/scans/case01 --label-source expert --json")
def ingest(
    path: Annotated[
        Path, typer.Argument(help="A case folder, a DICOM folder, a NIfTI file, a zip or tar, or a folder of these.")
    ],
    label_source: Annotated[
        LabelSource | None, typer.Option(help="Who drew the masks of a folder that does not say so itself.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(help="A case.toml that says what the files are."),
    ] = None,
    allow_burned_in: Annotated[
        bool, typer.Option("--allow-burned-in", help="Take images with text burned in: look at them first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take cases in: images, masks and maps. The same input twice changes nothing."""
    from services.intake import IntakeOptions  # noqa: PLC0415 -- reading images loads pydicom and highdicom

    desk = workflow.open_home(begin())
    options = IntakeOptions(label_source=label_source, manifest=manifest, allow_burned_in=allow_burned_in)
    with terminal.progress() as progress:
        report = workflow.ingest(desk, path.expanduser(), options=options, progress=progress)
    terminal.show_report(report, as_json=as_json)
    desk.measurings.queue_new(desk.settings.user, [item.key for item in report.cases])
    raise typer.Exit(0 if report.cases else 1)


@app.command(epilog="Example: secondlook cases --json | jq '.[].key'")
def cases(as_json: AsJson = False) -> None:
    """List every case, oldest first; with --json one object a case."""
    terminal.show_cases(workflow.cases(workflow.open_home(begin())), as_json=as_json)


@app.command(epilog="Example: secondlook serve --port 8600")
def serve(host: Host = None, port: Port = None, as_json: AsJson = False) -> None:
    """Serve the dashboard and print a sign-in link; ctrl+c ends it."""
    settings = begin(host, port)
    _require_free(settings)
    workflow.open_home(settings).store.close()
    _serve(settings, as_json=as_json)


def _generated_scans(folder: Path, number: int, progress: workflow.Progress) -> Path:
    """The demonstration's cases; each is written once, and those that are there stay as they are."""
    from services.phantom.cohort import demo_cases  # noqa: PLC0415 -- only the demo makes scans
    from services.phantom.writing import write_cohort  # noqa: PLC0415

    write_cohort(folder, demo_cases(number), progress=progress)
    return folder


def _simulate(desk: Desk, keys: list[str]) -> None:
    from services import simulating  # noqa: PLC0415 -- only the demo has simulated verdicts

    simulating.queue(desk.store, desk.settings.user, keys)


def _require_free(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, OverflowError) as error:
            raise InputRefused(
                f"Address {settings.host} and port {settings.port} must be free to serve on.",
                f"{(getattr(error, 'strerror', None) or 'no such port').lower()}.",
                "Stop the server that runs there, or choose another with --port.",
            ) from None


def _serve(settings: Settings, *, as_json: bool) -> None:
    """Become the server. `-P` keeps the current folder's own db/, services/ or dashboard/ from being imported."""
    if as_json:
        terminal.print_json({"sign_in": sign_in_link(settings)})
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ |= {"SECONDLOOK_HOST": settings.host, "SECONDLOOK_PORT": str(settings.port)}
    os.execv(sys.executable, [sys.executable, "-P", "-m", "dashboard.app"])  # noqa: S606 -- no shell, our own program

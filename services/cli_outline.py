"""The command outline: one box or one click on a slice becomes a prediction. See cli."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from db.vocabulary import JobState
from services import outline_starts, terminal, worker, workflow
from services.cli_begin import AsJson, begin
from services.errors import InputRefused
from services.jobs import new_worker
from services.outlines import stopped_of
from services.segmentation.promptable.card import LITE_MEDSAM
from services.terminal import counted

if TYPE_CHECKING:
    from db.job_records import Job
    from services.desk import Desk
    from services.imaging.progress import Tell


def add_to(app: typer.Typer) -> None:
    """Make this command one of `secondlook`."""
    app.command(epilog="Example: secondlook outline P7K3QX91MD-1 --slice 88 --box 120,180,160,215")(outline)


@dataclass
class Outlined:
    """What became of it."""

    case: str
    author: str
    version: str
    layers: int
    stopped: tuple[str, ...]


def outline(
    case: Annotated[str, typer.Argument(help="Key of a case, as `secondlook cases` shows it.")],
    number: Annotated[int, typer.Option("--slice", help="Slice of the plane, counted from 1 as the viewer does.")],
    axis: Annotated[str, typer.Option(help="Plane: axial, coronal or sagittal.")] = outline_starts.PLANES[0],
    box: Annotated[str, typer.Option(help="First row, first column, last row, last column, voxels from 0.")] = "",
    click: Annotated[str, typer.Option(help="Row and column of one click instead, voxels from 0.")] = "",
    seed: Annotated[int, typer.Option(help="Of the jitter of the members.")] = 0,
    model: Annotated[str, typer.Option(help="A promptable model of `secondlook models list`.")] = LITE_MEDSAM.key,
    as_json: AsJson = False,
) -> None:
    """Follow the vessel in one box, or under one click, through its scan, and store the outline.

    ctrl+c cancels, and stores nothing.
    """
    desk = workflow.open_home(begin())
    given = {name: text for name, text in (("box", box), ("click", click)) if text}
    start = outline_starts.as_given(axis, number, given)
    job = desk.outlines.queue(desk.settings.user, case, start, seed, model)
    with terminal.progress() as progress:
        done = _outlined_here(desk, job, progress)
    result = _result(desk, done)
    first = f"{result.author} {result.version}: {counted(result.layers, 'layer')} added to case {case}."
    terminal.show(result, [first, *result.stopped], as_json=as_json)


def _outlined_here(desk: Desk, number: int, tell: Tell) -> Job:
    """Do the job in this process, unless a server's worker has taken it. Raises what the job says."""
    name = new_worker()
    claimed = desk.jobs.claim_one(name, number)
    if claimed is None:
        must, found = "One process does an outline.", "another one that has taken it."
        raise InputRefused(must, found, "See how far it is: secondlook jobs.")
    worker.do(desk, claimed, name, threading.Event(), also=lambda *said: _on_one_bar(tell, *said))
    job = desk.jobs.find(number)
    if job.state is not JobState.DONE:
        raise InputRefused(*(desk.jobs.error(job) or ("An outline must come to its end.", "it did not.", "Try again.")))
    return job


def _on_one_bar(tell: Tell, what: str, done: int, total: int) -> None:
    """Each slice has a name of its own: they share a bar."""
    tell("slices" if what.startswith("slice ") else what, done, total)


def _result(desk: Desk, job: Job) -> Outlined:
    """The newest layers of a model: those that this job has stored."""
    layers = workflow.case_page(desk, job.case_key).layers
    run = max(layer.run_id for layer in layers if layer.run_id is not None)
    ours = [layer.spec for layer in layers if layer.run_id == run]
    return Outlined(job.case_key, ours[0].author, ours[0].author_version, len(ours), stopped_of(job))

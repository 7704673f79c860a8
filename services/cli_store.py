"""The commands about the store itself: check, gc, forget, backup, restore. See cli."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services import terminal, workflow
from services.cli_begin import AsJson, begin
from services.errors import InputRefused
from services.terminal import counted, sized

if TYPE_CHECKING:
    from services.backup import BackedUp


def add_to(app: typer.Typer) -> None:
    """Make these commands of `secondlook`."""
    app.command(epilog="Example: secondlook check --json")(check)
    app.command(epilog="Example: secondlook gc --dry-run")(gc)
    app.command(epilog="Example: secondlook forget P7K3QX91MD")(forget)
    app.command(epilog="Example: secondlook backup /mnt/backup/secondlook")(backup)
    app.command(epilog="Example: secondlook restore /mnt/backup/secondlook")(restore)


def check(as_json: AsJson = False) -> None:
    """Is this installation, and is its store, sound? Reads every row and every image once; exit code 1 where not."""
    desk = workflow.open_home(begin())
    with terminal.progress() as progress:
        problems = workflow.check(desk, progress=progress)
    terminal.show_problems(problems, as_json=as_json)
    raise typer.Exit(0 if terminal.is_sound(problems) else 1)


def gc(
    older_than: Annotated[float, typer.Option(min=0, help="Hours that an image must have belonged to nobody.")] = 1.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove images that belong to no case, and what interrupted ingests left. Others may go on working."""
    desk = workflow.open_home(begin())
    with terminal.progress() as progress:
        done = workflow.collect(desk, older_than=timedelta(hours=older_than), dry_run=dry_run, progress=progress)
    removed = "Would remove" if dry_run else "Removed"
    sentence = (
        f"{removed} {counted(done.images, 'image')} ({sized(done.size)}), {counted(done.drafts, 'unfinished image')}"
        f" and {counted(done.folders, 'unpacked archive')}."
    )
    if done.embeddings:
        sentence += f" {counted(done.embeddings, 'slice')} of promptable models, not used for 30 days, let go."
    terminal.show(done, [sentence], as_json=as_json)


def forget(
    patient: Annotated[str, typer.Argument(help="The patient's pseudonym, or the key of one of the patient's cases.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a patient: all cases, images and reviews. It cannot be undone; a keyed hash stays as proof."""
    desk = workflow.open_home(begin())
    if not yes:
        _confirm()
    with terminal.progress() as progress:
        gone = workflow.forget(desk, patient, progress=progress)
    counts = ((gone.cases, "case"), (gone.layers, "layer"), (gone.reviews, "review"), (gone.images, "image"))
    sentences = [
        f"Forgotten: {', '.join(counted(number, noun) for number, noun in counts)}.",
        "Backups that were made before still hold this patient: renew or remove them.",
    ]
    if gone.identities:
        sentences.append(f"{counted(gone.identities, 'series')} went from the re-identification map too.")
    if gone.mentions:
        sentences.append(f"{counted(gone.mentions, 'note')} about other patients' cases mention this one, and stay.")
    if not gone.overwritten:
        sentences.append("Another program reads the database: run `secondlook gc` later to overwrite what is deleted.")
    terminal.show(gone, sentences, as_json=as_json)


def backup(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one with an earlier backup, which is renewed.")],
    as_json: AsJson = False,
) -> None:
    """Copy the whole store into a folder, while it is in use. Exit code 1 where the store has lost images."""
    desk = workflow.open_home(begin())
    with terminal.progress() as progress:
        done = workflow.backup(desk, folder.expanduser(), progress=progress)
    care = "It holds the keys behind the pseudonyms: keep it as you keep the scans."
    _show(done, "Backed up", [care], as_json=as_json)


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    as_json: AsJson = False,
) -> None:
    """Fill an empty store from a backup, after all of it was read and found whole."""
    desk = workflow.open_home(begin())
    with terminal.progress() as progress:
        done = workflow.restore(desk, folder.expanduser(), progress=progress)
    _show(done, "Restored", ["See that all is well: secondlook check"], as_json=as_json)


def _show(done: BackedUp, verb: str, sentences: list[str], *, as_json: bool) -> None:
    first = (
        f"{verb}: {counted(done.rows, 'row')} and {counted(done.images, 'image')},"
        f" {counted(done.new_images, 'image')} ({sized(done.size)}) of them copied now."
    )
    lost = ", ".join(digest[:12] for digest in done.unsound)
    lines = [first, *([f"Missing or damaged in the store that was backed up: {lost}."] if lost else []), *sentences]
    terminal.show(done, lines, as_json=as_json)
    raise typer.Exit(1 if done.unsound else 0)


def _confirm() -> None:
    """Ask on the terminal; what is typed there is the answer, not what is piped in."""
    if not sys.stdin.isatty():
        raise InputRefused("Forgetting cannot be undone and must be confirmed.", "no terminal to ask on.", "Say --yes.")
    if not typer.confirm("Remove this patient with all cases, images and reviews? It cannot be undone.", err=True):
        raise InputRefused("Forgetting must be confirmed.", "another answer.", "Nothing was changed.")

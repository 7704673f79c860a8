"""`secondlook models`: which networks there are; adding one is for whoever runs this installation. See cli."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services import shelf, terminal, workflow
from services.cli_begin import AsJson, begin
from services.segmentation import registry
from services.segmentation.card import CARD
from services.segmentation.promptable import package
from services.segmentation.promptable.card import LITE_MEDSAM, PromptableCard
from services.terminal import counted, sized

if TYPE_CHECKING:
    from services.segmentation.card import ModelCard
    from services.segmentation.registry import AnyCard

models_app = typer.Typer(
    help="List, show, add and remove segmentation models. Adding is an administrator's: no page can do it.",
    epilog="Example: secondlook models list --json",
    no_args_is_help=True,
)
Key = Annotated[str, typer.Argument(help="The model as `models list` shows it: name@version, in quotes.")]
HEADINGS = ("model", "from", "format", "classes", "networks", "grid (mm)")


def add_to(app: typer.Typer) -> None:
    """Make these commands of `secondlook`."""
    app.add_typer(models_app, name="models")


@models_app.command("list", epilog="Example: secondlook models list --json")
def list_models(as_json: AsJson = False) -> None:
    """List every model, shipped ones first. Exit code 1 where an added one is damaged."""
    models = shelf.models(workflow.open_home(begin()))
    damaged = [{"name": one.name, "must": one.problem.must, "found": one.problem.found} for one in models.damaged]
    if not as_json:
        rows = [_line(card) for card in models.everything]
        terminal.show_rows(HEADINGS, rows, counted(len(rows), "model"))
    sentences = [f"Damaged: {one.name}. {one.problem}" for one in models.damaged]
    terminal.show(
        {"models": [_about(one) for one in models.everything], "damaged": damaged}, sentences, as_json=as_json
    )
    raise typer.Exit(1 if models.damaged else 0)


@models_app.command(epilog="Example: secondlook models show 'aorta@1'")
def show(key: Key, as_json: AsJson = False) -> None:
    """Show a model's card: what goes in, what comes out, which files hold it, and what its makers say."""
    about = _about(shelf.model(workflow.open_home(begin()), key))
    lines = [f"{name.replace('_', ' ')}: {_words(value)}" for name, value in about.items()]
    terminal.show(about, lines, as_json=as_json)


@models_app.command(epilog="Example: secondlook models add ~/networks/aorta")
def add(
    folder: Annotated[Path, typer.Argument(help="The folder with card.toml and the files that it names.")],
    as_json: AsJson = False,
) -> None:
    """Add a model: its card is checked and every network tried. The same model twice changes nothing."""
    desk = workflow.open_home(begin())
    with terminal.progress() as progress:
        added = shelf.add(desk, folder.expanduser(), progress)
    size = sum((added.card.folder / member.file).stat().st_size for member in added.card.members)
    noun = "file" if isinstance(added.card, PromptableCard) else "network"
    networks = f"{counted(len(added.card.members), noun)}, {sized(size)}"
    sentences = [
        f"{'Added' if added.is_new else 'Unchanged'}: {added.card.key}, {networks}.",
        "That it runs was checked; whether its outlines are good, nobody has.",
    ]
    terminal.show({"new": added.is_new, **_about(added.card)}, sentences, as_json=as_json)


@models_app.command(epilog="Example: secondlook models remove 'aorta@1'")
def remove(key: Key, as_json: AsJson = False) -> None:
    """Remove a model that was added. What it found about cases stays in the store and goes on naming it."""
    shelf.remove(workflow.open_home(begin()), key)
    sentence = f"Removed: {key}. What it found about cases stays, and goes on naming it."
    terminal.show({"removed": key}, [sentence], as_json=as_json)


def _about(card: AnyCard) -> dict[str, Any]:
    """Everything that a card says, in the order in which a person reads it."""
    what = _about_pictures(card) if isinstance(card, PromptableCard) else _about_networks(card)
    return {
        "model": card.key,
        "from": _origin(card),
        **what,
        "members": [{"file": one.file, "sha256": one.sha256, "seed": one.seed} for one in card.members],
        "card_sha256": None if card is LITE_MEDSAM else registry.digest(card.folder / CARD),
        "about": dict(card.about),
    }


def _about_networks(card: ModelCard) -> dict[str, Any]:
    companion = {"companion_of": card.companion_of} if card.companion_of else {}
    return {
        "format": card.format.value,
        **companion,
        "classes": {str(value): name for value, name in card.classes.items()},
        "spacing_mm": list(card.spacing_mm),
        "window_hu": list(card.window_hu),
        "patch": list(card.patch),
    }


def _about_pictures(card: PromptableCard) -> dict[str, Any]:
    return {
        "format": card.format,
        "side": card.side,
        "windows_hu": [list(window) for window in card.windows_hu],
        "mean": list(card.mean),
        "std": list(card.std),
        "installed": card is not LITE_MEDSAM or package.is_installed(),
    }


def _line(card: AnyCard) -> tuple[str, ...]:
    if isinstance(card, PromptableCard):
        return card.key, _origin(card), card.format, "what a prompt points at", "1", f"picture of {card.side}"
    grid = " x ".join(f"{step:g}" for step in card.spacing_mm)
    classes = f"doubt of {card.companion_of}" if card.companion_of else ", ".join(card.classes.values())
    return card.key, _origin(card), card.format.value, classes, str(len(card.members)), grid


def _origin(card: AnyCard) -> str:
    if card is LITE_MEDSAM:
        return "package" if package.is_installed() else "not installed"
    return "shipped" if card.folder.parent == registry.SHIPPED else "added"


def _words(value: object) -> str:
    """A value of a card as a person reads it."""
    if isinstance(value, dict):
        return "; ".join(f"{name} {_words(one)}" for name, one in value.items()) or "nothing"
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)

"""How a model comes into a store, and goes: an administrator's work on the command line, never over the web."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from services.errors import InputRefused, NotFound
from services.segmentation import registry
from services.segmentation.card import CARD, require_content
from services.segmentation.promptable.card import PromptableCard

if TYPE_CHECKING:
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.segmentation.registry import AnyCard


def draft(path: Path, home: Path, work: Path, tell: Tell) -> AnyCard:
    """Copy a model into the empty folder `work` and try all of it there: what is checked is what will be kept.

    `path` is its folder or card. Raises InputRefused where the card or a file is not as it must be, or where another
    model of this name and version is there.
    """
    card = registry.read_any(path)
    _require_own(card)
    shutil.copyfile(card.folder / CARD, work / CARD)
    for number, member in enumerate(card.members):
        tell("files copied", number, len(card.members))
        shutil.copyfile(card.folder / member.file, work / member.file, follow_symlinks=False)
    tell("files copied", len(card.members), len(card.members))
    copy = _whole(work)
    _require_new(copy, home)
    _probe(copy, tell)
    return copy


def place(card: AnyCard, home: Path) -> AnyCard:
    """Put a draft where models are kept, in one step. A damaged one of the same card makes room."""
    folder = place_of(card, home)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    card.folder.rename(folder)
    return registry.read_any(folder)


def place_of(card: AnyCard, home: Path) -> Path:
    """Where a model is kept: its folder is named by its card."""
    return home / registry.ADDED / registry.digest(card.folder / CARD)


def is_kept(path: Path, home: Path) -> AnyCard | None:
    """The same model as it was added before, whole in all its files; None where it was not, or is damaged."""
    try:
        return _whole(place_of(registry.read_any(path), home))
    except InputRefused:
        return None


def remove(name: str, home: Path) -> Path:
    """Remove an added model by name@version, or a damaged one by the name that `models list` gives it.

    Raises InputRefused for a shipped model, NotFound for none.
    """
    models = registry.everything(home)
    places = {card.key: card.folder for card in models.removable} | {one.name: one.folder for one in models.damaged}
    if name in {card.key for card in models.everything} - places.keys():
        raise InputRefused(
            "Only a model that was added can be removed.",
            "one that is shipped with this program.",
            "Leave it; another model is chosen by its name.",
        )
    if name not in places:
        known = ", ".join(places) or "none"
        raise NotFound("A model to remove must have been added.", "another name.", f"Added models here: {known}.")
    shutil.rmtree(places[name])
    return places[name]


def _whole(path: Path) -> AnyCard:
    """A card of either kind, down to the content of its files. Raises InputRefused."""
    card = registry.read_any(path)
    for member in card.members:
        require_content(card, member)
    return card


def _probe(card: AnyCard, tell: Tell) -> None:
    """Try every network, or the encoder and decoder. Raises InputRefused."""
    if isinstance(card, PromptableCard):
        from services.segmentation.promptable import sam_onnx  # noqa: PLC0415 -- loads OpenVINO

        sam_onnx.probe(card)
        return
    from services.segmentation import loading  # noqa: PLC0415 -- loads torch and OpenVINO

    loading.probe(card, tell)


def _require_own(card: AnyCard) -> None:
    """Companions are made together with their model, and come with this program alone. Raises InputRefused."""
    if not isinstance(card, PromptableCard) and card.companion_of:
        raise InputRefused(
            "A model to add must outline by itself.",
            f"networks that tell the doubt of {card.companion_of}.",
            "Leave companion_of out of the card of a model that outlines.",
        )


def _require_new(card: AnyCard, home: Path) -> None:
    """Results name a model by name and version: these must mean one model."""
    models = registry.everything(home)
    own = place_of(card, home)
    taken = {one.key for one in models.everything if one.folder != own}
    if card.key in taken:
        raise InputRefused(
            "A model's name and version must stand for one model.",
            f"{card.key}, which is here already with another card or other files.",
            "Write another version into the card.",
        )

"""Which models there are: those shipped with this program, and those that an administrator added. Reads TOML only.

weights/<folder>/card.toml                    shipped
SECONDLOOK_HOME/models/<sha256>/card.toml     added; the SHA-256 is the card's, which names its files by theirs
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InputRefused, NotFound
from services.segmentation.card import CARD, read_listed

if TYPE_CHECKING:
    from services.segmentation.card import ModelCard

SHIPPED = Path(__file__).with_name("weights")
ADDED = "models"
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Damaged:
    """An added model that cannot be used as it lies there, and why."""

    folder: Path
    problem: InputRefused

    @property
    def name(self) -> str:
        """What it is removed by, as its card may say anything now."""
        return self.folder.name[:12]


@dataclass(frozen=True)
class Models:
    """Every model of an installation."""

    shipped: tuple[ModelCard, ...]
    added: tuple[ModelCard, ...]
    damaged: tuple[Damaged, ...]

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """All that can be used, shipped ones first."""
        return self.shipped + self.added


def shipped() -> tuple[ModelCard, ...]:
    """The models of this program, by folder. Raises InputRefused where the installation is damaged."""
    return tuple(read_listed(path) for path in sorted(SHIPPED.glob(f"*/{CARD}")))


def added(home: Path) -> tuple[ModelCard, ...]:
    """The models that were added to this store and are as they were then, by name and version."""
    return everything(home).added


def everything(home: Path) -> Models:
    """Every model; an added one that is damaged is told apart and stops nothing else."""
    cards, damaged = [], []
    for folder in folders(home):
        try:
            cards.append(_as_added(folder))
        except InputRefused as problem:
            damaged.append(Damaged(folder, problem))
    return Models(shipped(), tuple(sorted(cards, key=lambda card: card.key)), tuple(damaged))


def find(key: str, home: Path) -> ModelCard:
    """The model of this name and version, 'aorta@1'. Raises NotFound, which names all that there are."""
    models = everything(home)
    for card in models.cards:
        if card.key == key:
            return card
    known = ", ".join(card.key for card in models.cards) or "none so far"
    raise NotFound(
        "A model must be called as `secondlook models list` shows it, name@version.",
        "another name.",
        f"The models here: {known}.",
    )


def digest(card_file: Path) -> str:
    """The SHA-256 of a card, which stands for the whole model: the card names its files by theirs."""
    return hashlib.sha256(card_file.read_bytes()).hexdigest()


def folders(home: Path) -> list[Path]:
    """Where added models lie, sound or not."""
    return sorted(path for path in (home / ADDED).glob("*") if DIGEST.fullmatch(path.name))


def _as_added(folder: Path) -> ModelCard:
    card = read_listed(folder)
    if digest(folder / CARD) != folder.name:
        raise InputRefused(
            "An added model's card must stay as it was added.",
            "one that was changed.",
            "Remove the model, and add what is wanted under a new version.",
        )
    return card

"""Which models there are: those shipped with this program, and those that an administrator added. Reads TOML only.

weights/<folder>/card.toml                    shipped
SECONDLOOK_HOME/models/<sha256>/card.toml     added; the SHA-256 is the card's, which names its files by theirs
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from services.errors import InputRefused, NotFound
from services.segmentation.card import CARD, read_listed
from services.segmentation.promptable import card as prompted
from services.segmentation.promptable.card import LITE_MEDSAM, PromptableCard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from services.segmentation.card import ModelCard

    AnyCard: TypeAlias = ModelCard | PromptableCard

SHIPPED = Path(__file__).with_name("weights")
ADDED = "models"
CardType = TypeVar("CardType", bound="AnyCard")
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
    """Those that outline."""
    added: tuple[ModelCard, ...]
    damaged: tuple[Damaged, ...]
    promptable: tuple[PromptableCard, ...] = (LITE_MEDSAM,)
    """Those that outline what a prompt points at, LiteMedSAM first, whether its package is installed or not."""
    companions: tuple[ModelCard, ...] = ()
    """Shipped networks that tell the doubt of another model; of these, one with two heads can outline in its place."""

    @property
    def everything(self) -> tuple[AnyCard, ...]:
        """Networks, their companions and promptable models."""
        return (*self.cards, *self.companions, *self.promptable)

    @property
    def removable(self) -> tuple[AnyCard, ...]:
        """Those that were added."""
        return (*self.added, *(card for card in self.promptable if card is not LITE_MEDSAM))

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """All that outline by themselves, shipped ones first."""
        return self.shipped + self.added


def shipped() -> tuple[ModelCard, ...]:
    """This program's models and their companions, by folder. Raises InputRefused where the installation is damaged."""
    return tuple(read_listed(path) for path in sorted(SHIPPED.glob(f"*/{CARD}")))


def added(home: Path) -> tuple[ModelCard, ...]:
    """The models that were added to this store and are as they were then, by name and version."""
    return everything(home).added


def everything(home: Path) -> Models:
    """Every model; an added one that is damaged is told apart and stops nothing else."""
    cards: list[AnyCard] = []
    damaged = []
    for folder in folders(home):
        try:
            cards.append(_as_added(folder))
        except InputRefused as problem:
            damaged.append(Damaged(folder, problem))
    cards.sort(key=lambda card: card.key)
    prompts = tuple(card for card in cards if isinstance(card, PromptableCard))
    networks = tuple(card for card in cards if not isinstance(card, PromptableCard))
    ours = shipped()
    outlining = tuple(card for card in ours if not card.companion_of)
    companions = tuple(card for card in ours if card.companion_of)
    return Models(outlining, networks, tuple(damaged), (LITE_MEDSAM, *prompts), companions)


def find(key: str, home: Path) -> ModelCard:
    """The network of this name and version, 'aorta@1', that outlines by itself.

    Raises NotFound, which names all that there are, and InputRefused for a companion that tells doubt alone.
    """
    models = everything(home)
    for card in models.companions:
        if card.key == key and not card.outlines:
            raise InputRefused(
                "A model to outline with must do so by itself.",
                f"networks that tell the doubt of {card.companion_of}.",
                f"Name {card.companion_of}: its companions come with it.",
            )
    return _named(key, (*models.cards, *(card for card in models.companions if card.outlines)))


def find_promptable(key: str, home: Path) -> PromptableCard:
    """The promptable model of this name and version. Raises NotFound, which names all that there are."""
    return _named(key, everything(home).promptable)


def find_any(key: str, home: Path) -> AnyCard:
    """The model of this name and version, of either kind. Raises NotFound, which names all that there are."""
    return _named(key, everything(home).everything)


def read_any(path: Path) -> AnyCard:
    """A card of either kind, listed: its files must be there, and are not read. Raises InputRefused."""
    return prompted.read_listed(path) if prompted.is_promptable(path) else read_listed(path)


def digest(card_file: Path) -> str:
    """The SHA-256 of a card, which stands for the whole model: the card names its files by theirs."""
    return hashlib.sha256(card_file.read_bytes()).hexdigest()


def folders(home: Path) -> list[Path]:
    """Where added models lie, sound or not."""
    return sorted(path for path in (home / ADDED).glob("*") if DIGEST.fullmatch(path.name))


def _named(key: str, cards: Iterable[CardType]) -> CardType:
    by_key = {card.key: card for card in reversed(tuple(cards))}
    if key in by_key:
        return by_key[key]
    known = ", ".join(reversed(by_key)) or "none so far"
    raise NotFound(
        "A model must be called as `secondlook models list` shows it, name@version.",
        "another name.",
        f"The models here: {known}.",
    )


def _as_added(folder: Path) -> AnyCard:
    card = read_any(folder)
    if digest(folder / CARD) != folder.name:
        raise InputRefused(
            "An added model's card must stay as it was added.",
            "one that was changed.",
            "Remove the model, and add what is wanted under a new version.",
        )
    return card

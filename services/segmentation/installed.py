"""Which of the shipped networks does what, and whether this installation can run them. Loads none of them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from services.errors import NotFound
from services.segmentation import registry

if TYPE_CHECKING:
    from services.segmentation.card import ModelCard

AORTA, LOCATOR = "aorta", "locator"
"""Folders below weights/: the ensemble that outlines the aorta, and the network that finds it first."""
SOFT, LIGHT = "aorta_soft", "aorta_light"
"""The ensemble's companions: networks that learnt from several readers, and one network with two heads."""
ONE_NETWORK = "light"
"""What SECONDLOOK_UNCERTAINTY says where the network with two heads is to take the ensemble's place."""
NEEDED = ("openvino", "torch", "monai", "safetensors")


def shipped(folder: str) -> ModelCard | None:
    """The shipped model in this folder; None where there is none."""
    return next((card for card in registry.shipped() if card.folder.name == folder), None)


def can_run() -> bool:
    """Whether the libraries that networks need are installed; none of them is loaded."""
    return all(find_spec(name) is not None for name in NEEDED)


def locator_of(card: ModelCard) -> ModelCard | None:
    """The shipped network that finds the aorta for this model first; None for models that came from elsewhere."""
    return shipped(LOCATOR) if card.folder in {registry.SHIPPED / AORTA, registry.SHIPPED / LIGHT} else None


def companion_of(card: ModelCard) -> ModelCard | None:
    """The shipped networks that learnt from several readers, for the model whose companion they are; else None."""
    found = shipped(SOFT) if card.folder == registry.SHIPPED / AORTA else None
    return found if found and found.companion_of == card.key else None


def usual(uncertainty: str = "") -> ModelCard | None:
    """The model that a case is analysed by when no other is named; None where it was not shipped.

    uncertainty: as in the settings, 'light' for the network with two heads.
    """
    return shipped(LIGHT if uncertainty == ONE_NETWORK else AORTA)


def aorta(uncertainty: str = "") -> ModelCard:
    """As `usual`. Raises NotFound where it was not shipped."""
    card = usual(uncertainty)
    if card is None:
        raise NotFound(
            "A model must be there to analyse with.",
            "none that came with this program.",
            "Add one of your own: secondlook models add FOLDER. Then name it with --model.",
        )
    return card

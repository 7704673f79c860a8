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
NEEDED = ("openvino", "torch", "monai", "safetensors")


def shipped(folder: str) -> ModelCard | None:
    """The shipped model in this folder; None where there is none."""
    return next((card for card in registry.shipped() if card.folder.name == folder), None)


def can_run() -> bool:
    """Whether the libraries that networks need are installed; none of them is loaded."""
    return all(find_spec(name) is not None for name in NEEDED)


def aorta() -> ModelCard:
    """The model that a case is analysed by when no other is named. Raises NotFound where none was shipped."""
    card = shipped(AORTA)
    if card is None:
        raise NotFound(
            "A model must be there to analyse with.",
            "none that came with this program.",
            "Add one of your own: secondlook models add FOLDER. Then name it with --model.",
        )
    return card

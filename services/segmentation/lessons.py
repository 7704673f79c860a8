"""What a network begins as, and what it learns from a window: the part of a training that differs between models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

import torch
from monai.losses.dice import DiceCELoss

from services.phantom.structures import Structure
from services.segmentation.networks import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from services.segmentation.randomisation import Window
    from services.segmentation.recipes import Recipe


Begin: TypeAlias = "Callable[[int], nn.Module]"
"""Gives the network of a seed before its first step."""


class Lesson(Protocol):
    """One way to learn."""

    def begin(self, seed: int) -> nn.Module:
        """The network of this seed before its first step."""

    def loss(self, logits: torch.Tensor, drawn: Window) -> torch.Tensor:
        """What is to become small. `logits`: float32 (1, channel, k, j, i) of the window's image."""


class Outlines:
    """From new weights to the exact classes of a recipe. Dice and cross-entropy in equal parts, see `training`."""

    def __init__(self, recipe: Recipe) -> None:
        """The structures of the recipe are what its classes are made of; all others are background."""
        self.recipe = recipe
        self._dice_and_ce = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)
        self._class_of = torch.zeros(len(Structure), dtype=torch.long)
        for structure, number in recipe.structures.items():
            self._class_of[structure] = number

    def begin(self, seed: int) -> nn.Module:
        """See `Lesson`."""
        torch.manual_seed(seed)
        return build(self.recipe.layout, len(self.recipe.classes) + 1)

    def loss(self, logits: torch.Tensor, drawn: Window) -> torch.Tensor:
        """See `Lesson`."""
        return self.of_classes(logits, self.exact(drawn))

    def exact(self, drawn: Window) -> torch.Tensor:
        """The true class of each voxel, [k, j, i]."""
        return self._class_of[drawn.structures]

    def of_classes(self, logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """The loss of classes [k, j, i], whoever gave them."""
        found: torch.Tensor = self._dice_and_ce(logits, classes[None, None])
        return found

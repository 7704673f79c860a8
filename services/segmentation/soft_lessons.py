"""Lessons from readers: networks that learnt what is exact go on with what readers say of the same scans.

Ensemble B of two ensembles (Khalin et al. 2026, arXiv:2604.01898; Korchagin et al. 2025, WACV, pp. 7980-7990): every
member of A is trained further on soft labels, the mean of the readers' one-hot labels under SVLS (see
`experts.soft_labels`), with cross-entropy: sum_c q_c log p_c, averaged over the window's voxels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from services.experts.soft_labels import svls_kernel
from services.segmentation.lessons import Outlines
from services.segmentation.readings import READERS, reader
from services.segmentation.recipes import Target

if TYPE_CHECKING:
    from torch import nn

    from services.segmentation.lessons import Begin
    from services.segmentation.randomisation import Window
    from services.segmentation.recipes import Recipe


class Further:
    """From trained members to one of the targets. Hard targets have the loss that the members learnt by."""

    def __init__(self, recipe: Recipe, target: Target, begin: Begin) -> None:
        """`begin`: the member of a seed, as it was trained."""
        self._outlines, self._target, self._begin = Outlines(recipe), target, begin
        self._classes = len(recipe.classes) + 1

    def begin(self, seed: int) -> nn.Module:
        """See `Lesson`."""
        return self._begin(seed)

    def loss(self, logits: torch.Tensor, drawn: Window) -> torch.Tensor:
        """See `Lesson`."""
        if self._target is Target.SOFT:
            return soft_loss(logits, soft_labels(drawn, self._classes))
        return self._outlines.of_classes(logits, self.hard(drawn))

    def hard(self, drawn: Window) -> torch.Tensor:
        """The class of each voxel, [k, j, i], by a hard target. Raises ValueError for the soft one."""
        if self._target is Target.SOFT:
            raise ValueError("A hard label needs a hard target. Found: shares of readers. Ask for `soft_labels`.")
        if self._target is Target.EXACT:
            return self._outlines.exact(drawn)
        if self._target is Target.FIRST_READER:
            return reader(read(drawn), 0)
        return shares(drawn, self._classes).argmax(0)  # the first of equals, as `experts.consensus` has it


def soft_loss(logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of logits (1, class, k, j, i) with shares (class, k, j, i), in nats, averaged over voxels."""
    return functional.cross_entropy(logits, soft[None])


def soft_labels(drawn: Window, classes: int) -> torch.Tensor:
    """(class, k, j, i) float32: what share of the readers gave each class, under SVLS; sums to 1."""
    kernel = torch.as_tensor(svls_kernel(), dtype=torch.float32).expand(classes, 1, 3, 3, 3)
    repeated = functional.pad(shares(drawn, classes)[None], [1] * 6, mode="replicate")
    return functional.conv3d(repeated, kernel, groups=classes)[0]


def shares(drawn: Window, classes: int) -> torch.Tensor:
    """(class, k, j, i) float32: the mean of the readers' one-hot labels."""
    together = read(drawn)
    votes = torch.stack([reader(together, number) for number in range(READERS)])
    return torch.stack([(votes == label).float().mean(0) for label in range(classes)])


def read(drawn: Window) -> torch.Tensor:
    """What readers called the window's voxels, packed. Raises ValueError for a window that nobody read."""
    if drawn.readers is None:
        raise ValueError("A window must have readers. Found: a scan without. Write the scans with their readers.")
    return drawn.readers

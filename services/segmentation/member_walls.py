"""Where each member of an ensemble sees the outer wall, on the grid that the networks work on.

The mean and the entropies say nothing of one member's shape; a diameter of each member needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.labels import INSIDE_WALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FULL = 255
"""Probability 1 as it is kept: a step is 0.4 %, and ten members of 160^3 voxels take 41 MB."""


@dataclass(frozen=True)
class MemberWalls:
    """Probability of being inside the outer wall, of each member."""

    steps: NDArray[np.uint8]
    """(member, k, j, i), 0 to FULL; read only."""
    affine: NDArray[np.float64]
    """4x4, (k, j, i) of this grid to LPS millimetres."""

    def __len__(self) -> int:
        """How many members."""
        return len(self.steps)

    def __getitem__(self, member: int) -> NDArray[np.float32]:
        """(k, j, i): what one member says, 0 to 1. Raises IndexError beyond the last."""
        return np.asarray(self.steps[member] / np.float32(FULL), dtype=np.float32)

    @property
    def mean(self) -> NDArray[np.float32]:
        """(k, j, i): the mean of the members, 0 to 1."""
        return np.asarray(self.steps.mean(axis=0, dtype=np.float32) / np.float32(FULL), dtype=np.float32)


def wall_of(probability: NDArray[np.float32], classes: Mapping[int, str]) -> NDArray[np.uint8]:
    """Probability (class, k, j, i) to that of being inside the outer wall, (k, j, i) in steps of 1 / FULL."""
    inside = [value for value, name in classes.items() if name in INSIDE_WALL]
    return np.asarray(np.rint(FULL * np.clip(probability[inside].sum(axis=0), 0, 1)), dtype=np.uint8)

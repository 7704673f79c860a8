"""Minimal paths inside a vessel, far from its wall: from end to end, and into a second limb.

Deschamps and Cohen 2001, Medical Image Analysis 5:281: the path of least cost, where a voxel costs the less the
farther it lies from the wall. Distances inside by Dijkstra's algorithm on the 26 neighbours (scikit-image's MCP).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.graph import MCP_Geometric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]
    Path = NDArray[np.intp]

STEEP = 2.0
"""Power of the distance from the wall that a voxel's cost falls with."""


@dataclass(frozen=True)
class Inside:
    """A connected vessel on voxels of equal sides, and how far each lies from its wall."""

    mask: Mask
    """[z, y, x]."""
    depth: Numbers
    """[z, y, x], mm to the wall; 0 outside."""
    step: float

    def away_from(self, starts: Path) -> Numbers:
        """Length of the shortest way inside from any of `starts` (n, 3), mm; infinite outside."""
        found, _ = MCP_Geometric(np.where(self.mask, self.step, -1.0)).find_costs(starts.tolist())
        return np.asarray(found, np.float64)

    def path(self, start: Path, end: Path) -> Path:
        """(n, 3): voxels of the path of least cost from `start` to `end`."""
        cost = np.where(self.mask, self.step / np.maximum(self.depth, self.step / 2) ** STEEP, -1.0)
        search = MCP_Geometric(cost)
        search.find_costs([tuple(start)], [tuple(end)])
        return np.asarray(search.traceback(tuple(end)), np.intp)


def inside_of(mask: Mask, step: float) -> Inside:
    """Depths of a mask [z, y, x]: distance from the nearest voxel outside, less half a voxel."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1] * step
    return Inside(mask, np.where(mask, depth - step / 2, 0.0), step)


def farthest(distance: Numbers) -> tuple[Path, float]:
    """The voxel that is farthest away among those that can be reached, and how far that is."""
    held = np.where(np.isfinite(distance), distance, -1.0)
    index = np.array(np.unravel_index(int(np.argmax(held)), held.shape), np.intp)
    return index, float(held.max())


def ends_of(inside: Inside) -> tuple[Path, Path]:
    """The two voxels that are farthest from each other inside, the higher one first: the upper end of the vessel.

    Of an aortic arch that is the end at the heart, which lies higher than any part below the diaphragm.
    """
    deepest = np.array(np.unravel_index(int(np.argmax(inside.depth)), inside.depth.shape), np.intp)
    first, _ = farthest(inside.away_from(deepest[None]))
    second, _ = farthest(inside.away_from(first[None]))
    return (first, second) if first[0] >= second[0] else (second, first)

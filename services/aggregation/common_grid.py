"""A map and its outline on voxels of one size, so that scores of different scans can be compared.

Spatial masses, Moran's I and Geary's C are about neighbouring voxels. On voxels of 0.8 mm a smooth map has likelier
neighbours than on voxels of 2 mm, whatever the model doubts. So every map is brought to STEP_MM first, the size that
the shipped networks work on: averaged where its voxels are finer, interpolated where they are coarser. Our own design;
the paper has images of one size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.segmentation.grids import Grid, filtered, line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from services.uncertainty.names import Measure

STEP_MM = 2.0
SPACING_MM = (STEP_MM, STEP_MM, STEP_MM)
VERSION = "1"
_BEYOND = 2
"""Voxels of either grid beyond the box that get a value of it, and one more."""


@dataclass(frozen=True)
class OnCommonGrid:
    """Arrays (k, j, i) on a box of voxels of STEP_MM; the outermost ones are 0 where the image goes on."""

    maps: Mapping[Measure, NDArray[np.float32]]
    labels: NDArray[np.uint8]
    image: Index3
    """Shape of the whole image in such voxels."""


def on_common_grid(
    maps: Mapping[Measure, NDArray[np.float32]],
    labels: NDArray[np.uint8],
    region: Region,
    image: Sequence[int],
    spacing_mm: Sequence[float],
) -> OnCommonGrid:
    """Maps and classes (k, j, i) on a box `region` of an image of this shape and spacing; beyond the box both are 0.

    Classes are those of the nearest voxel. Nothing is written into what is given.
    """
    grid = Grid(_three(image), (float(spacing_mm[0]), float(spacing_mm[1]), float(spacing_mm[2])), SPACING_MM)
    box = _widened(grid.box_of(region), grid.shape)
    room = [
        (min(first, margin), min(whole - first - size, margin))
        for first, size, whole, margin in zip(
            region.origin, region.shape, image, _margins(grid), strict=True
        )
    ]  # fmt: skip
    begin = [first - before for first, (before, _) in zip(region.origin, room, strict=True)]
    targets = [
        (np.arange(first, first + size) + 0.5) * ratio - 0.5 - start
        for first, size, ratio, start in zip(box.origin, box.shape, grid.ratio, begin, strict=True)
    ]
    padded = {measure: np.pad(values, room) for measure, values in maps.items()}
    classes = np.pad(labels, room)
    lines = [line(*along) for along in zip(targets, grid.ratio, classes.shape, strict=True)]
    nearest = [
        np.clip(np.rint(along), 0, size - 1).astype(np.intp) for along, size in zip(targets, classes.shape, strict=True)
    ]
    spread = {measure: filtered(values, lines) for measure, values in padded.items()}
    return OnCommonGrid(spread, classes[np.ix_(*nearest)], grid.shape)


def _margins(grid: Grid) -> list[int]:
    """So many voxels of 0 around a box that no target reads beyond them, along k, j, i."""
    return [int(np.ceil((_BEYOND + 2) * max(1.0, ratio))) + 1 for ratio in grid.ratio.tolist()]


def _widened(box: Region, shape: Index3) -> Region:
    """One voxel more on every side on which there is one."""
    low = [max(first - 1, 0) for first in box.origin]
    high = [min(first + size + 1, most) for first, size, most in zip(box.origin, box.shape, shape, strict=True)]
    return Region(_three(low), _three([end - begin for begin, end in zip(low, high, strict=True)]))


def _three(numbers: Sequence[int]) -> Index3:
    k, j, i = (int(number) for number in numbers)
    return k, j, i

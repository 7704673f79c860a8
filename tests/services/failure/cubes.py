"""A vessel of whole voxels, worked by hand: a square column, 20 mm wide, and what models make of it. SYNTHETIC."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.failure.grids import CaseGrids, Outlined

Mask = NDArray[np.bool_]
AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1.0]])
"""(k, j, i) to LPS: slices 3 mm apart, pixels of 1 mm; i grows to the patient's left, j to the back."""
SPACING = (3.0, 1.0, 1.0)
SHAPE = (12, 60, 60)
WALL = {1: "outer wall"}


def box(k: tuple[int, int], j: tuple[int, int], i: tuple[int, int]) -> Mask:
    """The voxels from each first to before each end."""
    found = np.zeros(SHAPE, bool)
    found[slice(*k), slice(*j), slice(*i)] = True
    return found


def column() -> Mask:
    """Ten slices of 20 x 20 mm, its middle at (29.5, 29.5)."""
    return box((1, 11), (20, 40), (20, 40))


def outlined(mask: Mask) -> Outlined:
    """As somebody's outer wall."""
    return Outlined(mask.astype(np.uint8), WALL)


def grids(model: Mask, reference: Mask, **said: object) -> CaseGrids:
    """On a grid that begins at voxel (5, 0, 0) of the image."""
    return CaseGrids((5, 0, 0), AFFINE, outlined(model), outlined(reference), **said)  # type: ignore[arg-type]

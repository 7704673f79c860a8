"""What is wrong with a mask before anything is measured: pieces and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.field import Grid

    Mask = NDArray[np.bool_]

PIECE_SHARE, PIECE_ML = 0.05, 2.0
"""A second piece larger than both breaks the vessel; a smaller one is left out, and that is said."""
HOLE_SHARE, HOLE_ML = 0.05, 2.0
"""Holes larger than both: what is outlined is not all that lies inside the wall."""
SPECK_ML = 0.05
"""What is smaller is not spoken of."""


def in_pieces(wall: Mask, voxel_ml: float) -> tuple[str, str]:
    """(reason, remark) about pieces of a mask that are not connected over faces, edges or corners; '' for none."""
    box = bounding_region(wall)
    if box is None:
        return "", ""
    labels = cc3d.connected_components(wall[slices_of(box)], connectivity=26)
    sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1] * voxel_ml
    if len(sizes) < 2:
        return "", ""
    share = sizes[1] / sizes.sum()
    if share > PIECE_SHARE and sizes[1] > PIECE_ML:
        return f"the outline is in pieces: the second one has {sizes[1]:.0f} mL, {100 * share:.0f} % of all", ""
    rest = float(sizes[1:].sum())
    return "", f"small pieces are left out, together {rest:.1f} mL" if rest > SPECK_ML else ""


def with_holes(grid: Grid) -> tuple[str, str]:
    """(reason, remark) about holes inside the outline on axial planes; '' for none."""
    filled = sum(int(np.count_nonzero(ndimage.binary_fill_holes(plane) & ~plane)) for plane in grid.inside)
    volume, hole_ml = int(np.count_nonzero(grid.inside)), filled * grid.step**3 / 1000
    share = filled / max(volume + filled, 1)
    if share > HOLE_SHARE and hole_ml > HOLE_ML:
        return f"the outline has holes of {hole_ml:.0f} mL, {100 * share:.0f} % of what it encloses", ""
    return "", f"holes are filled, together {hole_ml:.1f} mL" if hole_ml > SPECK_ML else ""

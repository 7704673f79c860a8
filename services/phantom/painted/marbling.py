"""Uneven tissue: coarse chance, smoothed and drawn out to the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

if TYPE_CHECKING:
    from services.phantom.painted.painting import Floats, Grid

CELL = 5
"""Voxels of the grid to one of the coarse one."""


def marbled(grid: Grid, middle: float, spread: float, rng: np.random.Generator) -> Floats:
    """HU [k, j, i] about `middle` with standard deviation `spread`."""
    coarse = rng.standard_normal([max(4, size // CELL) for size in grid.shape]).astype(np.float32)
    smooth = gaussian_filter(coarse, 0.8)
    field = zoom(smooth, np.divide(grid.shape, coarse.shape), order=1)
    uneven: Floats = (np.float32(middle) + field * np.float32(spread / smooth.std())).astype(np.float32)
    return uneven

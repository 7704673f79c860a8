"""Streaks from metal: the part of each projection that metal falsifies, reconstructed as a scanner would.

Along a line that crosses metal of thickness m, a polychromatic beam measures too little (beam hardening: to first
order -c m^2) and few photons are left (noise that grows with m). Both errors are filtered with a ramp and projected
back; dark bands between two pieces of metal and bright and dark rays around each follow by themselves (De Man et al.
1999, IEEE Trans Nucl Sci 46:691).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d, zoom

if TYPE_CHECKING:
    from services.phantom.implicit import Floats
    from services.phantom.plan import Grid

METAL = 3500.0
"""HU above which a voxel counts as metal."""
VIEWS = 160
HARDENING = 0.27
"""HU mm of error per mm^2 of metal, before the ramp."""
STARVED = 1.2
"""Standard deviation of the noise per millimetre of metal, in the units of HARDENING."""
GRAIN_MM = 1.4
"""Width over which neighbouring measurements of the detector are alike."""


def add_streaks(slices: Floats, grid: Grid, rng: np.random.Generator) -> None:
    """Add the streaks of all metal in the slices, in place."""
    for k in np.nonzero((slices > METAL).any(axis=(1, 2)))[0]:
        slices[k] += streaks_of(slices[k] > METAL, grid, rng)


def streaks_of(metal: np.ndarray, grid: Grid, rng: np.random.Generator) -> Floats:
    """The streaks in one slice [j, i] in HU; `metal`: where metal is."""
    y, x = grid.axis(1) - grid.middle[1], grid.axis(2) - grid.middle[2]
    pixel = grid.spacing[1]
    rows, columns = np.nonzero(metal)
    count = int(1.5 * max(grid.shape[1:]))
    half_y, half_x = y[::2, None], x[None, ::2]
    total = np.zeros((half_y.size, half_x.size))
    ramp = np.abs(np.fft.rfftfreq(2 * count, pixel))
    for angle in (np.arange(VIEWS) + 0.5) * np.pi / VIEWS:
        along = (x[columns] * np.cos(angle) + y[rows] * np.sin(angle)) / pixel + count / 2
        thickness = gaussian_filter1d(np.bincount(np.rint(along).astype(int), minlength=count) * pixel, 0.7)
        noise = gaussian_filter1d(rng.standard_normal(count), GRAIN_MM / pixel) * np.sqrt(3.5 * GRAIN_MM / pixel)
        error = -HARDENING * thickness**2 + STARVED * thickness * noise
        filtered = np.fft.irfft(np.fft.rfft(error, 2 * count) * ramp)[:count]
        total += np.interp(
            (half_x * np.cos(angle) + half_y * np.sin(angle)) / pixel + count / 2, np.arange(count), filtered
        )
    scaled = total * (np.pi / VIEWS) * 220
    spread: Floats = zoom(scaled, np.divide(metal.shape, scaled.shape), order=1, grid_mode=True, mode="nearest")
    return np.where(metal, 0, spread).astype(np.float32)

"""The painted body's scanner: a boxy point spread, and noise of two grains that changes from slice to slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, uniform_filter, uniform_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.painted.painting import Floats, Grid

APERTURE_MM = 1.5
"""Width of the box that a voxel sees, in the plane."""
RAYS = 34
"""Bright and dark rays around a piece of metal."""


def scanned(
    hounsfield: Floats, grid: Grid, noise: float, thickness: float, rng: np.random.Generator
) -> NDArray[np.int16]:
    """int16 HU [k, j, i]; `thickness`: neighbouring slices are averaged over this many mm, 0 for none."""
    aperture = [max(1, round(APERTURE_MM / size)) for size in grid.spacing[1:]]
    seen = uniform_filter(gaussian_filter(hounsfield, (0.3, 0.45, 0.45)), (1, *aperture))
    if thickness:
        seen = uniform_filter1d(seen, max(2, round(thickness / grid.spacing[0])), axis=0)
    noisy = seen + np.float32(noise) * _grain(seen.shape, rng)
    hounsfield_units: NDArray[np.int16] = np.clip(np.rint(noisy), -1024, 3071).astype(np.int16)
    return hounsfield_units


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Fine and coarse grain mixed, standard deviation 1; the tube flickers, so that slices differ."""
    white = rng.standard_normal(shape, dtype=np.float32)
    fine, coarse = gaussian_filter(white, (0, 0.6, 0.6)), gaussian_filter(white, (0.4, 1.7, 1.7))
    mixed = fine / fine[::4].std() + 0.7 * coarse / coarse[::4].std()
    flicker = 1 + 0.08 * rng.standard_normal(shape[0]).astype(np.float32)
    grain: Floats = mixed / mixed[::4].std() * flicker[:, None, None] / np.sqrt((flicker**2).mean())
    return grain


def streaked(hounsfield: Floats, grid: Grid, rng: np.random.Generator) -> Floats:
    """With rays around the metal of each slice that fade with the distance."""
    result = hounsfield.copy()
    y, x = grid.axis(1), grid.axis(2)
    for k in np.nonzero((hounsfield > 4000).any(axis=(1, 2)))[0]:
        rows, columns = np.nonzero(hounsfield[k] > 4000)
        for side in (columns < columns.mean(), columns >= columns.mean()):
            if side.any():
                result[k] += _rays(y - y[rows[side]].mean(), x - x[columns[side]].mean(), rng)
    return result


def _rays(dy: Floats, dx: Floats, rng: np.random.Generator) -> Floats:
    table = np.convolve(rng.standard_normal(4 * RAYS), [0.3, 0.4, 0.3], mode="same")
    angle = np.arctan2(dy[:, None], dx[None, :])
    away = np.hypot(dy[:, None], dx[None, :])
    turn = (angle / (2 * np.pi) + 0.5) * (len(table) - 1)
    rays: Floats = map_coordinates(table, turn[None], order=1) * 170 * np.exp(-away / 55) * np.clip(away / 6, 0, 1)
    return rays.astype(np.float32)

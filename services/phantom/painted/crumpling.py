"""Painted shapes pulled this way and that, so that no ellipsoid stays one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

if TYPE_CHECKING:
    from services.phantom.painted.painting import Canvas, Floats

WIDE, NARROW = (42.0, 3.4), (15.0, 1.1)
"""Wavelength and standard deviation of the displacement in mm."""


def crumple(canvas: Canvas, rng: np.random.Generator) -> None:
    """Displace all that is on the canvas in the plane; Hounsfield units between voxels, labels by the nearest."""
    shape, (_, row, column) = canvas.grid.shape, canvas.grid.spacing
    down, across = (_field(canvas, *WIDE, rng) + _field(canvas, *NARROW, rng) for _ in range(2))
    rows = np.arange(shape[1], dtype=np.float32)[:, None]
    columns = np.arange(shape[2], dtype=np.float32)[None, :]
    for k in range(shape[0]):
        place = np.stack([rows + down[k] / np.float32(row), columns + across[k] / np.float32(column)])
        canvas.hounsfield[k] = map_coordinates(canvas.hounsfield[k], place, order=1, mode="nearest")
        nearest = [
            np.clip(np.rint(part), 0, size - 1).astype(np.int32) for part, size in zip(place, shape[1:], strict=True)
        ]
        canvas.labels[k] = canvas.labels[k][nearest[0], nearest[1]]


def _field(canvas: Canvas, wavelength: float, deviation: float, rng: np.random.Generator) -> Floats:
    cells = [
        max(4, round(size * step / wavelength * 2))
        for size, step in zip(canvas.grid.shape, canvas.grid.spacing, strict=True)
    ]
    coarse = gaussian_filter(rng.standard_normal(cells).astype(np.float32), 0.9)
    field: Floats = zoom(coarse * (deviation / coarse.std()), np.divide(canvas.grid.shape, cells), order=1)
    return field

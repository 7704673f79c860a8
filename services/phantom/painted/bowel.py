"""Painted bowel: strings of overlapping ellipsoids, wall first, then fluid, contrast medium or gas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.painted.marbling import marbled
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from services.phantom.painted.painting import Canvas, Floats

FILLINGS, HOW_OFTEN = (18.0, 24.0, 30.0, 210.0), (0.4, 0.3, 0.2, 0.1)


def paint_bowel(canvas: Canvas, half_width: float, half_depth: float, fat: float, rng: np.random.Generator) -> None:
    """Loops of small bowel in front, colon at both sides."""
    depth = half_depth - fat
    stool = marbled(canvas.grid, -30.0, 75.0, rng)
    for _ in range(95):
        z, x = float(rng.uniform(-150, 35)), float(rng.uniform(-95, 95))
        y = float(rng.uniform(-0.84 * depth, -20 + 0.25 * abs(x)))
        r = float(rng.uniform(10, 16))
        long = (float(rng.uniform(0.9, 2.2)) * r, float(rng.uniform(0.9, 1.3)) * r, float(rng.uniform(0.9, 2.0)) * r)
        _loop(canvas, (z, y, x), long, float(rng.choice(FILLINGS, p=HOW_OFTEN)))
        if rng.random() < 0.35:
            gas = (long[0] * 0.8 - 2, long[1] * 0.5 - 1.3, long[2] * 0.8 - 2)
            canvas.ellipsoid((z, y - 0.45 * r, x), gas, -900.0, None)
    for side in (-1.0, 1.0):
        _colon(canvas, side * (half_width - fat - 44), stool, rng)


def _colon(canvas: Canvas, aside: float, stool: Floats, rng: np.random.Generator) -> None:
    """A string of beads that grow together: all walls, then all that they hold, then gas in front."""
    z = np.arange(-172.0, 33.0, 13.0) + rng.uniform(-3, 3, 16)
    y, x = rng.uniform(-6, 8) + 6 * np.sin(z / 35 + rng.uniform(0, 6)), aside + 7 * np.sin(z / 28 + rng.uniform(0, 6))
    size = rng.uniform(0.75, 1.1, 16)
    beads = [(float(a), float(b), float(c)) for a, b, c in zip(z, y, x, strict=True)]
    for centre, s in zip(beads, size, strict=True):
        canvas.ellipsoid(centre, (16 * s, 22 * s, 21 * s), 60.0, Structure.BOWEL)
    for centre, s in zip(beads, size, strict=True):
        canvas.ellipsoid(centre, (14 * s, 22 * s - 2.5, 21 * s - 2.5), stool, None)
    for centre, s in zip(beads, size, strict=True):
        if rng.random() < 0.7:
            canvas.ellipsoid((centre[0], centre[1] - 8 * s, centre[2]), (12 * s, 9 * s, 14 * s), -880.0, None)


def paint_touching_bowel(canvas: Canvas, centre: Floats, radius: Floats, rng: np.random.Generator) -> None:
    """Loops pressed to the front of the sac, with no fat between."""
    z = canvas.grid.axis(0)
    for offset in (-16.0, 2.0, 20.0):
        k = int(np.argmin(np.abs(z - z[int(np.argmax(radius))] - offset)))
        y, x = centre[k]
        aside = float(rng.uniform(-9, 9))
        _loop(canvas, (float(z[k]), float(y - radius[k] - 8), float(x) + aside), (13.0, 11.0, 19.0), 26.0)


def _loop(
    canvas: Canvas, centre: tuple[float, float, float], radii: tuple[float, float, float], filling: float
) -> None:
    canvas.ellipsoid(centre, radii, 70.0, Structure.BOWEL)
    canvas.ellipsoid(centre, (radii[0] - 2.5, radii[1] - 2.5, radii[2] - 2.5), filling, None)

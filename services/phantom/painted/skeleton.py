"""Ribs, spine and screws of the painted body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.structures import Structure

if TYPE_CHECKING:
    from services.phantom.painted.painting import Canvas, Distance, Floats

SPINE_Y = 42.0
"""y of the middle of the vertebral bodies."""
VERTEBRA_MM, DISC_MM = 34.0, 8.0
WHOLE = ((-1e4, 1e4), (-1e4, 1e4), (-1e4, 1e4))


def paint_ribs(canvas: Canvas, width: float, depth: float) -> None:
    """Cut across, ribs are short bright ovals in the body wall that move as one scrolls."""
    for side in (-1.0, 1.0):
        for number in range(6):
            for step in range(26):
                angle = 0.25 + 0.07 * step
                z = 25.0 + 27.0 * number - 4.4 * step
                if z > 0:
                    y, x = depth * np.cos(angle), side * width * np.sin(angle)
                    canvas.ellipsoid((z, y, x), (6.0, 4.4, 6.0), 520.0, Structure.OTHER_BONE)
                    canvas.ellipsoid((z, y, x), (4.2, 2.6, 7.0), 180.0, None)


def paint_spine(canvas: Canvas) -> None:
    """Bodies with discs between them, arches, a canal, spinous and transverse processes."""
    bone = Structure.VERTEBRA
    canvas.paint(_vertebra(23.5, 18.0, 0.0), WHOLE, 90.0, Structure.OTHER_SOFT_TISSUE)
    canvas.paint(_vertebra(23.0, 17.0, DISC_MM / 2), WHOLE, 420.0, bone)
    canvas.paint(_vertebra(20.8, 14.8, DISC_MM / 2 + 2.2), WHOLE, 165.0, None)
    canvas.paint(_arches, WHOLE, 330.0, bone)
    canvas.ellipsoid((0.0, SPINE_Y + 25, 0.0), (1e4, 9, 11), 25.0, Structure.OTHER_SOFT_TISSUE)
    lowest, highest = canvas.grid.axis(0)[[0, -1]]
    for z in np.arange(lowest - VERTEBRA_MM, highest + VERTEBRA_MM, VERTEBRA_MM):
        middle = float(np.floor(z / VERTEBRA_MM) * VERTEBRA_MM + VERTEBRA_MM / 2)
        canvas.ellipsoid((middle - 6, SPINE_Y + 50, 0.0), (10.0, 17.0, 4.5), 300.0, bone)
        for side in (-1.0, 1.0):
            canvas.ellipsoid((middle + 3, SPINE_Y + 27, side * 34), (7.0, 5.0, 22.0), 260.0, bone)


def _arches(z: Floats, y: Floats, x: Floats) -> Floats:
    """Rings around the canal, one a vertebra, open between."""
    ring = 15 * (np.sqrt(((y - SPINE_Y - 27) / 15) ** 2 + (x / 17) ** 2) - 1)
    ends = np.abs(np.mod(z, VERTEBRA_MM) - VERTEBRA_MM / 2 + 3) - 12
    rings: Floats = np.maximum(ring, ends).astype(np.float32)
    return rings


def _vertebra(half_width: float, half_depth: float, gap: float) -> Distance:
    """Vertebral bodies one above the other, `gap` mm shorter at either end."""

    def distance(z: Floats, y: Floats, x: Floats) -> Floats:
        across = np.sqrt((x / half_width) ** 2 + ((y - SPINE_Y) / half_depth) ** 2)
        phase = np.mod(z, VERTEBRA_MM) - VERTEBRA_MM / 2
        waist = 1 + 0.10 * (2 * phase / VERTEBRA_MM) ** 2
        sides = half_depth * (across / waist - 1)
        ends = np.abs(phase) - (VERTEBRA_MM / 2 - gap) if gap else np.full_like(phase, -np.inf)
        return np.maximum(sides, ends).astype(np.float32)

    return distance


def paint_metal(canvas: Canvas) -> None:
    """Screws from behind into two vertebrae."""
    for z in (-VERTEBRA_MM / 2, VERTEBRA_MM / 2):
        for side in (-1.0, 1.0):
            canvas.ellipsoid((z, SPINE_Y + 16, side * 14), (3.2, 27.0, 3.2), 5200.0, Structure.OTHER_BONE)

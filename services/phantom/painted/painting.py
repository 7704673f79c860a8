"""A CT volume as a canvas: shapes are given by a distance in millimetres and painted with a soft edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from services.phantom.structures import Structure

Floats = NDArray[np.float32]
Distance = Callable[[Floats, Floats, Floats], Floats]
"""Of z (k, 1, 1), y (1, j, 1) and x (1, 1, i), LPS millimetres: negative inside; may be approximate."""
Bounds = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""Lowest and highest z, y and x of a shape, in millimetres."""
EDGE_MM = 1.4
"""Over this distance a tissue gives way to the next: the partial volume of a voxel."""


@dataclass(frozen=True)
class Grid:
    """Voxel centres of an axial scan around the origin: x to the left, y to the back, z to the head."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]

    def axis(self, number: int) -> Floats:
        """Positions along one of (k, j, i) in millimetres."""
        size = self.shape[number]
        positions = (np.arange(size) - (size - 1) / 2) * self.spacing[number]
        return positions.astype(np.float32)

    @property
    def affine(self) -> NDArray[np.float64]:
        """(k, j, i) to LPS millimetres, 4x4."""
        matrix = np.zeros((4, 4))
        matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = *self.spacing, 1.0
        matrix[:3, 3] = [self.axis(2)[0], self.axis(1)[0], self.axis(0)[0]]
        return matrix


class Canvas:
    """Hounsfield units and labels [k, j, i] that begin as air; each shape is painted over what is there."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.hounsfield = np.full(grid.shape, -1000.0, dtype=np.float32)
        self.labels = np.zeros(grid.shape, dtype=np.uint8)

    def paint(self, distance: Distance, bounds: Bounds, hounsfield: float | Floats, label: Structure | None) -> None:
        """Fill a shape; `bounds` must hold all of it, or its rest is left out. Without a label the old one stays."""
        box, (z, y, x) = self.part(bounds)
        if 0 in (z.size, y.size, x.size):
            return
        away = distance(z, y, x)
        inside = np.clip(0.5 - away / EDGE_MM, 0.0, 1.0)
        here = self.hounsfield[box]
        target = hounsfield[box] if isinstance(hounsfield, np.ndarray) else np.float32(hounsfield)
        here += inside * (target - here)
        if label is not None:
            np.putmask(self.labels[box], np.broadcast_to(away, here.shape) < 0, np.uint8(label))

    def ellipsoid(
        self,
        centre: tuple[float, float, float],
        radii: tuple[float, float, float],
        hounsfield: float | Floats,
        label: Structure | None,
    ) -> None:
        """An ellipsoid with centre and radii (z, y, x) in millimetres."""
        (cz, cy, cx), (rz, ry, rx) = centre, radii
        smallest = np.float32(min(radii))

        def distance(z: Floats, y: Floats, x: Floats) -> Floats:
            ring: Floats = np.sqrt(((z - cz) / rz) ** 2 + ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2)
            return smallest * (ring - 1)

        around = [
            (middle - radius - EDGE_MM, middle + radius + EDGE_MM) for middle, radius in zip(centre, radii, strict=True)
        ]
        self.paint(distance, (around[0], around[1], around[2]), hounsfield, label)

    def part(self, bounds: Bounds) -> tuple[tuple[slice, slice, slice], tuple[Floats, Floats, Floats]]:
        """The index of a box of the canvas, and its z, y and x shaped to broadcast."""
        found = []
        for number, (low, high) in enumerate(bounds):
            axis = self.grid.axis(number)
            found.append(slice(int(np.searchsorted(axis, low)), int(np.searchsorted(axis, high, side="right"))))
        box = (found[0], found[1], found[2])
        z, y, x = (self.grid.axis(number)[part] for number, part in enumerate(box))
        return box, (z[:, None, None], y[None, :, None], x[None, None, :])

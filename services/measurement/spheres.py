"""Largest spheres that lie inside the wall: distances from the points where it crosses the voxels' edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import KDTree

from services.measurement.field import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.field import Grid

    Numbers = NDArray[np.float64]


class Spheres:
    """Distances from the wall of a field."""

    def __init__(self, grid: Grid) -> None:
        self._wall = KDTree(wall_points(grid))

    def radii(self, points: Numbers) -> Numbers:
        """(n,): distance of each point (n, 3), LPS mm, from the wall; of a point outside also."""
        return np.asarray(self._wall.query(points)[0], np.float64)

    def largest(self, start: Numbers) -> tuple[Numbers, float]:
        """Centre (3,) and radius of the largest sphere that is met when a sphere at `start` moves to where it grows."""
        found = minimize(
            lambda point: -self._wall.query(point)[0], start, method="Nelder-Mead", options={"xatol": 0.05}
        )
        return np.asarray(found.x, np.float64), -float(found.fun)


def wall_points(grid: Grid) -> Numbers:
    """(n, 3), LPS mm: where the wall crosses the lines between neighbouring voxels, linearly between their values."""
    found = []
    for axis in range(3):
        first = np.moveaxis(grid.values, axis, 0)
        below, above = first[:-1], first[1:]
        index = np.argwhere((below > LEVEL) != (above > LEVEL))
        a, b = below[tuple(index.T)], above[tuple(index.T)]
        moved = index.astype(np.float64)
        moved[:, 0] += (LEVEL - a) / (b - a)
        found.append(np.moveaxis(_unrolled(moved, axis), 0, 0))
    return grid.points(np.concatenate(found))


def _unrolled(index: Numbers, axis: int) -> Numbers:
    """Indices (axis, others...) back in the order z, y, x."""
    order = [axis, *(other for other in range(3) if other != axis)]
    return index[:, np.argsort(order)]

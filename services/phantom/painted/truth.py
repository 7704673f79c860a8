"""The largest diameter of a painted aorta across its axis, from the formulas that `vessels` paints it with.

The axis is the middle of the vessel on every height. In a plane normal to it the wall is found along each ray from the
axis by halving: the painted wall is seen whole from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.painted.skeleton import SPINE_Y
from services.phantom.painted.vessels import WAVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.painted.anatomy import PaintedPlan

    Numbers = NDArray[np.float64]

FRONT_OF_SPINE = SPINE_Y - 17.0
ABOVE_THE_FORK, BELOW_THE_TOP = 6.0, 8.0
"""The diameter is sought between these distances from the bifurcation and from the highest slice, mm."""
COARSE_MM, FINE_MM = 2.0, 0.1
"""Planes lie this far apart: at first, and around the widest."""
ANGLES, FINE_ANGLES = 72, 360
HALVINGS = 26
"""40 mm / 2^26 is next to nothing."""


class _Wall:
    """The outer wall of a plan; points are (..., 3) in the order z, y, x."""

    def __init__(self, plan: PaintedPlan) -> None:
        self._shape = plan.aorta
        self._heights = plan.rng(3).uniform(0.3, 1.5, size=WAVES)  # the first that `aorta_on` draws
        self.farthest = 1.6 * max(self._shape.radius, self._shape.sac_radius) + 12

    def swelling(self, z: Numbers) -> Numbers:
        """1 in the middle of the sac, 0 far away."""
        shape = self._shape
        swollen = shape.sac_radius > shape.radius
        return np.asarray(np.exp(-(((z - shape.sac_centre) / shape.sac_length) ** 4)) * swollen)

    def radius(self, z: Numbers) -> Numbers:
        return np.asarray(self._shape.radius + (self._shape.sac_radius - self._shape.radius) * self.swelling(z))

    def axis(self, z: Numbers) -> Numbers:
        y, x = FRONT_OF_SPINE - 3.0 - self.radius(z), 8.0 + self._shape.sway * np.sin(z / 45.0)
        return np.stack([z, y, x], axis=-1)

    def outside(self, points: Numbers) -> NDArray[np.bool_]:
        """Whether points lie outside the wall, bifurcation aside."""
        z = points[..., 0]
        _, y, x = np.moveaxis(self.axis(z), -1, 0)
        dy, dx = points[..., 1] - y, points[..., 2] - x
        angle, swelling = np.arctan2(dy, dx), self.swelling(z)
        waves = sum(self._heights[n] * swelling * np.cos((n + 2) * angle + n) for n in range(WAVES))
        return np.asarray(np.hypot(dy, dx) > self.radius(z) + waves)


def largest_diameter(plan: PaintedPlan) -> float:
    """The largest distance, mm, of two points of the outer wall in one plane normal to the painted axis."""
    wall, top = _Wall(plan), float(plan.grid.axis(0)[-1])
    z = np.arange(plan.aorta.bifurcation + ABOVE_THE_FORK, top - BELOW_THE_TOP, COARSE_MM)
    widest = float(z[int(np.argmax(_diameters(wall, z, ANGLES)))])
    near = np.arange(widest - COARSE_MM, widest + COARSE_MM, FINE_MM)
    return float(_diameters(wall, near, FINE_ANGLES).max())


def _diameters(wall: _Wall, z: Numbers, count: int) -> Numbers:
    centres = wall.axis(z)
    normals = wall.axis(z + 0.5) - wall.axis(z - 0.5)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    left = np.array([0.0, 0.0, 1.0]) - normals * normals[:, 2:]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    angles = np.arange(count) * 2 * np.pi / count
    across = np.cross(normals, left)
    rays = np.cos(angles)[:, None] * left[:, None] + np.sin(angles)[:, None] * across[:, None]
    near, far = np.zeros(rays.shape[:2]), np.full(rays.shape[:2], wall.farthest)
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        beyond = wall.outside(centres[:, None] + middle[..., None] * rays)
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    outline = near[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.array([np.linalg.norm(line[:, None] - line[None], axis=-1).max() for line in outline])

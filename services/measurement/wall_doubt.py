"""How far the outer wall may lie from where it was drawn, along its own normals, as a probability map has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.sections import Section

    Floats = NDArray[np.float64]

POINTS = 72
"""On each outline, equally spaced along it."""
INWARDS_MM, OUTWARDS_MM, STEP_MM = 24.0, 12.0, 1.0
"""How far to either side of the wall the probability is read, and how finely."""
WITHIN = 0.8
"""Of the way to the middle of the outline at most."""


@dataclass(frozen=True)
class Rings:
    """Outlines of the outer wall in some planes, all with the same number of points."""

    points: Floats
    """(ring, point, 3), LPS mm."""
    front: Floats
    """(ring, 3), unit axes of each plane, as `left`."""
    left: Floats
    outwards: Floats
    """(ring, point, 3): unit normals of the outline in its plane."""

    @classmethod
    def of(cls, sections: Sequence[Section], count: int = POINTS) -> Rings:
        """The outlines of sections, read anew at `count` points."""
        drawn = np.stack([evenly(section.outline, count) for section in sections])
        centres, front, left = (
            np.stack([getattr(one, name) for one in sections]) for name in ("centre", "front", "left")
        )
        normals = _outwards(drawn)
        return cls(centres[:, None] + in_space(drawn, front, left), front, left, in_space(normals, front, left))

    def __len__(self) -> int:
        """How many planes."""
        return len(self.points)

    def some(self, wanted: NDArray[np.bool_]) -> Rings:
        """Those of some planes."""
        return Rings(self.points[wanted], self.front[wanted], self.left[wanted], self.outwards[wanted])

    @property
    def inwards_mm(self) -> Floats:
        """(ring, point): how far each point lies from the middle of its outline."""
        return np.asarray(np.linalg.norm(self.points - self.points.mean(axis=1, keepdims=True), axis=2))


def in_space(plane: Floats, front: Floats, left: Floats) -> Floats:
    """Vectors (ring, point, 2) of planes as (ring, point, 3) in space."""
    return np.asarray(plane[..., :1] * front[:, None] + plane[..., 1:] * left[:, None])


def evenly(outline: Floats, count: int) -> Floats:
    """A closed outline (m, 2) at `count` points equally spaced along it, with the sense of front to left."""
    closed = np.concatenate([outline, outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    wanted = np.arange(count) * along[-1] / count
    read = np.stack([np.interp(wanted, along, closed[:, axis]) for axis in range(2)], axis=1)
    following = np.roll(read, -1, axis=0)
    turning = (read[:, 0] * following[:, 1] - read[:, 1] * following[:, 0]).sum()
    return read if turning > 0 else read[::-1]


def _outwards(outlines: Floats) -> Floats:
    """Unit normals (ring, point, 2) of outlines that turn from front to left."""
    tangent = np.roll(outlines, -1, axis=1) - np.roll(outlines, 1, axis=1)
    normal = np.stack([tangent[..., 1], -tangent[..., 0]], axis=-1)
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))


def wall_moments(probability: NDArray[np.floating], affine: Floats, rings: Rings) -> tuple[Floats, Floats]:
    """Mean and standard deviation (ring, point), mm, of where the wall crosses the normal, counted outwards.

    The probability of being inside falls from 1 to 0 along a normal; its fall is read as the distribution of the
    crossing: with s from the inner end, E[s] = integral of p, E[s^2] = 2 integral of s p. Where it does not fall the
    moments mean less: they are bounded by the reach.

    probability: (k, j, i), 0 to 1. affine: 4x4, (k, j, i) to LPS mm. Outside of the array nothing is inside.
    """
    steps = np.arange(-INWARDS_MM, OUTWARDS_MM + STEP_MM / 2, STEP_MM)
    deepest = -WITHIN * rings.inwards_mm
    along = np.maximum(steps, deepest[..., None])
    places = rings.points[:, :, None] + along[..., None] * rings.outwards[:, :, None]
    inverse = np.linalg.inv(affine)
    indices = np.moveaxis(places @ inverse[:3, :3].T + inverse[:3, 3], -1, 0)
    inside = map_coordinates(np.asarray(probability, np.float32), indices, order=1, mode="constant")
    begun = steps + INWARDS_MM
    first = np.trapezoid(inside, begun, axis=-1)
    second = 2 * np.trapezoid(begun * inside, begun, axis=-1)
    return first - INWARDS_MM, np.sqrt(np.maximum(second - first**2, 0.0))

"""What is known of a generated aorta from its formulas alone, no voxel asked: axis, wall, diameter, volumes.

The wall is where the distance of the outer surface is zero. Along a ray from outside it is found by going inwards by
the distance again and again, which never steps over it (sphere tracing; Hart 1996, Visual Computer 12:527).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.aorta import RELAXED, WALL_MM
from services.phantom.implicit import scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.aorta import Aorta
    from services.phantom.plan import Plan

    Numbers = NDArray[np.float64]

STEPS = 26
CLOSE_MM = 1e-3
REACH_MM = 6.0
RAY_STEP_MM = 0.7
"""Between midpoints on a ray; they go so far beyond the wall that its edge lies within one."""
AT_ONCE = 6
"""Planes that are asked together."""
ANGLES, FINE_ANGLES = 96, 360
FINE_MM = 0.1
"""Planes normal to the axis lie this far apart around the widest one."""
PLANE_MM = 2.5
"""Axial planes of the volumes lie this far apart."""
LOWEST_MM = 14.0
"""The round end of the aorta reaches at most so far below the bifurcation."""
ABOVE_THE_FORK, BELOW_THE_RENALS = 6.0, 84.0
"""The diameter is sought between these heights above the bifurcation."""


@dataclass(frozen=True)
class Truth:
    """The reference values of one generated scan."""

    diameter_mm: float
    """Largest diameter in a plane normal to the generating axis, from outer wall to outer wall."""
    diameter_at: tuple[float, float, float]
    """Where the axis passes through that plane: (x, y, z), LPS mm."""
    outer_ml: float
    """All inside the outer wall from the bifurcation to the top of the scan."""
    lumen_ml: float
    """The part labelled lumen: blood and bare wall."""
    thrombus_ml: float


def truth_of(aorta: Aorta, plan: Plan) -> Truth:
    """Diameter and volumes of a plan's aorta, as far up as the scan reaches."""
    diameter, centre = largest_diameter(aorta)
    outer, lumen = volumes(aorta, *_extent(plan))
    z, y, x = (float(value) for value in centre)
    return Truth(diameter, (x, y, z), outer, lumen, outer - lumen)


def _extent(plan: Plan) -> tuple[float, float]:
    """Lower side of the lowest slice, upper side of the highest."""
    z, half = plan.grid.axis(0), plan.grid.spacing[0] / 2
    return float(z[0]) - half, float(z[-1]) + half


def axis_points(aorta: Aorta, every: float = 1.0) -> tuple[Numbers, Numbers]:
    """Points (n, 3) on the generating axis, (z, y, x) from the top down, `every` mm along it, and its unit tangents."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(aorta.axis, axis=0), axis=1))])
    wanted = np.arange(0.0, along[-1], every)
    points = _on(aorta, along, wanted)
    tangents = _on(aorta, along, wanted + 4.5) - _on(aorta, along, wanted - 4.5)
    return points, tangents / np.linalg.norm(tangents, axis=1, keepdims=True)


def _on(aorta: Aorta, along: Numbers, wanted: Numbers) -> Numbers:
    return np.stack([np.interp(wanted, along, aorta.axis[:, axis]) for axis in range(3)], axis=1)


def wall_radius(aorta: Aorta, centres: Numbers, normals: Numbers, angles: Numbers) -> Numbers:
    """Distance of the outer wall from each centre at each angle in the plane with that normal: (plane, angle), mm."""
    directions = _directions(normals, angles)
    start = float(aorta.radius.max()) + max((2 * size for _, size in aorta.bulges), default=0.0) + 8
    radius = np.full(directions.shape[:2], start)
    for first in range(0, len(centres), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        for _ in range(STEPS):
            points = centres[some, None] + radius[some, :, None] * directions[some]
            distance = aorta.outer(scattered(points), REACH_MM)
            radius[some] -= RELAXED * distance
            if np.abs(distance).max() < CLOSE_MM:
                break
    return radius


def _directions(normals: Numbers, angles: Numbers) -> Numbers:
    """Unit vectors (plane, angle, 3) in each plane; angle 0 to the front, a quarter turn to the left."""
    left = np.array([0.0, 0.0, 1.0]) - normals * normals[:, 2:]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    front = np.cross(normals, left)
    front *= np.where(front[:, 1:2] > 0, -1.0, 1.0)
    return np.cos(angles)[None, :, None] * front[:, None] + np.sin(angles)[None, :, None] * left[:, None]


def largest_diameter(aorta: Aorta) -> tuple[float, Numbers]:
    """The largest distance of two points of the wall in one plane normal to the axis, and that plane's centre."""
    points, tangents = axis_points(aorta)
    height = points[:, 0] - aorta.bifurcation
    held = np.nonzero((height > ABOVE_THE_FORK) & (height < BELOW_THE_RENALS))[0]
    widest = held[int(np.argmax(_diameters(aorta, points[held], tangents[held], ANGLES)))]
    points, tangents = axis_points(aorta, FINE_MM)
    near = np.abs(np.arange(len(points)) - round(widest / FINE_MM)) <= round(1.5 / FINE_MM)
    near &= points[:, 0] - aorta.bifurcation > ABOVE_THE_FORK
    fine = _diameters(aorta, points[near], tangents[near], FINE_ANGLES)
    return float(fine.max()), points[near][int(np.argmax(fine))]


def _diameters(aorta: Aorta, centres: Numbers, normals: Numbers, count: int) -> Numbers:
    angles = np.arange(count) * 2 * np.pi / count
    radius = wall_radius(aorta, centres, normals, angles)
    outline = radius[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    apart = [np.linalg.norm(line[:, None] - line[None], axis=-1).max() for line in outline]
    return np.array(apart)


def volumes(aorta: Aorta, bottom: float, top: float) -> tuple[float, float]:
    """Millilitres inside the outer wall, and of the lumen with its bare wall, between two levels."""
    bottom = max(aorta.bifurcation - LOWEST_MM, bottom)
    count = max(2, round((top - bottom) / PLANE_MM))
    levels = bottom + (np.arange(count) + 0.5) * (top - bottom) / count
    centres = np.stack([levels, *(_at(aorta, levels, axis) for axis in (1, 2))], axis=1)
    upwards = np.tile([1.0, 0.0, 0.0], (count, 1))
    angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
    wall = np.maximum(wall_radius(aorta, centres, upwards, angles), 0)
    whole, inner = _areas(aorta, centres, wall, _directions(upwards, angles))
    per_plane = (top - bottom) / count / 1000
    return float(whole.sum() * per_plane), float(inner.sum() * per_plane)


def _at(aorta: Aorta, levels: Numbers, axis: int) -> Numbers:
    return np.asarray(np.interp(levels, aorta.axis[::-1, 0], aorta.axis[::-1, axis]), float)


def _areas(aorta: Aorta, centres: Numbers, wall: Numbers, directions: Numbers) -> tuple[Numbers, Numbers]:
    """Area inside the wall and of the lumen in each plane, by midpoints on every ray; a share at an edge is a share.

    Midpoints and not the wall's radius squared: a ray may leave a saccular aneurysm and enter it again.
    """
    reach = wall + RAY_STEP_MM
    count = max(8, int(reach.max() / RAY_STEP_MM))
    share = (np.arange(count) + 0.5) / count
    areas = np.zeros((2, len(centres)))
    for first in range(0, len(centres), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        radius = reach[some, :, None] * share
        points = scattered(centres[some, None, None] + radius[..., None] * directions[some, :, None])
        outer = aorta.outer(points, REACH_MM)
        lumen = aorta.lumen(points, outer, REACH_MM)
        bare = np.maximum(np.minimum(lumen, lumen - outer - np.float32(2 * WALL_MM)), outer)
        step = np.maximum(reach[some, :, None] / count, 1e-3)
        for number, distance in enumerate((outer, bare)):
            inside = np.clip(0.5 - distance / step, 0, 1)
            ring = (inside * radius * reach[some, :, None]).sum(axis=(1, 2))
            areas[number, some] = ring / count * 2 * np.pi / wall.shape[1]
    return areas[0], areas[1]

"""From the outer wall to its centreline: the aorta down to where it divides, and its limbs.

1. The wall on voxels of 1.5 mm, its largest piece. Ends are the voxels farthest from each other inside.
2. The path of least cost between them (services/measurement/paths.py); a second limb is what lies far from that path.
3. The path is smoothed, then drawn to the middles of the sections perpendicular to it, and smoothed again, twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

from services.measurement.curves import Curve, lengths, smoothed, spaced
from services.measurement.extent import near_the_edge
from services.measurement.field import LEVEL, field_of, grid_of
from services.measurement.limbs import second_limb
from services.measurement.names import Undefined
from services.measurement.paths import Inside, ends_of, inside_of
from services.measurement.sections import centred
from services.measurement.spheres import Spheres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.field import Field, Grid

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

SHORTEST = 1.5
"""A vessel must be at least so many times as long as it is wide."""
SMOOTH_MM, SMOOTH_RADII = 5.0, 0.4
"""Standard deviation of the weights that a curve is smoothed with along itself: the larger of mm and radii."""
ROUNDS = 2
"""How often the curve is drawn to the middles of its sections."""


@dataclass(frozen=True)
class Centrelines:
    """The centreline of an aorta and of the limbs below it."""

    aorta: Curve
    """From the top down to the bifurcation, or to the lower end of the outline."""
    iliacs: tuple[Curve, ...]
    """None, or two: the patient's right one and the left one."""
    bifurcation: tuple[float, float, float] | None
    """LPS mm; None where the outline does not divide."""
    cut_below: bool = False
    """The scan ends where the outline does, so that the lower end is not the bifurcation."""


def centreline(
    wall: Mask,
    affine: Numbers,
    *,
    origin: tuple[int, int, int] = (0, 0, 0),
    shape: tuple[int, int, int] | None = None,
) -> Centrelines | Undefined:
    """The centrelines of a mask [k, j, i] inside the outer wall; see `field_of` for `origin` and `shape`."""
    field = field_of(wall, affine, origin=origin, shape=shape)
    return centreline_of(field) if field is not None else Undefined("nothing is outlined")


def centreline_of(field: Field, grid: Grid | None = None) -> Centrelines | Undefined:
    """The centrelines of a field; `grid`: its voxels of equal sides, where they are known."""
    grid = grid or grid_of(field)
    mask = largest_piece(grid.inside)
    if not mask.any():
        return Undefined("the outline is too small to be measured")
    spheres = Spheres(grid)
    inside = inside_of(ndimage.binary_fill_holes(mask), grid.step)
    top, bottom = ends_of(inside)
    path = inside.path(top, bottom)
    if lengths(grid.points(path))[-1] < SHORTEST * 2 * inside.depth.max():
        return Undefined("the outline is shorter than it is wide")
    limb = second_limb(inside, path)
    trunk = path if limb is None else path[: limb.parts_at + 1]
    aorta = _curve(field, spheres, _chain(grid, inside, trunk, ends=(True, limb is None)), ends=(True, limb is None))
    if limb is None:
        return Centrelines(aorta, (), None, near_the_edge(field, aorta.points[-1]))
    fork = aorta.points[-1]
    curves = [
        _curve(field, spheres, _chain(grid, inside, part, ends=(False, True)), ends=(False, True), start=fork)
        for part in (path[limb.parts_at + 1 :], limb.path)
    ]
    right, left = sorted(curves, key=lambda one: float(one.points[:, 0].mean()))
    return Centrelines(aorta, (right, left), (float(fork[0]), float(fork[1]), float(fork[2])))


def largest_piece(mask: Mask) -> Mask:
    """The largest connected piece of a mask, over faces, edges and corners."""
    labels = cc3d.connected_components(mask, connectivity=26)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax()) & mask


def _chain(grid: Grid, inside: Inside, path: NDArray[np.intp], *, ends: tuple[bool, bool]) -> Numbers:
    """A path in millimetres, without the pieces that lead from the rim of a free end to the middle of the vessel."""
    points, depth = grid.points(path), inside.depth[tuple(path.T)]
    first, last = 0, len(path)
    if ends[0]:
        first = _leads_in(points, depth)
    if ends[1]:
        last -= _leads_in(points[::-1], depth[::-1])
    return points[first:last] if last - first > 3 else points


def _leads_in(points: Numbers, depth: Numbers) -> int:
    """How many points of a path belong to its way from the rim to the middle."""
    along = lengths(points)
    wide = depth[along <= 20.0].max()
    deep = np.flatnonzero(depth >= min(0.85 * wide, wide - 0.5))
    return int(deep[0]) if len(deep) else 0


def _curve(
    field: Field, spheres: Spheres, chain: Numbers, *, ends: tuple[bool, bool], start: Numbers | None = None
) -> Curve:
    """A smooth curve through the middles of the sections perpendicular to it, led on to the free ends.

    `start` (3,): where a limb begins, on the curve that it leaves.
    """
    points = spaced(chain)
    points, tangents = smoothed(points, _widths(spheres, points))
    for _ in range(ROUNDS):
        points = spaced(centred(field, spheres, points, tangents))
        points, tangents = smoothed(points, _widths(spheres, points))
    points = _led_on(field, points, tangents, ends)
    points = spaced(points if start is None else np.concatenate([start[None], points]))
    _, tangents = smoothed(points, _widths(spheres, points))
    return Curve(points, tangents, spheres.radii(points))


def _widths(spheres: Spheres, points: Numbers) -> Numbers:
    """How far along itself a chain is smoothed at each point, mm: the farther, the wider the vessel."""
    return np.maximum(SMOOTH_MM, SMOOTH_RADII * spheres.radii(points))


def _led_on(field: Field, points: Numbers, tangents: Numbers, ends: tuple[bool, bool]) -> Numbers:
    """The chain goes straight on until it leaves the wall or the scan, at each end that is free."""
    before = _ahead(field, points[0], -tangents[0])[::-1] if ends[0] else points[:0]
    after = _ahead(field, points[-1], tangents[-1]) if ends[1] else points[:0]
    return np.concatenate([before, points, after])


def _ahead(field: Field, start: Numbers, direction: Numbers) -> Numbers:
    """Points that go straight on from a point, as long as they lie inside."""
    ahead = start + np.arange(1.0, 61.0)[:, None] * direction
    outside = np.flatnonzero((field.at(ahead) < LEVEL) | field.beyond_the_scan(ahead))
    return np.asarray(ahead[: int(outside[0]) if len(outside) else 0])

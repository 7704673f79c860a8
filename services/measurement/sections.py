"""Sections of the outer wall perpendicular to a curve: outlines to a fraction of a voxel, and their diameters.

A plane is sampled every millimetre; where the smoothed mask crosses one half is the wall (marching squares, Lorensen
and Cline 1987, doi:10.1145/37402.37422, as scikit-image has them). Only the connected piece about the centre counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist, squareform
from skimage.measure import find_contours, points_in_poly

from services.measurement.field import LEVEL, field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.curves import Curve
    from services.measurement.field import Field
    from services.measurement.spheres import Spheres

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

STEP_MM = 1.0
HALF_MM, WIDEST_MM = 32.0, 128.0
"""Half the side of the square that is sampled at first, doubled until the piece fits; and at most."""
MOVE = 0.5
OFF_MM = 6.0
"""The piece nearest to the centre counts, if it is not farther away than this."""


@dataclass(frozen=True)
class Section:
    """The outer wall in one plane. Coordinates in the plane are millimetres to the front and to the left."""

    centre: Numbers
    """(3,), LPS mm: the curve's point."""
    normal: Numbers
    """(3,), unit, downwards."""
    front: Numbers
    """(3,), unit, in the plane: towards the patient's front."""
    left: Numbers
    """(3,), unit, in the plane: towards the patient's left."""
    outline: Numbers
    """(m, 2): front and left of the points of the wall, in their order, about the centre."""
    along_mm: float = 0.0
    """Place on the curve, from its top."""
    cut: bool = False
    """The scan ends inside the outline."""
    second: bool = False
    """Another part of the vessel passes through the outline."""

    @property
    def sound(self) -> bool:
        """Whether its diameter is that of one vessel, seen whole."""
        return not (self.cut or self.second)

    @cached_property
    def area_mm2(self) -> float:
        """Area inside the outline."""
        return abs(_area_and_middle(self.outline)[0])

    @cached_property
    def middle(self) -> Numbers:
        """(3,), LPS mm: centroid of the area inside the outline."""
        middle: Numbers = self.lps(_area_and_middle(self.outline)[1][None])[0]
        return middle

    @cached_property
    def diameter_mm(self) -> float:
        """Calliper diameter."""
        return self._calliper[0]

    @cached_property
    def _calliper(self) -> tuple[float, Numbers, Numbers]:
        return calliper(self.outline)

    @property
    def equivalent_mm(self) -> float:
        """Diameter of the circle with the same area."""
        return 2 * float(np.sqrt(self.area_mm2 / np.pi))

    @cached_property
    def solidity(self) -> float:
        """Share of its convex hull that the outline fills, 0 to 1: low where two lobes lie side by side."""
        hull = float(ConvexHull(self.outline).volume)
        return self.area_mm2 / hull if hull > 0 else 1.0

    @cached_property
    def ends(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """The end points of the calliper diameter, LPS mm."""
        _, first, second = self._calliper
        a, b = self.lps(np.stack([first, second])).tolist()
        return (a[0], a[1], a[2]), (b[0], b[1], b[2])

    def lps(self, points: Numbers) -> Numbers:
        """Points (m, 2) of the plane as LPS mm (m, 3)."""
        return np.asarray(self.centre + points[:, :1] * self.front + points[:, 1:] * self.left)


def sections(
    wall: Mask,
    affine: Numbers,
    curve: Curve,
    *,
    others: Sequence[Curve] = (),
    origin: tuple[int, int, int] = (0, 0, 0),
    shape: tuple[int, int, int] | None = None,
) -> tuple[Section | None, ...]:
    """A section for each point of a curve; None where the plane meets no wall near it.

    `others` are curves of neighbouring limbs: a section that one of them passes through is marked `second`.
    """
    field = field_of(wall, affine, origin=origin, shape=shape)
    if field is None:
        return (None,) * len(curve.points)
    return sections_of(field, curve, others=others)


def sections_of(field: Field, curve: Curve, *, others: Sequence[Curve] = ()) -> tuple[Section | None, ...]:
    """The sections of a field along a curve."""
    from services.measurement.crossings import passes_through  # noqa: PLC0415

    found = []
    for point, tangent, radius, along in zip(curve.points, curve.tangents, curve.radii, curve.along_mm, strict=True):
        one = section_at(field, point, tangent, float(along), half_of(radius))
        found.append(passes_through(one, curve, others) if one else None)
    return tuple(found)


def half_of(radius: float) -> float:
    """Half the side of a square that a section of that inscribed radius usually fits."""
    return float(np.clip(np.ceil(1.5 * radius + 6.0), 14.0, WIDEST_MM))


def frame_of(normal: Numbers) -> tuple[Numbers, Numbers]:
    """Unit axes of the plane with this normal (3,): towards the patient's front, and left.

    The left axis is the patient's left as far as it lies in the plane; where the vessel runs from side to side, the
    front axis is the patient's front instead.
    """
    left = np.array([1.0, 0.0, 0.0]) - normal * normal[0]
    if np.linalg.norm(left) > 0.3:
        left /= np.linalg.norm(left)
        front = np.cross(normal, left)
        return (-front if front[1] > 1e-9 else front), left
    front = np.array([0.0, -1.0, 0.0]) + normal * normal[1]
    front /= np.linalg.norm(front)
    left = np.cross(front, normal)
    return front, (-left if left[0] < 0 else left)


def section_at(
    field: Field, point: Numbers, normal: Numbers, along: float = 0.0, half: float = HALF_MM
) -> Section | None:
    """The section of a field in one plane; None where nothing is inside near the point.

    `half`: half the side of the square that is sampled first.
    """
    front, left = frame_of(normal)
    while True:
        outline = _outline(field.at(_square(point, front, left, half)), half)
        if outline is None:
            return None
        at_the_border = float(np.abs(outline).max()) >= half
        if not at_the_border or half >= WIDEST_MM:
            break
        half = min(2 * half, WIDEST_MM)
    found = Section(point, normal, front, left, outline, along)
    cut = at_the_border or bool(field.beyond_the_scan(found.lps(outline)).any())
    return replace(found, cut=True) if cut else found


def _square(centre: Numbers, front: Numbers, left: Numbers, half: float) -> Numbers:
    """Points every STEP_MM about a centre: (rows to the front, columns to the left, 3), LPS mm."""
    count = round(half / STEP_MM)
    steps = np.arange(-count, count + 1) * STEP_MM
    return np.asarray(centre + steps[:, None, None] * front + steps[None, :, None] * left)


def _outline(values: NDArray[np.float32], half: float) -> Numbers | None:
    """The outer contour of the piece that holds the middle, or of the nearest one; None where none is near."""
    count = round(half / STEP_MM)
    lines = find_contours(np.pad(values, 1), LEVEL)
    contours = [np.asarray((line[:-1] - 1 - count) * STEP_MM, np.float64) for line in lines if len(line) > 4]
    around = [line for line in contours if points_in_poly(np.zeros((1, 2)), line)[0]]
    if around:
        return max(around, key=_size)
    near = [line for line in contours if np.linalg.norm(line, axis=1).min() <= OFF_MM]
    return max(near, key=_size, default=None)


def _size(outline: Numbers) -> float:
    return abs(_area_and_middle(outline)[0])


def calliper(outline: Numbers) -> tuple[float, Numbers, Numbers]:
    """The largest distance of two points of an outline (m, 2), and these points: (diameter, point, point)."""
    try:
        hull = outline[ConvexHull(outline).vertices]
    except (QhullError, ValueError):
        hull = outline
    apart = squareform(pdist(hull))
    first, second = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return float(apart[first, second]), hull[first], hull[second]


def _area_and_middle(outline: Numbers) -> tuple[float, Numbers]:
    """Signed area and centroid of a polygon (m, 2)."""
    following = np.roll(outline, -1, axis=0)
    cross = outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]
    area = float(cross.sum()) / 2
    if abs(area) < 1e-9:
        return 0.0, outline.mean(axis=0)
    return area, ((outline + following) * cross[:, None]).sum(axis=0) / (6 * area)


def centred(field: Field, spheres: Spheres, points: Numbers, tangents: Numbers, *, every: int = 2) -> Numbers:
    """(n, 3): the chain with each point moved to the middle of its section; where there is none, as its neighbours.

    A point moves at most by MOVE times the radius of its largest inscribed sphere.
    """
    index = np.unique(np.append(np.arange(0, len(points), every), len(points) - 1))
    radii = spheres.radii(points[index])
    moves = np.full((len(index), 3), np.nan)
    for number, k in enumerate(index):
        one = section_at(field, points[k], tangents[k], half=half_of(float(radii[number])))
        if one is not None and not one.cut:
            moves[number] = one.middle - points[k]
    far = np.linalg.norm(moves, axis=1)
    moves *= np.minimum(1.0, MOVE * radii / np.maximum(far, 1e-9))[:, None]
    held = np.isfinite(moves[:, 0])
    if not held.any():
        return points.copy()
    everywhere = [np.interp(np.arange(len(points)), index[held], moves[held, axis]) for axis in range(3)]
    return np.asarray(points + np.stack(everywhere, axis=1))

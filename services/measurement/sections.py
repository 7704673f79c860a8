"""Sections of the outer wall perpendicular to a curve: outlines to a fraction of a voxel, and their diameters.

A plane is sampled every millimetre; where the smoothed mask crosses one half is the wall (marching squares, Lorensen
and Cline 1987, doi:10.1145/37402.37422, as scikit-image has them). Only the connected piece about the centre counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist, squareform
from skimage.measure import find_contours

from services.measurement.curves import smoothed as smoothed_chain
from services.measurement.field import LEVEL, field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.curves import Curve
    from services.measurement.field import Field

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

STEP_MM = 1.0
HALF_MM, WIDEST_MM = 32.0, 128.0
"""Half the side of the square that is sampled at first, doubled until the piece fits; and at most."""
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

    @property
    def area_mm2(self) -> float:
        """Area inside the outline."""
        return abs(_area_and_middle(self.outline)[0])

    @property
    def middle(self) -> Numbers:
        """(3,), LPS mm: centroid of the area inside the outline."""
        return self.lps(_area_and_middle(self.outline)[1][None])[0]

    @property
    def diameter_mm(self) -> float:
        """Calliper diameter."""
        return calliper(self.outline)[0]

    @property
    def ends(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """The end points of the calliper diameter, LPS mm."""
        _, first, second = calliper(self.outline)
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
    for point, tangent, along in zip(curve.points, curve.tangents, curve.along_mm, strict=True):
        one = section_at(field, point, tangent, float(along))
        found.append(passes_through(one, curve, others) if one else None)
    return tuple(found)


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
    return front, np.cross(front, normal)


def section_at(field: Field, point: Numbers, normal: Numbers, along: float = 0.0) -> Section | None:
    """The section of a field in one plane; None where nothing is inside near the point."""
    front, left = frame_of(normal)
    half = HALF_MM
    while True:
        plane = _Plane(point, front, left, half)
        piece = _piece(field.at(plane.points))
        if piece is None:
            return None
        if not _at_the_border(piece) or half >= WIDEST_MM:
            break
        half *= 2
    outline = _outline(piece, half)
    if outline is None:
        return None
    cut = bool(field.beyond_the_scan(plane.lps(outline)).any()) or half >= WIDEST_MM and _at_the_border(piece)
    return Section(point, normal, front, left, outline, along, cut)


class _Plane:
    """A square of points every STEP_MM about a centre."""

    def __init__(self, centre: Numbers, front: Numbers, left: Numbers, half: float) -> None:
        self._centre, self._front, self._left = centre, front, left
        steps = np.arange(-half, half + STEP_MM / 2, STEP_MM)
        self.points = centre + steps[:, None, None] * front + steps[None, :, None] * left
        """(rows to the front, columns to the left, 3), LPS mm."""

    def lps(self, outline: Numbers) -> Numbers:
        return np.asarray(self._centre + outline[:, :1] * self._front + outline[:, 1:] * self._left)


def _piece(values: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The field in the plane without other pieces and without holes; None where no piece is near the middle."""
    labels, count = ndimage.label(values > LEVEL)
    if not count:
        return None
    middle = np.array(values.shape) // 2
    number = labels[tuple(middle)]
    if not number:
        index = np.argwhere(labels > 0)
        apart = np.linalg.norm(index - middle, axis=1)
        if apart.min() * STEP_MM > OFF_MM:
            return None
        number = labels[tuple(index[int(np.argmin(apart))])]
    mine = ndimage.binary_fill_holes(labels == number)
    held = np.where((labels > 0) & ~mine, 0.0, values)
    return np.asarray(np.where(mine, np.maximum(held, LEVEL + 1e-3), np.minimum(held, LEVEL)), np.float32)


def _at_the_border(piece: NDArray[np.float32]) -> bool:
    inside = piece > LEVEL
    return bool(inside[0].any() or inside[-1].any() or inside[:, 0].any() or inside[:, -1].any())


def _outline(piece: NDArray[np.float32], half: float) -> Numbers | None:
    lines = find_contours(np.pad(piece, 1), LEVEL)
    if not lines:
        return None
    longest = max(lines, key=len)[:-1]
    return np.asarray((longest - 1) * STEP_MM - half, np.float64) if len(longest) >= 3 else None


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


def centred(field: Field, points: Numbers, tangents: Numbers, *, every: int = 2) -> Numbers:
    """(n, 3): the chain with each point moved to the middle of its section; where there is none, as its neighbours."""
    index = np.unique(np.append(np.arange(0, len(points), every), len(points) - 1))
    moves = np.full((len(index), 3), np.nan)
    for number, k in enumerate(index):
        one = section_at(field, points[k], tangents[k])
        if one is not None and not one.cut:
            moves[number] = one.middle - points[k]
    held = np.isfinite(moves[:, 0])
    if not held.any():
        return points.copy()
    everywhere = [np.interp(np.arange(len(points)), index[held], moves[held, axis]) for axis in range(3)]
    return np.asarray(points + np.stack(everywhere, axis=1))

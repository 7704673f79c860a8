"""All measures of one label map: diameters, volumes, neck, thrombus, iliac arteries. A broken mask gets reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from services.labels import inside_wall
from services.measurement.centreline import Centrelines, centreline_of
from services.measurement.field import field_of
from services.measurement.names import Name, Undefined, unit_of
from services.measurement.sections import Section, sections_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

METHOD, VERSION = "calliper diameters along a centreline", "1"
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Measure:
    """One measured value with its unit and end points, or the reason why there is none."""

    name: str
    value: float | None
    unit: str
    points: tuple[Point, ...] = ()
    """End points in LPS mm: of a diameter two, of other measures as their definition says."""
    reason: str = ""
    """Why `value` is None."""
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """Everything measured of one label map."""

    measures: tuple[Measure, ...]
    curve: Centrelines | None = None
    sections: tuple[Section | None, ...] = ()
    """Along `curve.aorta`, one for each of its points."""
    remarks: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Measure:
        """The measure of that name."""
        return next(one for one in self.measures if one.name == name)


def measure(
    mask: NDArray[np.uint8],
    affine: NDArray[np.float64],
    classes: Mapping[int, str],
    *,
    origin: tuple[int, int, int] = (0, 0, 0),
    shape: tuple[int, int, int] | None = None,
) -> Measured:
    """The measures of a label map [k, j, i] whose values `classes` names (services/labels.py). Never raises on a mask.

    A mask that is cropped must say so: `origin` is its first voxel in the image, `shape` the image's; `affine` is that
    of the mask itself. Without them the mask's border is the scan's edge.
    """
    wall = field_of(inside_wall(mask, classes), affine, origin=origin, shape=shape)
    curves = Undefined("nothing is outlined") if wall is None else centreline_of(wall)
    if wall is None or isinstance(curves, Undefined):
        reason = curves.reason if isinstance(curves, Undefined) else ""
        return Measured(tuple(Measure(name, None, unit_of(name), reason=reason) for name in Name))
    along = sections_of(wall, curves.aorta, others=curves.iliacs)
    widest = max((one for one in along if one and one.sound), key=lambda one: one.diameter_mm)
    found = {Name.ORTHOGONAL: Measure(Name.ORTHOGONAL, widest.diameter_mm, "mm", widest.ends)}
    rest = (found.get(name, Measure(name, None, unit_of(name), reason="not measured yet")) for name in Name)
    return Measured(tuple(rest), curves, along)

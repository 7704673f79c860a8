"""All measures of one label map: diameters, volumes, neck, thrombus, iliac arteries. A broken mask gets reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.labels import inside_wall, of_structures
from services.measurement.centreline import Centrelines, centreline_of
from services.measurement.contents import sac_volume, thickest, volumes
from services.measurement.diameters import iliacs, largest
from services.measurement.extent import search_of, without_lobes
from services.measurement.field import SIGMA_MM, SIGMA_VOXELS, field_of, grid_of
from services.measurement.names import Name, Undefined
from services.measurement.neck import neck_measures, sac_of
from services.measurement.results import Measure
from services.measurement.sections import Section, sections_of
from services.measurement.spheres import Spheres, wall_points
from services.measurement.wholeness import in_pieces, with_holes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.measurement.extent import Search
    from services.measurement.field import Grid

    Numbers = NDArray[np.float64]

__all__ = ["METHOD", "VERSION", "Measure", "Measured", "measure"]

METHOD, VERSION = "calliper diameters along a centreline", "3"
PARAMETERS: Mapping[str, object] = {
    "grid_mm": 1.5,
    "sigma_mm": SIGMA_MM,
    "sigma_voxels": SIGMA_VOXELS,
    "section_mm": 1.0,
}
"""What every measure was made with."""
RENAL = frozenset({"renal artery", "renal artery left", "renal artery right"})
_VOLUMES = (Name.LUMEN, Name.THROMBUS)


@dataclass(frozen=True)
class Measured:
    """Everything measured of one label map."""

    measures: tuple[Measure, ...]
    """One for each Name, in that order."""
    curve: Centrelines | None = None
    sections: tuple[Section | None, ...] = ()
    """Along `curve.aorta`, one for each of its points."""
    remarks: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Measure:
        """The measure of that name."""
        return next(one for one in self.measures if one.name == name)


def measure(
    mask: NDArray[np.uint8],
    affine: Numbers,
    classes: Mapping[int, str],
    *,
    origin: tuple[int, int, int] = (0, 0, 0),
    shape: tuple[int, int, int] | None = None,
) -> Measured:
    """The measures of a label map [k, j, i] whose values `classes` names (services/labels.py). Never raises on a mask.

    A mask that is cropped must say so: `origin` is its first voxel in the image, `shape` the image's; `affine` is that
    of the mask itself. Without them the mask's border is the scan's edge.
    """
    wall = inside_wall(mask, classes)
    field = field_of(wall, affine, origin=origin, shape=shape)
    if field is None:
        return _all_undefined("nothing is outlined")
    grid = grid_of(field)
    amounts = tuple(volumes(mask, affine, classes))
    broken, remarks = _flaws(wall, affine, grid)
    curves = centreline_of(field, grid) if not broken else Undefined(broken)
    if isinstance(curves, Undefined):
        return _all_undefined(curves.reason, amounts, remarks)
    sections = without_lobes(curves.aorta, sections_of(field, curves.aorta, others=curves.iliacs))
    search = search_of(curves, sections)
    labelled = (mask, np.asarray(affine, np.float64), classes)
    found = (
        *amounts,
        *largest(field, Spheres(grid), curves, search),
        *iliacs(field, curves),
        _tortuosity(curves, search),
        sac_volume(grid, curves.aorta, sac_of(curves, sections)),
        *neck_measures(curves, sections, _renal_arteries(*labelled)),
        thickest(*labelled, wall_points(grid), curves.aorta, search),
    )
    return Measured(_in_order(found), curves, sections, remarks)


def _renal_arteries(mask: NDArray[np.uint8], affine: Numbers, classes: Mapping[int, str]) -> Numbers:
    """(n, 3), LPS mm: the voxels of renal arteries."""
    index = np.argwhere(of_structures(mask, classes, RENAL))
    return np.asarray(index @ affine[:3, :3].T + affine[:3, 3], np.float64)


def _tortuosity(curves: Centrelines, search: Search) -> Measure:
    """Length of the searched part of the aorta over the straight distance of its ends: 1 where it is straight."""
    along = curves.aorta.along_mm
    points = curves.aorta.points[(along >= search.low_mm) & (along <= search.high_mm)]
    if len(points) < 2:
        return Measure.undefined(Name.TORTUOSITY, "too little of the aorta is outlined")
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    chord = float(np.linalg.norm(points[-1] - points[0]))
    ends = tuple((float(x), float(y), float(z)) for x, y, z in points[[0, -1]])
    return Measure.of(Name.TORTUOSITY, length / chord, *ends, length_mm=round(length, 1), searched=search.where)


def _flaws(wall: NDArray[np.bool_], affine: Numbers, grid: Grid) -> tuple[str, tuple[str, ...]]:
    """The reason why nothing can be measured, or ''; and what is to be remarked."""
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    found = (in_pieces(wall, voxel_ml), with_holes(grid))
    return next((reason for reason, _ in found if reason), ""), tuple(said for _, said in found if said)


def _all_undefined(reason: str, known: tuple[Measure, ...] = (), remarks: tuple[str, ...] = ()) -> Measured:
    """Volumes stay what they are: they need no shape."""
    names = {one.name for one in known}
    rest = (Measure.undefined(name, reason) for name in Name if name not in names)
    return Measured(_in_order((*known, *rest)), remarks=remarks)


def _in_order(found: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """In the order of Name, each with what all were made with."""
    by_name = {one.name: replace(one, parameters={**PARAMETERS, **one.parameters}) for one in found}
    return tuple(by_name[name] for name in Name)

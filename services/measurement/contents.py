"""What is inside the wall: volumes of lumen, thrombus and sac, and where the thrombus is thickest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from services.labels import LUMEN, THROMBUS, of_structures
from services.measurement.field import field_of, grid_of
from services.measurement.names import Name, Undefined
from services.measurement.results import Measure
from services.measurement.spheres import wall_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from services.measurement.curves import Curve
    from services.measurement.extent import Search
    from services.measurement.field import Grid
    from services.measurement.neck import Sac

    Numbers = NDArray[np.float64]

STRUCTURES = ((Name.LUMEN, LUMEN), (Name.THROMBUS, THROMBUS))


def volumes(mask: NDArray[np.uint8], affine: Numbers, classes: Mapping[int, str]) -> Iterator[Measure]:
    """Voxels of lumen and thrombus in millilitres, of all that is outlined; undefined where a map knows them not."""
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    for name, structure in STRUCTURES:
        if structure not in classes.values():
            yield Measure.undefined(name, f"the label map has no {structure}")
        else:
            count = int(np.count_nonzero(of_structures(mask, classes, frozenset({structure}))))
            yield Measure.of(name, count * voxel_ml, voxels=count)


def sac_volume(grid: Grid, curve: Curve, sac: Sac | Undefined) -> Measure:
    """All inside the wall that is nearest to the sac's stretch of the curve, by voxels of the measuring grid."""
    if isinstance(sac, Undefined):
        return Measure.undefined(Name.SAC, sac)
    voxels = grid.points(np.argwhere(grid.inside))
    along = curve.along_mm[curve.nearest(voxels)]
    count = int(np.count_nonzero((along >= sac.top_mm) & (along <= sac.bottom_mm)))
    return Measure.of(
        Name.SAC, count * grid.step**3 / 1000, top_mm=round(sac.top_mm, 1), bottom_mm=round(sac.bottom_mm, 1)
    )


def thickest(
    mask: NDArray[np.uint8],
    affine: Numbers,
    classes: Mapping[int, str],
    walls: Numbers,
    curve: Curve,
    search: Search,
) -> Measure:
    """The largest distance of a point of the outer wall from the lumen, along the searched part of the aorta.

    `walls` (n, 3): points of the outer wall, LPS mm. A bare wall that is labelled lumen is 0 mm from it.
    """
    if not {LUMEN, THROMBUS} <= set(classes.values()):
        return Measure.undefined(Name.THICKEST, "the label map does not tell thrombus from lumen")
    if not of_structures(mask, classes, frozenset({THROMBUS})).any():
        return Measure.undefined(Name.THICKEST, "no thrombus is outlined")
    lumen = field_of(of_structures(mask, classes, frozenset({LUMEN})), affine)
    if lumen is None:
        return Measure.undefined(Name.THICKEST, "no lumen is outlined")
    along = curve.along_mm[curve.nearest(walls)]
    held = walls[(along >= search.low_mm) & (along <= min(search.high_mm, curve.along_mm[-1] - 1.0))]
    blood = wall_points(grid_of(lumen))
    if not len(held) or not len(blood):
        return Measure.undefined(Name.THICKEST, "no wall is left along the searched part")
    apart, nearest = KDTree(blood).query(held)
    most = int(np.argmax(apart))
    ends = ((*map(float, held[most]),), (*map(float, blood[nearest[most]]),))
    return Measure.of(Name.THICKEST, float(apart[most]), *ends)  # type: ignore[arg-type]

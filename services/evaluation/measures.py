"""How far an outline lies from the exact labels: Dice and HD95 of the outer wall and of the lumen.

Outer wall: lumen, thrombus, calcification and endograft together. Lumen: lumen and the struts of an endograft, which
lie in it and are as bright; networks are taught the same. Neither follows the aorta into the iliac arteries.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from services import labels, volume
from services.drawings import dice
from services.labels import INSIDE_WALL, LUMEN, of_structures
from services.phantom.structures import INSIDE_THE_WALL, Structure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Region
    from services.evaluation.held_out import Scan

    Mask = NDArray[np.bool_]

PERCENTILE = 95.0
REFERENCES = {
    "outer wall": (INSIDE_WALL, INSIDE_THE_WALL),
    "lumen": (frozenset({LUMEN}), (Structure.LUMEN, Structure.ENDOGRAFT)),
}
"""What is compared: the classes of the model that make it up, and the structures of the exact labels that do."""
UNITS = {"Dice": "1", "HD95": "mm"}
MEASURES = tuple(f"{structure} {measure}" for structure in REFERENCES for measure in UNITS)


class Outline(Protocol):
    """What a model marked: `mask` uint8 (k, j, i) on the box `region` of the scan's grid."""

    @property
    def region(self) -> Region:
        """The box."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """The classes of its voxels; everything outside the box is background."""


class Measured(NamedTuple):
    """A number; nan only with its reason."""

    value: float
    reason: str = ""


def compare(outline: Outline, scan: Scan, classes: Mapping[int, str]) -> dict[str, Measured]:
    """Each of MEASURES for one scan. `classes`: what the values of the outline's mask mean."""
    spacing = np.linalg.norm(scan.affine[:3, :3], axis=0).tolist()
    marked = _whole(outline, scan.labels.shape)
    found: dict[str, Measured] = {}
    for name, (wanted, structures) in REFERENCES.items():
        if not wanted.intersection(classes.values()):
            found |= {f"{name} {measure}": Measured(math.nan, f"the model has no {name}") for measure in UNITS}
            continue
        drawn, exact = of_structures(marked, classes, wanted), np.isin(scan.labels, structures)
        found[f"{name} Dice"] = overlap(drawn, exact)
        found[f"{name} HD95"] = surface_distance(drawn, exact, spacing)
    return found


def overlap(drawn: Mask, exact: Mask) -> Measured:
    """Dice, 0 to 1, as the findings of a case compute it; nan where both are empty."""
    value = dice(drawn, exact)
    return Measured(math.nan, "both are empty") if value is None else Measured(value)


def surface_distance(drawn: Mask, exact: Mask, spacing: Sequence[float]) -> Measured:
    """HD95 in mm: the larger of both directions' 95th percentiles of the distance from one surface to the other.

    Masks (k, j, i), spacing in mm along each. Surfaces are the outermost voxels; nan where a mask has none. Computed by
    MONAI on the box around both. Huttenlocher et al. 1993, doi:10.1109/34.232073.
    """
    if not drawn.any() or not exact.any():
        return Measured(math.nan, "the model marks nothing" if exact.any() else "the scan shows nothing of it")
    import torch  # noqa: PLC0415 -- heavy, and reading kept figures needs none of it
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance  # noqa: PLC0415

    box = volume.bounding_region(drawn | exact)
    assert box is not None  # noqa: S101 -- neither is empty
    first, second = (torch.from_numpy(mask[volume.slices_of(box)].copy())[None, None] for mask in (drawn, exact))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI warns of an argument that it gives itself
        distance = compute_hausdorff_distance(
            first, second, include_background=True, percentile=PERCENTILE, spacing=list(spacing)
        )
    return Measured(float(distance[0, 0]))


def outer_wall(outline: Outline, shape: Sequence[int], classes: Mapping[int, str]) -> Mask:
    """What lies inside the outer wall that a model marked, on the whole grid."""
    return labels.inside_wall(_whole(outline, shape), classes)


def _whole(outline: Outline, shape: Sequence[int]) -> NDArray[np.uint8]:
    marked = np.zeros(shape, np.uint8)
    marked[volume.slices_of(outline.region)] = outline.mask
    return marked

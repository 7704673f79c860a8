"""One real CTA beside the labels of two programs: agreement with software labels, not accuracy.

A thoracic aorta with a dissection, which no generated scan resembles. Slices 0 to 48, counted along the NIfTI file's
third index, show the abdomen from the liver to the coeliac trunk; what is marked above them is only counted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.drawings import dice
from services.evaluation.measures import outer_wall
from services.evaluation.results import Look
from services.imaging.nifti import read_array

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.measures import Outline

LAST_SLICE = 48
FOLDER = "cta_dissection"
NOTE = "Agreement with software labels, not accuracy."


class RealScan(NamedTuple):
    """The scan and what two programs say the aorta is, on one grid [k, j, i]."""

    hounsfield: NDArray[np.int16]
    affine: NDArray[np.float64]
    aorta: NDArray[np.bool_]
    """aorta.nii.gz."""
    second: NDArray[np.bool_]
    """organ_aorta_T264.nii.gz."""


def read_scan(real_data: Path) -> RealScan | None:
    """The scan under the folder of real data; None where it is not there. Raises InputRefused on a damaged file."""
    folder = real_data / FOLDER
    if not folder.is_dir():
        return None
    image, affine = read_array(folder / "ct_cropped.nii.gz")
    masks = (read_array(folder / f"{name}.nii.gz")[0] > 0 for name in ("aorta", "organ_aorta_T264"))
    return RealScan(image.astype(np.int16), affine, *masks)


def look_at(scan: RealScan, outline: Outline, classes: Mapping[int, str], fingerprint: str) -> Look:
    """How far a model's outer wall agrees with the two programs in the slices that count. Counts as one look."""
    wall = outer_wall(outline, scan.hounsfield.shape, classes)
    counted = slice(0, LAST_SLICE + 1)
    beyond = wall[LAST_SLICE + 1 :] & ~scan.aorta[LAST_SLICE + 1 :]
    voxel_ml = abs(float(np.linalg.det(scan.affine[:3, :3]))) / 1000
    first = dice(wall[counted], scan.aorta[counted])
    return Look(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        fingerprint=fingerprint,
        aorta_dice=first,
        second_dice=dice(wall[counted], scan.second[counted]),
        programs_dice=dice(scan.aorta[counted], scan.second[counted]),
        false_positive_ml=int(beyond.sum()) * voxel_ml,
        reason="" if first is not None else "neither marks anything there",
    )

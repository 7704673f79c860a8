"""The four readers of a scan of which its exact labels are known and no formula: painted scans. SYNTHETIC.

What `simulated_readers` wants to know, distances from the outer wall and from the lumen, is counted on the voxels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.phantom.aorta import WALL_MM
from services.phantom.implicit import FAR
from services.phantom.simulated_readers import FOUR, MAIN, Cohort, Scan, around, read_by_four
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.implicit import Floats

READ = (Structure.LUMEN, Structure.THROMBUS, Structure.ILIAC_ARTERIES)
WITHIN = (Structure.CALCIFICATION, Structure.ENDOGRAFT)
"""These lie in one of READ: whichever is nearest."""


def readers_of_labels(
    hounsfield: NDArray[np.int16],
    labels: NDArray[np.uint8],
    spacing: tuple[float, float, float],
    seed: tuple[int, int],
    cohort: Cohort = MAIN,
) -> NDArray[np.uint8]:
    """What each of the four draws, (reader, k, j, i): 0 outside, 1 lumen, 2 thrombus; in the order of FOUR.

    `hounsfield`, `labels`: [k, j, i], slices leading upwards; values of `Structure`. `spacing`: mm along (k, j, i).
    The same seed gives the same. Where no aorta is labelled, nothing is drawn.
    """
    drawn = np.zeros((len(FOUR), *labels.shape), np.uint8)
    box = around(np.isin(labels, (*READ, *WITHIN)), spacing)
    if box is not None:
        read = read_by_four(scan_of_labels(hounsfield[box], labels[box], spacing), seed, cohort)
        drawn[:, *box] = np.stack([read[habits.name] for habits in FOUR])
    return drawn


def scan_of_labels(
    hounsfield: NDArray[np.int16], labels: NDArray[np.uint8], spacing: tuple[float, float, float]
) -> Scan:
    """A scan to read, from labels [k, j, i]; a bare wall, labelled as lumen, counts as WALL_MM thick."""
    plain = _without_plaque_and_graft(labels, spacing)
    outer = signed_distance(np.isin(plain, (Structure.LUMEN, Structure.THROMBUS)), spacing)
    lumen = signed_distance(plain == Structure.LUMEN, spacing)
    iliacs = signed_distance(plain == Structure.ILIAC_ARTERIES, spacing)
    return Scan(hounsfield, outer, np.maximum(lumen, outer + np.float32(WALL_MM)), iliacs, spacing)


def _without_plaque_and_graft(labels: NDArray[np.uint8], spacing: tuple[float, ...]) -> NDArray[np.uint8]:
    within, read = np.isin(labels, WITHIN), np.isin(labels, READ)
    if not (within.any() and read.any()):
        return labels
    nearest = ndimage.distance_transform_edt(~read, sampling=spacing, return_distances=False, return_indices=True)
    return np.where(within, labels[tuple(nearest)], labels)


def signed_distance(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> Floats:
    """Mm from the border of a mask, negative inside, at the middles of voxels; FAR, or -FAR, where there is no border.

    The border lies half a voxel (of the shortest side) before the nearest middle on its other side.
    """
    if mask.all() or not mask.any():
        return np.where(mask, -FAR, FAR)
    half = min(spacing) / 2
    inside, outside = (ndimage.distance_transform_edt(one, sampling=spacing) for one in (mask, ~mask))
    return np.asarray(np.where(mask, half - inside, outside - half), np.float32)

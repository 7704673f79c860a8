"""Where uncertainty is judged: what the reference or the prediction calls aorta, and some millimetres around it.

Far from the aorta every map is near 0 and every voxel right: whoever counts more of that background gets finer figures.
So all methods are judged in one region, that of the scan and the mask that is shown (Kahl et al. 2024,
arXiv:2401.08501, on the choice of region). The figures of two regions are not comparable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services import volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

REACH_MM = 6.0
VERSION = "1"


def region_of_evaluation(
    reference: Mask, predicted: Mask, spacing: Sequence[float], *, reach_mm: float = REACH_MM
) -> Mask:
    """Voxels whose middle lies at most `reach_mm` from that of a voxel of either mask; both are only read.

    Masks (k, j, i) of what lies inside the outer wall; spacing in mm along each. Nothing where both are empty.
    """
    union = reference | predicted
    region = np.zeros(union.shape, np.bool_)
    box = volume.bounding_region(union)
    if box is None:
        return region
    k, j, i = volume.slices_of(volume.widened(box, reach_mm, spacing, union.shape))
    away = ndimage.distance_transform_edt(~union[k, j, i], sampling=tuple(spacing))
    region[k, j, i] = away <= reach_mm
    return region

"""Every aggregated score of one held-out scan, from what the shipped ensemble says of it, on the scan's own voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.aggregation import scores
from services.aggregation.names import MEASURES
from services.evaluation.measures import Measured
from services.evaluation.uncertainty_ways import Way
from services.uncertainty.names import largest
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.evaluation.uncertainty_judging import Looked

VERSION = f"1, scores {scores.VERSION}"
"""Of this way to scores, and of the scores."""


def scores_of_scan(looked: Looked, spacing: Sequence[float]) -> dict[str, Measured]:
    """By their keys; spacing in mm along k, j, i."""
    told, mask = looked.ways[Way.ENSEMBLE], looked.mask()
    most, box = largest(MEASURES[0], len(told.probability)), _widened(looked)
    labels = mask[slices_of(box)]
    found = {one.key: one for one in (scores.volume_of(mask, spacing),)}
    for measure in MEASURES:
        if measure in told.maps:
            values = _placed(told.maps[measure] / most, looked.region, box)
            every = scores.scores_of(values, labels, spacing, measure=measure, image=looked.shape)
            found |= {one.key: one for one in every}
    return {key: Measured(one.value, one.reason) for key, one in found.items()}


def _widened(looked: Looked) -> Region:
    """One voxel wider where the image goes on, so that the outermost voxels are 0."""
    low = np.maximum(np.array(looked.region.origin) - 1, 0)
    high = np.minimum(np.add(looked.region.origin, looked.region.shape) + 1, looked.shape)
    (k, j, i), (nk, nj, ni) = low.tolist(), (high - low).tolist()
    return Region((k, j, i), (nk, nj, ni))


def _placed(values: NDArray[np.floating], region: Region, box: Region) -> NDArray[np.float32]:
    whole = np.zeros(box.shape, np.float32)
    (k, j, i) = np.subtract(region.origin, box.origin).tolist()
    whole[slices_of(Region((k, j, i), region.shape))] = values
    return whole

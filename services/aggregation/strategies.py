"""From a map of doubt to one number without a look at how its values lie: means of all, of the highest, of a class.

After Guarino et al. 2026 (Better than Average, arXiv:2603.29941), for maps of two or three axes alike. What is not
defined is nan with the reason: 0 would say that nothing is in doubt.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.aggregation.maps import EMPTY
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.aggregation.maps import DoubtMap

NOTHING_COUNTS = "no voxel counts here"


def mean(doubt: DoubtMap) -> Measured:
    """Over all voxels that count; says nothing of how doubt is arranged, and falls with the background around it."""
    if not doubt.count:
        return Measured(math.nan, NOTHING_COUNTS)
    return Measured(float(doubt.counted.sum()) / doubt.count)


def above_threshold(doubt: DoubtMap, threshold: float) -> Measured:
    """Mean of values of at least `threshold`; raising other values to it can lower this mean. nan where there is none.

    The authors' code says 0 where there is none.
    """
    first = int(np.searchsorted(doubt.positive, threshold, side="left"))
    found = doubt.positive[first:]
    return Measured(float(found.mean())) if len(found) else Measured(math.nan, f"no voxel is at {threshold:g} or above")


def above_quantile(doubt: DoubtMap, q: float) -> Measured:
    """Mean of values of at least the map's own `q` quantile, 0 to 1."""
    if not doubt.count:
        return Measured(math.nan, NOTHING_COUNTS)
    threshold = doubt.quantile(q)
    if threshold <= 0:
        return mean(doubt)
    return Measured(float(doubt.positive[int(np.searchsorted(doubt.positive, threshold, side="left")) :].mean()))


def foreground_quantile(doubt: DoubtMap) -> Measured:
    """Mean of as many of the highest values as voxels are predicted to be no background. Our default score.

    The quantile 1 - r, with the share r of predicted voxels. Moving the border of the region moves it hardly, unlike a
    fixed quantile. nan where nothing is predicted.
    """
    found = np.count_nonzero(doubt.foreground)
    return above_quantile(doubt, 1 - found / doubt.count) if found else Measured(math.nan, EMPTY)


def patch_maximum(doubt: DoubtMap, size: Sequence[int]) -> Measured:
    """The highest mean of any window of `size` voxels along each axis; what lies beyond, or does not count, is 0.

    Windows that reach beyond the image never win where one within it would fit, since values are at least 0.
    """
    if not doubt.count:
        return Measured(math.nan, NOTHING_COUNTS)
    means = ndimage.uniform_filter(doubt.masked, tuple(size), mode="constant")
    return Measured(float(means.max(initial=0)))


def class_mean(doubt: DoubtMap, *, by_size: bool) -> Measured:
    """Mean over predicted classes, without the background, of the mean in each; weighed by voxels with `by_size`.

    Equal weights are the balanced, weights by size the imbalance-weighted mean. Neither changes with the background.
    """
    counts = np.bincount(doubt.labels[doubt.foreground]).astype(np.float64)
    if not counts.any():
        return Measured(math.nan, EMPTY)
    sums = np.bincount(doubt.labels[doubt.foreground], weights=doubt.values[doubt.foreground])
    there = counts > 0
    return Measured(float(sums.sum() / counts.sum() if by_size else (sums[there] / counts[there]).mean()))


def boundary_mean(doubt: DoubtMap) -> Measured:
    """Over the outermost voxels of what is predicted: those with any neighbour, also by a corner, that is not."""
    shell = doubt.foreground & ~_interior(doubt)
    return Measured(float(doubt.values[shell].mean())) if shell.any() else Measured(math.nan, EMPTY)


def interior_mean(doubt: DoubtMap) -> Measured:
    """Over what is predicted without its outermost voxels."""
    inner = _interior(doubt)
    if inner.any():
        return Measured(float(doubt.values[inner].mean()))
    return Measured(math.nan, "what the model outlined has no interior" if doubt.foreground.any() else EMPTY)


def _interior(doubt: DoubtMap) -> np.ndarray:
    whole = ndimage.generate_binary_structure(doubt.labels.ndim, doubt.labels.ndim)
    return np.asarray(ndimage.binary_erosion(doubt.foreground, whole))

"""Whether a map is high where readers differ: the normalised cross-correlation with the readers' variance.

    NCC(a, b) = 1 / (N s_a s_b) sum (a - mean a)(b - mean b),    s with N - 1 below

as in Kahl et al. 2024, arXiv:2401.08501: Pearson's correlation but for a factor (N - 1)/N. It does not change where a
map is scaled or shifted, and says nothing about whether its values mean what they say.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

ONE_READER = "needs two readers or more"
FEW = "the region has fewer than two voxels"
FLAT_MAP, ALL_AGREE = "the map is the same everywhere", "the readers agree everywhere"
VERSION = "1"


def readers_variance(votes: NDArray[np.integer], *, classes: int) -> NDArray[np.float64]:
    """Sum over classes of the variance of readers' one-hot votes (reader, ...): sum_c v_c (1 - v_c), v_c their shares.

    0 where all agree, 1/2 where two classes share them. Divided by R, not by R - 1, as members' variance is.
    """
    squares = np.zeros(votes.shape[1:])
    for label in range(classes):
        squares += ((votes == label).sum(axis=0) / len(votes)) ** 2
    return 1 - squares


def ncc(values: Floats, variance: Floats) -> Measured:
    """NCC of a map with the readers' variance, (voxel,) both, from -1 to 1; nan where one of them does not vary."""
    if values.size < 2:
        return Measured(math.nan, FEW)
    one, other = values.astype(np.float64), variance.astype(np.float64)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return Measured(math.nan, FLAT_MAP if np.ptp(one) == 0 else ALL_AGREE)
    one, other = one - one.mean(), other - other.mean()
    return Measured(float((one * other).mean() / (one.std(ddof=1) * other.std(ddof=1))))

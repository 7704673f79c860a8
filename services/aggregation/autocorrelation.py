"""Whether neighbouring voxels doubt alike: Moran's I and Geary's C over neighbours that share a face (in 2D, an edge).

With z = x - mean(x) over the n voxels that count, and w_ij = 1 for each of the ordered pairs (i, j) of neighbours:

    I = n / S0 * sum w_ij z_i z_j / sum z_i^2              1: alike, about 0: by chance, -1: a checkerboard
    C = (n - 1) / (2 S0) * sum w_ij (x_i - x_j)^2 / sum z_i^2      0: alike, 1: by chance, above 1: unlike

Moran 1950 (doi:10.1093/biomet/37.1-2.17), Geary 1954 (doi:10.2307/2986645). Both are undefined for a map without any
variation; the authors' code says 1 for both there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.aggregation.maps import DoubtMap

FLAT = "all values are the same"
FLATNESS = 1e-12
"""Values count as the same where their variance is at most this share of their mean square: beyond it is rounding."""


@dataclass(frozen=True)
class Sums:
    """What both are made of; pairs count once each."""

    count: int
    total: float
    squares: float
    pairs: int
    products: float
    """Sum of x_i x_j over pairs."""
    neighbours: float
    """Sum of x_i times its number of neighbours, and the same of x_i^2."""
    neighbours_squared: float

    @property
    def variation(self) -> float:
        """Sum of z_i^2; 0 where that is rounding."""
        found = self.squares - self.total**2 / self.count
        return found if found > FLATNESS * self.squares else 0.0

    @property
    def moran(self) -> Measured:
        """I of these sums."""
        if not (self.count and self.pairs and self.variation):
            return Measured(math.nan, FLAT)
        mean = self.total / self.count
        together = self.products - mean * self.neighbours + self.pairs * mean**2
        return Measured(self.count * together / (self.pairs * self.variation))

    @property
    def geary(self) -> Measured:
        """C of these sums."""
        if not (self.count and self.pairs and self.variation):
            return Measured(math.nan, FLAT)
        apart = self.neighbours_squared - 2 * self.products
        return Measured((self.count - 1) * apart / (2 * self.pairs * self.variation))


def sums_of(doubt: DoubtMap) -> Sums:
    """In one pass over the box; what lies in the image beyond it adds zeros and their pairs."""
    x, counts = doubt.masked, doubt.inside
    pairs, products, neighbours, neighbours_squared = 0, 0.0, 0.0, 0.0
    for axis in range(x.ndim):
        one, other = _slices(x.ndim, axis)
        products += _dot(x[one], x[other])
        if counts is None:
            pairs += pairs_along(doubt.image or x.shape, axis)
            neighbours += _both_sides(x, axis)
            neighbours_squared += _both_sides(x, axis, squared=True)
            continue
        both = counts[one] & counts[other]
        pairs += int(np.count_nonzero(both))
        for side in (one, other):
            neighbours += float(x[side].sum(where=both))
            neighbours_squared += _dot(x[side] * both, x[side])
    squares = _dot(doubt.counted, doubt.counted)
    return Sums(
        doubt.count, float(doubt.counted.sum()), squares, pairs, products, neighbours, neighbours_squared
    )  # fmt: skip


def pairs_along(shape: Sequence[int], axis: int) -> int:
    """How many neighbouring pairs an image of this shape has along an axis."""
    return math.prod(shape) // shape[axis] * (shape[axis] - 1)


def _both_sides(x: NDArray[np.float64], axis: int, *, squared: bool = False) -> float:
    """Sum of all values, times their neighbours along an axis: two, but for the first and the last one."""
    ends = np.take(x, [0, -1], axis)
    return 2 * _dot(x, x) - _dot(ends, ends) if squared else 2 * float(x.sum()) - float(ends.sum())


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Sum of products, without a copy."""
    axes = "kji"[: a.ndim]
    return float(np.einsum(f"{axes},{axes}->", a, b))


def _slices(ndim: int, axis: int) -> tuple[Any, Any]:
    """All but the last, and all but the first along an axis."""
    return tuple(
        tuple(part if this == axis else slice(None) for this in range(ndim)) for part in (slice(-1), slice(1, None))
    )  # type: ignore[return-value]

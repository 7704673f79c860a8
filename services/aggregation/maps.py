"""A map of doubt as strategies take it: values from 0 to 1, what was predicted, and which voxels count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Mask = NDArray[np.bool_]

EMPTY = "the model has outlined nothing"


@dataclass(frozen=True)
class DoubtMap:
    """A map on a box of an image, 2D or 3D; all arrays of one shape and only read.

    Where the image is larger than the box, its values beyond are 0, and so are those of the box's outermost voxels on
    every side on which the image goes on.
    """

    values: Values
    """Each in [0, 1]: entropy / ln K."""
    labels: NDArray[np.uint8]
    """Predicted classes, 0 background."""
    inside: Mask | None = None
    """The voxels that count; None for all of the image."""
    image: tuple[int, ...] | None = None
    """Shape of the whole image, where it is larger than the box and all of it counts."""

    @classmethod
    def of(
        cls,
        values: NDArray[np.floating],
        labels: NDArray[np.integer],
        *,
        inside: Mask | None = None,
        image: tuple[int, ...] | None = None,
    ) -> DoubtMap:
        """The same, from values of any precision; what lies outside [0, 1] by rounding is set to its end.

        Raises ValueError where shapes differ or a value is no number.
        """
        if values.shape != labels.shape or (inside is not None and inside.shape != values.shape):
            shapes = values.shape, labels.shape, None if inside is None else inside.shape
            raise ValueError(f"A map, its labels and its region must share one grid. Found: {shapes}. Resample them.")
        if not np.isfinite(values).all():
            raise ValueError("A map of doubt must hold numbers. Found: nan or infinity. Leave such voxels out first.")
        return cls(np.clip(values, 0, 1, dtype=np.float64), labels.astype(np.uint8, copy=False), inside, image)

    @cached_property
    def count(self) -> int:
        """How many voxels count."""
        if self.inside is not None:
            return int(np.count_nonzero(self.inside))
        return math.prod(self.image or self.values.shape)

    @cached_property
    def counted(self) -> Values:
        """The values that count and lie in the box, in one row."""
        return self.values.ravel() if self.inside is None else self.values[self.inside]

    @cached_property
    def positive(self) -> Values:
        """Those above 0, smallest first."""
        return np.sort(self.counted[self.counted > 0])

    @cached_property
    def masked(self) -> Values:
        """The map with 0 where voxels do not count."""
        return self.values if self.inside is None else np.where(self.inside, self.values, 0)

    @cached_property
    def foreground(self) -> Mask:
        """Voxels that count and are predicted to be no background."""
        found = self.labels > 0
        return found if self.inside is None else found & self.inside

    def quantile(self, q: float) -> float:
        """As numpy.quantile says it of all values that count, by linear interpolation."""
        zeros = self.count - len(self.positive)
        if not len(self.positive):
            return 0.0
        place = (self.count - 1) * q
        below = math.floor(place)
        low, high = (
            0.0 if rank < zeros else float(self.positive[min(rank - zeros, len(self.positive) - 1)])
            for rank in (below, below + 1)
        )
        return low + (high - low) * (place - below)

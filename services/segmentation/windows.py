"""Sliding windows: where they lie, and one network's probabilities from the weighted mean of those that overlap.

Weights are Gaussian, as in nnU-Net (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z): a network knows least about
the rim of its window, whose context it does not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal.windows import gaussian

from db.records import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from db.records import Index3
    from services.segmentation.engine import Engine

OVERLAP = 0.5
SIGMA = 0.125
"""Standard deviation of the weights, in lengths of a window."""
LEAST_WEIGHT = 1e-3
"""Of a corner, where the Gaussian would give next to nothing; the middle weighs 1."""


@dataclass(frozen=True)
class Windows:
    """Windows of one size that cover a box of a grid. Their corners may lie outside a grid smaller than a window."""

    box: Region
    patch: Index3
    corners: tuple[Index3, ...]
    grid_shape: Index3

    @classmethod
    def over(cls, box: Region, patch: Index3, grid_shape: Index3, overlap: float = OVERLAP) -> Windows:
        """As few windows as overlap by this part of their length; they see what the grid shows around the box."""
        k, j, i = (
            _firsts(*axis, overlap=overlap) for axis in zip(box.origin, box.shape, patch, grid_shape, strict=True)
        )
        return cls(box, patch, tuple(product(k, j, i)), grid_shape)

    @property
    def reach(self) -> Region:
        """The box of the grid that the windows see."""
        corners = np.array(self.corners)
        k, j, i = (int(first) for first in np.maximum(corners.min(axis=0), 0))
        ends = np.minimum(corners.max(axis=0) + self.patch, self.grid_shape)
        nk, nj, ni = (int(end) - first for end, first in zip(ends, (k, j, i), strict=True))
        return Region((k, j, i), (nk, nj, ni))

    def cut(self, image: NDArray[np.float32], corner: Index3, outside: float) -> NDArray[np.float32]:
        """The window at a corner, (1, 1, *patch), from an image of `reach`; `outside` where the grid has ended."""
        within, place = _overlap(self.reach, Region(corner, self.patch))
        window = np.full((1, 1, *self.patch), outside, dtype=np.float32)
        window[0, 0][place] = image[within]
        return window


def class_probability(
    engine: Engine,
    image: NDArray[np.float32],
    windows: Windows,
    *,
    classes: int,
    outside: float,
    done: Callable[[], None],
) -> NDArray[np.float32]:
    """Probabilities (class, k, j, i) on `windows.box`, sums over class 1; `done` is called after every window.

    image: scaled as the card says, on `windows.reach`. outside: the scaled value of air. Windows are added in their
    order whichever is ready first, so that the same scan gives the same bytes.
    """
    weights = importance(windows.patch)
    sums = np.zeros((classes, *windows.box.shape), dtype=np.float32)
    weight_sums = np.zeros(windows.box.shape, dtype=np.float32)
    images = (windows.cut(image, corner, outside) for corner in windows.corners)
    for corner, probability in zip(windows.corners, engine.probabilities(images), strict=True):
        within, place = _overlap(windows.box, Region(corner, windows.patch))
        np.multiply(probability, weights, out=probability)
        sums[(slice(None), *within)] += probability[(slice(None), *place)]
        weight_sums[within] += weights[place]
        done()
    sums /= weight_sums
    return sums


def importance(patch: Index3) -> NDArray[np.float32]:
    """Gaussian weights of a window, float32 [k, j, i]: 1 in the middle of an odd size, at least LEAST_WEIGHT."""
    k, j, i = (gaussian(size, SIGMA * size) for size in patch)
    weights = np.maximum(k[:, None, None] * j[:, None] * i, LEAST_WEIGHT)
    return np.asarray(weights, dtype=np.float32)


def _firsts(first: int, length: int, patch: int, size: int, *, overlap: float) -> list[int]:
    """Where windows begin along one axis: evenly over the box, and within the grid where it is long enough."""
    if size <= patch:
        return [-((patch - size) // 2)]
    if length <= patch:
        middle = first - (patch - length) // 2
        return [min(max(middle, 0), size - patch)]
    step = max(1, int(patch * (1 - overlap)))
    count = -(-(length - patch) // step) + 1
    return [int(begin) for begin in np.rint(np.linspace(first, first + length - patch, count))]


def _overlap(box: Region, window: Region) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """What a box and a window share: as an index into the box, and into the window."""
    low = np.maximum(box.origin, window.origin)
    high = np.minimum(np.add(box.origin, box.shape), np.add(window.origin, window.shape))
    within = [slice(*bounds) for bounds in zip(low - box.origin, high - box.origin, strict=True)]
    place = [slice(*bounds) for bounds in zip(low - window.origin, high - window.origin, strict=True)]
    return tuple(within), tuple(place)

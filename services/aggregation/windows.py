"""Local measures of a map, each from 0 to 1, over windows of 3 voxels along each axis; by sums, not window by window.

Each function takes a block with one voxel more on every side and gives the measure of every inner voxel's window. Their
2D versions are those of Guarino et al. 2026 (arXiv:2603.29941); how they go on in 3D is our own design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from services.aggregation.autocorrelation import FLATNESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Single = NDArray[np.float32]

BINS = 4
EDGE = 0.2
"""A voxel of a window is an edge where the Sobel gradient in 2D is above this."""
_BITS = 8
"""Of one bin's count, at most 27, so that four counts share a number of 32 bits."""


def moran(block: Values) -> Values:
    """Moran's I within each window, 0 where it is negative; nan where the window is flat.

    Neighbours share a face. No window of 3 x 3 that varies reaches 0.54, none of 3 x 3 x 3 reaches 0.71; a flat one has
    no I, and to call it 1, as the authors' code does, would put it above all that can be measured.
    """
    axes, n = range(block.ndim), 3**block.ndim
    pairs = 2 * block.ndim * n // 3
    total, squares = _box(block, axes), _box(np.square(block), axes)
    products, neighbours = np.zeros_like(total), block.ndim * total
    for axis in axes:
        others = [other for other in axes if other != axis]
        together = _part(block, axis, 0, -1) * _part(block, axis, 1, None)
        products += _box(_part(together, axis, 0, -1) + _part(together, axis, 1, None), others)
        neighbours += _box(_part(block, axis, 1, -1), others)
    mean = total / n
    variation = squares - total * mean
    flat = variation <= FLATNESS * squares
    with np.errstate(divide="ignore", invalid="ignore"):
        found = n * (products - mean * (neighbours - pairs * mean)) / (pairs * variation)
    return np.where(flat, np.nan, np.maximum(found, 0))


def entropy(block: Values) -> Values:
    """Entropy of a window's histogram of four equal bins on [0, 1], divided by its largest value, ln 4."""
    n = 3**block.ndim
    in_bin = np.minimum((block * BINS).astype(np.uint32), BINS - 1)
    counts = _box(np.left_shift(np.uint32(1), in_bin * np.uint32(_BITS)), range(block.ndim))
    share = np.arange(n + 1) / n
    parts = -share * np.log2(np.where(share > 0, share, 1)) / np.log2(BINS)
    mask = np.uint32(2**_BITS - 1)
    return np.asarray(sum(parts[(counts >> np.uint32(_BITS * number)) & mask] for number in range(BINS)))


def edge_density(block: Values) -> Values:
    """Share of a window's voxels whose Sobel gradient, taken within the window, is above EDGE; in float32.

    Beyond the window its outermost voxels are repeated. In 3D the Sobel filter smooths along one axis more, by weights
    that sum to 4, and is divided by that, so that the same step is as much of an edge as in 2D.
    """
    least = np.float32((EDGE * 4.0 ** (block.ndim - 2)) ** 2)
    edges = np.zeros([length - 2 for length in block.shape], np.uint8)
    for gradients in _gradients(block.astype(np.float32), [], 0):
        steepness = np.square(gradients[0], out=gradients[0])
        for other in gradients[1:]:
            steepness += np.square(other, out=other)
        edges += steepness > least
    return edges / np.float64(3**block.ndim)


def _gradients(smooth: Single, differences: list[Single], axis: int) -> Iterator[list[Single]]:
    """The Sobel filters along all axes, at each voxel of every window in turn; whoever takes them may overwrite them.

    smooth: the map smoothed along the axes before `axis`; differences: those along each of them, smoothed along others.
    """
    if axis == smooth.ndim:
        yield differences
        return
    last = axis == smooth.ndim - 1
    smoothed = [_smoothed(one, axis) for one in differences]
    goes_on = [smooth] * 3 if last else _smoothed(smooth, axis)
    for at, further in enumerate(goes_on):
        found = [*(one[at] for one in smoothed), _difference(smooth, axis, at)]
        yield from _gradients(further, found, axis + 1)


def _smoothed(values: Single, axis: int) -> list[Single]:
    """Weights 1, 2, 1 at the first, middle and last of three voxels, the outermost ones repeated."""
    sums, twice = _part(values, axis, 0, -1) + _part(values, axis, 1, None), 2 * values
    before, after = _part(sums, axis, 0, -1), _part(sums, axis, 1, None)
    return [before + _part(twice, axis, 0, -2), before + after, after + _part(twice, axis, 2, None)]


def _difference(values: Single, axis: int, at: int) -> Single:
    """Weights -1, 0, 1 at the first (0), middle (1) or last (2) of three voxels, the outermost ones repeated."""
    low, high = (0, 1) if at == 0 else (0, 2) if at == 1 else (1, 2)
    return np.asarray(_part(values, axis, high, high - 2 or None) - _part(values, axis, low, low - 2))


def _box(values: Any, axes: Iterable[int]) -> Any:  # noqa: ANN401 -- the same precision goes out as came in
    """Sums of three neighbours along each of the axes."""
    for axis in axes:
        values = _part(values, axis, 0, -2) + _part(values, axis, 1, -1) + _part(values, axis, 2, None)
    return values


def _part(values: Any, axis: int, first: int, last: int | None) -> Any:  # noqa: ANN401
    """values[first:last] along an axis."""
    return values[(slice(None),) * axis + (slice(first, last),)]

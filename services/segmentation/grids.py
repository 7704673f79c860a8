"""From a scan's voxels to those that a network works on, and back. Axes stay, only the spacing along them changes.

One linear filter for both ways: a triangle as wide as the coarser of the two voxels. Where the target is finer that is
linear interpolation; where it is coarser it averages, so that nothing is aliased. The work goes slice by slice of the
target, so that no copy of a large scan is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from db.records import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from db.records import Index3

Three = tuple[float, float, float]


class Scan(NamedTuple):
    """A standing scan: int16 HU [k, j, i] and the spacing along these in mm."""

    hounsfield: NDArray[np.int16]
    spacing_mm: Three

    @property
    def whole(self) -> Region:
        """All of it."""
        k, j, i = self.hounsfield.shape
        return Region((0, 0, 0), (k, j, i))


@dataclass(frozen=True)
class Grid:
    """Voxels of `spacing_mm` over a scan, whose first corner they share."""

    scan_shape: Index3
    scan_spacing_mm: Three
    spacing_mm: Three

    @classmethod
    def over(cls, scan: Scan, spacing_mm: Three) -> Grid:
        """The grid of this spacing over a scan."""
        return cls(scan.whole.shape, scan.spacing_mm, spacing_mm)

    @property
    def ratio(self) -> NDArray[np.float64]:
        """How many voxels of the scan one voxel of the grid is long, along k, j, i."""
        return np.divide(self.spacing_mm, self.scan_spacing_mm)

    @property
    def shape(self) -> Index3:
        """As many voxels as the scan is long, to half a voxel, and at least one."""
        k, j, i = (max(1, round(size / step)) for size, step in zip(self.scan_shape, self.ratio, strict=True))
        return k, j, i

    def box_of(self, region: Region) -> Region:
        """The voxels of the grid that a box of the scan needs for its maps: also those beyond that the filter reads."""
        beyond = np.maximum(1, 0.5 / self.ratio)
        low = np.floor(region.origin / self.ratio - beyond)
        high = np.ceil(np.add(region.origin, region.shape) / self.ratio + beyond)
        return _clipped(low, high, self.shape)

    def region_of(self, box: Region, margin_mm: float) -> Region:
        """The box of the scan that holds a box of the grid, and so much beyond as the scan goes on."""
        margin = np.divide(margin_mm, self.scan_spacing_mm)
        low = np.floor(box.origin * self.ratio - margin)
        high = np.ceil(np.add(box.origin, box.shape) * self.ratio + margin)
        return _clipped(low, high, self.scan_shape)

    def steps(self, box: Region) -> NDArray[np.float64]:
        """4x4, (k, j, i) of a box of the grid to (k, j, i) of the scan, both counted at the voxels' middles."""
        matrix = np.diag([*self.ratio, 1.0])
        matrix[:3, 3] = (np.array(box.origin) + 0.5) * self.ratio - 0.5
        return matrix

    def sample(self, hounsfield: NDArray[np.int16], box: Region) -> NDArray[np.float32]:
        """HU of a scan at the voxels of a box of the grid, float32."""
        targets = [
            (np.arange(first, first + size) + 0.5) * step - 0.5
            for first, size, step in zip(box.origin, box.shape, self.ratio, strict=True)
        ]
        return filtered(hounsfield, _lines(targets, self.ratio, hounsfield.shape))

    def spread(self, values: NDArray[np.float32], box: Region, region: Region) -> NDArray[np.float32]:
        """A map on a box of the grid at the voxels of a box of the scan, float32. Sums over maps are kept."""
        targets = [
            (np.arange(first, first + size) + 0.5) / step - 0.5 - begin
            for first, size, step, begin in zip(region.origin, region.shape, self.ratio, box.origin, strict=True)
        ]
        return filtered(values, _lines(targets, 1 / self.ratio, values.shape))


def filtered(values: NDArray[Any], lines: Sequence[csr_array]) -> NDArray[np.float32]:
    """A box whose every axis is a weighted sum along that axis of `values`, float32."""
    along_k, along_j, along_i = lines
    result = np.empty((along_k.shape[0], along_j.shape[0], along_i.shape[0]), dtype=np.float32)
    for k, part in enumerate(result):
        taps = slice(along_k.indptr[k], along_k.indptr[k + 1])
        plane = np.zeros(values.shape[1:], dtype=np.float32)
        for source, weight in zip(along_k.indices[taps], along_k.data[taps], strict=True):
            plane += weight * values[source]
        part[:] = (along_i @ (along_j @ plane).T).T
    return result


def line(targets: NDArray[np.float64], ratio: float, size: int) -> csr_array:
    """Weights (target, source) of a triangle around positions on a line of `size` voxels; its ends go on for ever.

    targets: positions as indices of the source. ratio: length of a target voxel in source voxels.
    """
    width = max(1.0, ratio)
    sources = np.ceil(targets - width)[:, None] + np.arange(int(2 * width) + 1)
    weights = np.maximum(0, 1 - np.abs(sources - targets[:, None]) / width)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(len(targets))[:, None], sources.shape)
    places = (rows.ravel(), np.clip(sources, 0, size - 1).astype(np.intp).ravel())
    return csr_array((weights.astype(np.float32).ravel(), places), shape=(len(targets), size))


def _lines(
    targets: Sequence[NDArray[np.float64]], ratios: NDArray[np.float64], sizes: tuple[int, ...]
) -> list[csr_array]:
    return [line(*along) for along in zip(targets, ratios, sizes, strict=True)]


def _clipped(low: NDArray[np.float64], high: NDArray[np.float64], shape: Index3) -> Region:
    begin = np.clip(low, 0, np.subtract(shape, 1)).astype(int)
    k, j, i = (int(first) for first in begin)
    nk, nj, ni = (int(size) for size in np.maximum(np.clip(high, 0, shape).astype(int) - begin, 1))
    return Region((k, j, i), (nk, nj, ni))

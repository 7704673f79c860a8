"""How a scan lies in its array. Networks learnt from bodies that stand: k upwards, j backwards, i to the left (LPS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from db.records import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.records import Index3

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Posture:
    """Which axes of an array run upwards, backwards and to the left, and which of those three run the other way.

    Only whole axes are swapped and mirrored, so that no voxel is resampled; an oblique scan stays oblique.
    """

    axes: Index3
    mirrored: tuple[bool, bool, bool]

    @classmethod
    def of(cls, affine: NDArray[np.float64]) -> Posture:
        """The nearest standing posture. affine: 4x4, (k, j, i) to LPS millimetres."""
        cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
        standing = cosines[::-1]  # rows are now z, y, x
        _, axes = linear_sum_assignment(-np.abs(standing))
        k, j, i = (int(axis) for axis in axes)
        return cls((k, j, i), (bool(standing[0, k] < 0), bool(standing[1, j] < 0), bool(standing[2, i] < 0)))

    def stand(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of a scan's array [k, j, i] that stands."""
        return array.transpose(self.axes)[self._steps]

    def lie(self, array: NDArray[Any]) -> NDArray[Any]:
        """The way back: a view of (..., k, j, i) as the scan lies."""
        leading = array.ndim - 3
        back = [leading + int(axis) for axis in np.argsort(self.axes)]
        return array[(..., *self._steps)].transpose(*range(leading), *back)

    def standing(self, along: Three) -> Three:
        """Lengths along a scan's axes, as spacing is, in standing order."""
        k, j, i = (along[axis] for axis in self.axes)
        return k, j, i

    def standing_affine(self, affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
        """4x4, (k, j, i) of the standing array to LPS mm. affine, shape: of the scan's own array."""
        turned = np.zeros((4, 4))
        turned[3, 3] = 1.0
        for standing, (axis, mirrored) in enumerate(zip(self.axes, self.mirrored, strict=True)):
            turned[axis, standing] = -1.0 if mirrored else 1.0
            turned[axis, 3] = shape[axis] - 1 if mirrored else 0.0
        return np.asarray(affine @ turned, dtype=np.float64)

    def lying_region(self, region: Region, shape: Index3) -> Region:
        """A box of a standing array of `shape`, in the scan's own array."""
        begins = [
            size - first - length if mirrored else first
            for first, length, size, mirrored in zip(region.origin, region.shape, shape, self.mirrored, strict=True)
        ]
        back = np.argsort(self.axes)
        k, j, i = (int(begins[axis]) for axis in back)
        nk, nj, ni = (int(region.shape[axis]) for axis in back)
        return Region((k, j, i), (nk, nj, ni))

    @property
    def _steps(self) -> tuple[slice, slice, slice]:
        k, j, i = (slice(None, None, -1 if mirrored else 1) for mirrored in self.mirrored)
        return k, j, i

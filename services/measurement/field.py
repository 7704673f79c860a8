"""The outer wall as a smooth field: how much of the neighbourhood lies inside it. The wall is where that is one half.

A label map says of each voxel's middle whether it is inside. A Gaussian mean of it is nearly linear across the wall, so
that its level 0.5 lies where the wall is to a fraction of a voxel. It moves a wall of curvature 1/R by sigma^2 / 2R.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]
    Floats = NDArray[np.float32]

LEVEL = 0.5
SIGMA_MM, SIGMA_VOXELS = 0.75, 0.83
"""Standard deviation of the mean along an axis: the larger of both, millimetres and voxels of that axis."""
PAD_MM = 8.0
GRID_MM = 1.5


@dataclass(frozen=True)
class Field:
    """The smoothed outer wall around its bounding box, and where the scan ends."""

    values: Floats
    """[k, j, i], 0 to 1. Beyond the scan's edge the last slice, row or column goes on."""
    affine: Numbers
    """(k, j, i, 1) of `values` to LPS mm."""
    low: Numbers
    """(3,): the first voxel of the scan, as an index of `values`."""
    high: Numbers
    """(3,): its last voxel."""

    def index(self, points: Numbers) -> Numbers:
        """LPS mm (..., 3) as indices (..., 3) of `values`."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(points @ inverse[:3, :3].T + inverse[:3, 3])

    def at(self, points: Numbers) -> Floats:
        """The field at points (..., 3) in LPS mm; 0 far outside."""
        index = np.moveaxis(self.index(points), -1, 0)
        return np.asarray(ndimage.map_coordinates(self.values, index, order=1, mode="constant", cval=0.0))

    def beyond_the_scan(self, points: Numbers) -> Mask:
        """Which points (..., 3) lie outside the outermost voxels' middles."""
        index = self.index(points)
        return np.asarray(((index < self.low - 1e-3) | (index > self.high + 1e-3)).any(axis=-1))


@dataclass(frozen=True)
class Grid:
    """Voxels of equal sides along the patient's axes: [z, y, x] from feet to head, front to back, right to left."""

    values: Floats
    origin: Numbers
    """(3,), LPS mm of voxel [0, 0, 0]."""
    step: float = GRID_MM

    @property
    def inside(self) -> Mask:
        """Which voxels lie inside the wall."""
        return np.asarray(self.values > LEVEL)

    def points(self, index: NDArray[np.integer] | Numbers) -> Numbers:
        """LPS mm (n, 3) of indices (n, 3) in the order z, y, x."""
        return np.asarray(self.origin + np.asarray(index, float)[:, ::-1] * self.step)


def field_of(
    wall: Mask,
    affine: Numbers,
    *,
    origin: tuple[int, int, int] = (0, 0, 0),
    shape: tuple[int, int, int] | None = None,
    sigma_mm: float = SIGMA_MM,
) -> Field | None:
    """The field of a mask [k, j, i]; None of an empty one.

    `affine` leads from the mask's own voxels to LPS mm. `origin` and `shape` say where a cropped mask lies in its image
    and how large that is: only at the image's edge is a vessel cut.
    """
    box = bounding_region(wall)
    if box is None:
        return None
    whole = np.asarray(shape or wall.shape)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    first = np.asarray(box.origin) + origin
    cut = np.stack([first <= 0, first + box.shape >= whole], axis=1)
    pad = np.ceil(PAD_MM / spacing).astype(int)[:, None] * np.ones((1, 2), int)
    values = np.pad(wall[slices_of(box)].astype(np.float32), np.where(cut, pad, 0), mode="edge")
    values = np.pad(values, np.where(cut, 0, pad))
    sigma = np.maximum(sigma_mm / spacing, SIGMA_VOXELS)
    values = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3.0)
    moved = np.array(affine, float)
    moved[:3, 3] += affine[:3, :3] @ (np.asarray(box.origin) - pad[:, 0])
    low = pad[:, 0] - first
    return Field(values, moved, low.astype(float), (low + whole - 1).astype(float))


def grid_of(field: Field, step: float = GRID_MM) -> Grid:
    """The inside of the wall on voxels of equal sides along the patient's axes, within the scan."""
    size = np.array(field.values.shape)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in size], indexing="ij")).reshape(3, -1).T
    lps = corners @ field.affine[:3, :3].T + field.affine[:3, 3]
    low, high = lps.min(axis=0), lps.max(axis=0)
    count = np.ceil((high - low) / step).astype(int) + 1
    low = (low + high) / 2 - (count - 1) * step / 2
    inverse = np.linalg.inv(field.affine)
    matrix = inverse[:3, :3] @ np.eye(3)[::-1] * step
    offset = inverse[:3, :3] @ low + inverse[:3, 3]
    held = np.zeros(field.values.shape, np.float32)
    scan = tuple(
        slice(max(0, int(a)), max(0, int(b) + 1)) for a, b in zip(np.ceil(field.low), np.floor(field.high), strict=True)
    )
    held[scan] = field.values[scan]
    values = ndimage.affine_transform(held, matrix, offset, output_shape=tuple(count[::-1]), order=1)
    return Grid(values, low, step)

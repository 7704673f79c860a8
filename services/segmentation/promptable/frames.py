"""The square picture that a promptable model sees of a slice, and the way between its pixels and the slice's voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.prompts import Box, Click

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A part of a slice, rows x columns of voxels, shown on side x side square pixels of one size; the rest is black.

    The part's longer edge, in millimetres, fills the picture, as MedSAM was trained (doi:10.1038/s41467-024-44824-z).
    """

    first: tuple[int, int]
    """Row and column of the slice at which the part begins."""
    shape: tuple[int, int]
    """Rows and columns of the part."""
    spacing_mm: tuple[float, float]
    """Of the slice's voxels, along its rows' axis and its columns' axis."""
    side: int

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel of the picture."""
        return max(n * mm for n, mm in zip(self.shape, self.spacing_mm, strict=True)) / self.side

    @property
    def _scale(self) -> NDArray[np.float64]:
        """Pixels of the picture for a voxel of the slice, along rows and columns."""
        return np.array(self.spacing_mm) / self.pixel_mm

    def picture(
        self, hounsfield: NDArray[np.int16], windows_hu: tuple[tuple[float, float], ...]
    ) -> NDArray[np.float32]:
        """(3, side, side) float32, 0 to 1, of a slice (rows, columns) in HU. One window fills all three channels."""
        (row, column), (rows, columns) = self.first, self.shape
        part = hounsfield[row : row + rows, column : column + columns].astype(np.float32)
        seen = np.stack([np.clip((part - low) / (high - low), 0, 1) for low, high in windows_hu])
        on = [self._resampled(channel) for channel in seen]
        return np.stack(on if len(on) == len("rgb") else on * 3).astype(np.float32)

    def _resampled(self, part: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bilinear, by pixel centres; black where the part does not reach."""
        inverse = 1 / self._scale
        inside = np.rint(np.array(part.shape) * self._scale).astype(int).clip(1, self.side)
        drawn = ndimage.affine_transform(
            part, inverse, 0.5 * inverse - 0.5, output_shape=tuple(inside), order=1, mode="nearest"
        )
        picture = np.zeros((self.side, self.side), dtype=np.float32)
        picture[: inside[0], : inside[1]] = drawn
        return picture

    def on_slice(self, values: NDArray[np.float32], outside: float, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Values (side, side) of the picture on a slice of `shape` (rows, columns), bilinear; `outside` beyond."""
        scale = self._scale
        slice_values = np.full(shape, outside, dtype=np.float32)
        (row, column), (rows, columns) = self.first, self.shape
        slice_values[row : row + rows, column : column + columns] = ndimage.affine_transform(
            values, scale, 0.5 * scale - 0.5, output_shape=self.shape, order=1, mode="nearest"
        )
        return slice_values

    def on_picture(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values (rows, columns) of the slice on the picture (side, side), bilinear; 0 beyond the part."""
        (row, column), (rows, columns) = self.first, self.shape
        return self._resampled(values[row : row + rows, column : column + columns].astype(np.float32))

    def box(self, of_slice: Box) -> Box:
        """A box of the slice's voxels, both ends included, in pixels of the picture."""
        low = self._pixel(of_slice.first_row - 0.5, of_slice.first_column - 0.5)
        high = self._pixel(of_slice.last_row + 0.5, of_slice.last_column + 0.5)
        return Box(low[0] + 0.5, low[1] + 0.5, high[0] - 0.5, high[1] - 0.5)

    def click(self, of_slice: Click) -> Click:
        """A click on a voxel of the slice, in pixels of the picture."""
        row, column = self._pixel(of_slice.row, of_slice.column)
        return Click(row, column, of_slice.positive)

    def _pixel(self, row: float, column: float) -> tuple[float, float]:
        placed = (np.array([row, column]) + 0.5 - self.first) * self._scale - 0.5
        return float(placed[0]), float(placed[1])


def whole(shape: tuple[int, int], spacing_mm: tuple[float, float], side: int) -> Frame:
    """The frame of a whole slice (rows, columns)."""
    return Frame((0, 0), shape, spacing_mm, side)

"""A square window on a slice, of pixels of one size, anywhere and of any size; and the way back to the slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Click

AIR_HU = -1000.0
SMOOTHED_FROM = 1.3
"""Pixels so many times as large as voxels are means of several of these."""


@dataclass(frozen=True)
class View:
    """A square of side x side pixels around a place of a slice."""

    centre: tuple[float, float]
    """Row and column of the slice, in voxels."""
    pixel_mm: float
    side: int
    spacing_mm: tuple[float, float]
    """Of the slice's voxels, along its rows' axis and its columns' axis."""

    @property
    def _step(self) -> NDArray[np.float64]:
        """Voxels of the slice for a pixel, along rows and columns."""
        return self.pixel_mm / np.array(self.spacing_mm)

    @property
    def _first(self) -> NDArray[np.float64]:
        """Where the first pixel's middle lies, in voxels."""
        return np.array(self.centre) - self._step * (self.side - 1) / 2

    def hounsfield(self, on_slice: NDArray[np.int16]) -> NDArray[np.float32]:
        """HU (side, side) of a slice (rows, columns), bilinear; air beyond it."""
        values = on_slice.astype(np.float32)
        if max(self._step) > SMOOTHED_FROM:
            values = ndimage.gaussian_filter(values, 0.4 * self._step)
        return self._drawn(values, AIR_HU)

    def mask(self, on_slice: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask (side, side) of a slice's mask; nothing beyond it."""
        return self._drawn(on_slice.astype(np.float32), 0.0) > 0.5

    def places(self, clicks: tuple[Click, ...], *, positive: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows and columns, in pixels, of the clicks of one kind; some may lie outside the square."""
        chosen = [(click.row, click.column) for click in clicks if click.positive == positive]
        placed = (np.array(chosen, dtype=np.float64).reshape(-1, 2) - self._first) / self._step
        return placed[:, 0], placed[:, 1]

    def on_slice(self, values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
        """Values (side, side) on a slice of `shape`, bilinear; nan beyond the square."""
        inverse = 1 / self._step
        drawn: NDArray[np.float32] = ndimage.affine_transform(
            values, inverse, -self._first * inverse, output_shape=shape, order=1, mode="constant", cval=np.nan
        )
        return drawn

    def _drawn(self, values: NDArray[np.float32], outside: float) -> NDArray[np.float32]:
        square = (self.side, self.side)
        drawn: NDArray[np.float32] = ndimage.affine_transform(
            values, self._step, self._first, output_shape=square, order=1, mode="constant", cval=outside
        )
        return drawn


def discs(
    shape: tuple[int, int],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    radii: tuple[float, float],
) -> NDArray[np.bool_]:
    """What lies in an ellipse around one of the places; radii along rows and columns. (rows, columns) of `shape`."""
    down, across = (np.arange(size, dtype=np.float64) for size in shape)
    rows_off = ((down[None, :] - rows[:, None]) / radii[0]) ** 2
    columns_off = ((across[None, :] - columns[:, None]) / radii[1]) ** 2
    return np.asarray((rows_off[:, :, None] + columns_off[:, None, :] <= 1).any(axis=0))

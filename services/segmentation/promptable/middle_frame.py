"""The part of each slice that is looked at where nobody points: a square around the middle of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable.frames import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIELD_MM = 220.0
"""Edge of the square: on a whole slice of 400 mm the aorta would be three cells of the embedding wide. Ours."""
WINDOWS_HU = ((-100.0, 500.0), (-160.0, 240.0), (-500.0, 1000.0))
"""Vessels, soft tissue, wide: one a channel of the picture."""
BODY_HU = -300.0


def middle_of_body(hounsfield: NDArray[np.int16]) -> tuple[float, float]:
    """Mean row and column of a standing scan's voxels [k, j, i] above BODY_HU; the array's own middle without any."""
    body = (hounsfield[:: max(1, len(hounsfield) // 32)] > BODY_HU).sum(axis=0)
    if not body.any():
        return (hounsfield.shape[1] - 1) / 2, (hounsfield.shape[2] - 1) / 2
    rows, columns = np.arange(body.shape[0]), np.arange(body.shape[1])
    return float(np.average(rows, weights=body.sum(axis=1))), float(np.average(columns, weights=body.sum(axis=0)))


def middle_frame(hounsfield: NDArray[np.int16], spacing_mm: tuple[float, float, float], side: int) -> Frame:
    """The frame of all slices of a standing scan [k, j, i]: FIELD_MM around the body's middle, or the whole slice."""
    across = spacing_mm[1:]
    shape = [min(size, round(FIELD_MM / mm)) for size, mm in zip(hounsfield.shape[1:], across, strict=True)]
    first = [
        min(max(0, round(middle - length / 2)), size - length)
        for middle, length, size in zip(middle_of_body(hounsfield), shape, hounsfield.shape[1:], strict=True)
    ]
    return Frame((first[0], first[1]), (shape[0], shape[1]), (across[0], across[1]), side)

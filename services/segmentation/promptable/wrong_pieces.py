"""Pieces of a mask: the largest one, the one that a click is in, and a piece's innermost point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONNECTED = np.ones((3, 3), dtype=bool)
"""Voxels that touch at a corner belong together."""
REACH_MM = 8.0
"""A wrong piece farther from a click is not what the click is about."""


def largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The connected piece (rows, columns) with most voxels, the first of equals; None where the mask is empty."""
    pieces, count = ndimage.label(mask, CONNECTED)
    if not count:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    largest: NDArray[np.bool_] = pieces == 1 + int(sizes.argmax())
    return largest


def piece_at(mask: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    """The connected piece that holds a voxel; nothing where the mask does not hold it."""
    if not mask[row, column]:
        return np.zeros_like(mask)
    pieces, _ = ndimage.label(mask, CONNECTED)
    piece: NDArray[np.bool_] = pieces == pieces[row, column]
    return piece


def innermost(piece: NDArray[np.bool_], spacing_mm: tuple[float, float] = (1.0, 1.0)) -> tuple[int, int]:
    """Row and column of the voxel that is farthest from the edge of a piece, or of the slice. Not for an empty one."""
    inside = ndimage.distance_transform_edt(np.pad(piece, 1), sampling=spacing_mm)[1:-1, 1:-1]
    row, column = np.unravel_index(int(inside.argmax()), piece.shape)
    return int(row), int(column)


def nearest_piece(
    mask: NDArray[np.bool_],
    at: tuple[int, int],
    spacing_mm: tuple[float, float],
    reach_mm: float = REACH_MM,
) -> NDArray[np.bool_]:
    """The connected piece that holds a voxel, else the one nearest to it; nothing where none is within reach."""
    if not mask.any():
        return np.zeros_like(mask)
    distance, where = ndimage.distance_transform_edt(~mask, sampling=spacing_mm, return_indices=True)
    if distance[at] > reach_mm:
        return np.zeros_like(mask)
    return piece_at(mask, int(where[0][at]), int(where[1][at]))

"""Where the network looks for a correction: all around the vessel, or closer at one wrong piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.clicked_view import View
from services.segmentation.promptable.wrong_pieces import CONNECTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Click

    Mask = NDArray[np.bool_]

VESSEL_MM = (96.0, 176.0)
"""Least and greatest edge of the square around a vessel."""
UNKNOWN_MM = 144.0
"""Its edge while there is no outline yet: room for a large aneurysm."""
PIECE_MM = (48.0, 144.0)
"""Least and greatest edge of the square around a wrong piece."""
VESSEL_ENLARGED, PIECE_ENLARGED = 1.6, 1.4
"""A square's edge, by the longer edge of what it must hold; after FocalClick (arXiv:2204.02574)."""
MARGIN_MM = 24.0
"""Of what is added to that on both sides together."""


def around_vessel(mask: Mask, clicks: Sequence[Click], spacing_mm: tuple[float, float], side: int) -> View:
    """The view of all clicks and of the pieces of the mask (rows, columns) that hold one or are nearest to one."""
    pieces, count = ndimage.label(mask, CONNECTED)
    places = np.array([[click.row, click.column] for click in clicks])
    if not count:
        return _view(places, spacing_mm, side, VESSEL_ENLARGED, (UNKNOWN_MM, max(VESSEL_MM)))
    where = ndimage.distance_transform_edt(
        pieces == 0, sampling=spacing_mm, return_distances=False, return_indices=True
    )
    rows, columns = np.rint(places).astype(int).T
    chosen = np.unique(pieces[tuple(where[:, rows, columns])])
    held = np.concatenate([np.argwhere(np.isin(pieces, chosen)), places])
    return _view(held, spacing_mm, side, VESSEL_ENLARGED, VESSEL_MM)


def around_piece(piece: Mask, click: Click, spacing_mm: tuple[float, float], side: int) -> View:
    """The view of a wrong piece (rows, columns), which may be empty, and of the click on it."""
    held = np.concatenate([np.argwhere(piece), [[click.row, click.column]]])
    return _view(held, spacing_mm, side, PIECE_ENLARGED, PIECE_MM)


def _view(
    places: NDArray[np.float64],
    spacing_mm: tuple[float, float],
    side: int,
    enlarged: float,
    edges_mm: tuple[float, float],
) -> View:
    """The square around places (n, 2), in voxels, with room around them and an edge between two bounds."""
    low, high = places.min(axis=0), places.max(axis=0)
    longest = float(((high - low + 1) * spacing_mm).max())
    edge = float(np.clip(enlarged * longest + MARGIN_MM, *edges_mm))
    row, column = (low + high) / 2
    return View((float(row), float(column)), edge / side, side, spacing_mm)

"""Corrections of one slice on the slices beside it: the same error is looked for there, clicked at, and corrected.

Ours. Slice by slice away from the corrected one, each click is placed anew at the innermost point of the piece in which
the next slice differs from the corrected one beside it; where there is no such piece, or only a rim that anatomy
explains, that click is done. What the network may change there is that piece and a rim around it, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.errors import InputRefused
from services.segmentation.promptable.correcting import (
    ClickPhase,
    against,
    agreed_piece,
    finished,
    outlined,
    place,
)
from services.segmentation.promptable.correction_views import around_piece
from services.segmentation.promptable.prompts import Click
from services.segmentation.promptable.wrong_pieces import innermost, nearest_piece

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.click_network import ClickModel
    from services.segmentation.promptable.correcting import Corrected

    Mask = NDArray[np.bool_]

THINNEST_MM = 2.0
"""A piece whose innermost point is nearer to its edge is a rim: vessels move and taper from slice to slice."""
RIM_MM = 3.0
"""The network may change so much beyond a piece."""


def carry(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float],
    mask: Mask,
    index: int,
    clicks: tuple[Click, ...],
    *,
    first: int,
    last: int,
    model: ClickModel,
) -> dict[int, Corrected]:
    """The slices from `first` to `last` that change, by their index; `index` itself, corrected already, is not there.

    hounsfield, mask: [k, j, i], the mask with slice `index` as it was corrected; spacing_mm: between rows, between
    columns of a slice; clicks: those of slice `index`. A direction ends where no click finds its error any more. Writes
    into no argument. Raises InputRefused where the range does not fit.
    """
    if not 0 <= first <= index <= last < len(mask) or hounsfield.shape != mask.shape or not clicks:
        must = "Corrections must be carried to slices around the corrected one, and there must be a click."
        found = f"slices {first} to {last} around {index} of {len(mask)}, {len(clicks)} clicks."
        raise InputRefused(must, found, "Choose slices of this scan.")
    carried: dict[int, Corrected] = {}
    for way in (range(index + 1, last + 1), range(index - 1, first - 1, -1)):
        beside, going_on = mask[index], clicks
        for k in way:
            found_there = _carried_to(hounsfield[k], spacing_mm, mask[k], beside, going_on, model)
            if found_there is None:
                break
            carried[k], going_on = found_there
            beside = carried[k].mask
    return dict(sorted(carried.items()))


def same_error(beside: Mask, mask: Mask, click: Click, spacing_mm: tuple[float, float]) -> Mask:
    """The piece near a click in which a mask still has the error that the corrected one beside it has no more.

    All (rows, columns). Nothing where none is near, or where it is nowhere THINNEST_MM deep.
    """
    piece = nearest_piece(against(beside, mask, positive=click.positive), place(click), spacing_mm)
    depth = ndimage.distance_transform_edt(np.pad(piece, 1), sampling=spacing_mm).max()
    return piece if depth >= THINNEST_MM else np.zeros_like(piece)


def _carried_to(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float],
    mask: Mask,
    beside: Mask,
    clicks: tuple[Click, ...],
    model: ClickModel,
) -> tuple[Corrected, tuple[Click, ...]] | None:
    """One slice after all clicks that find their error on it, and these clicks as they lie there; None without any."""
    now, placed = mask, list[Click]()
    for click in clicks:
        wrong = same_error(beside, now, click, spacing_mm)
        if not wrong.any():
            continue
        row, column = innermost(wrong, spacing_mm)
        there = Click(row, column, click.positive)
        view = around_piece(wrong, there, spacing_mm, model.side)
        answer = outlined(hounsfield, now, (*placed, there), view, model)
        near = ndimage.distance_transform_edt(~wrong, sampling=spacing_mm) <= RIM_MM
        piece = agreed_piece(np.where(near, answer, now), now, there)
        if piece.any():
            now = now ^ piece
            placed.append(there)
    if not placed:
        return None
    return finished(mask, mask ^ now, ClickPhase.LOCAL), tuple(placed)

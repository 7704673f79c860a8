"""One more click on one slice: the mask after it. Pure: nothing is kept, so that undo is the mask of before.

After Clore (arXiv:2603.27625): the first GLOBAL_CLICKS clicks let the network outline anew all around the vessel; each
later one lets it look closer at what it would change near the click, and of that only the connected piece that holds
the click is taken over: added for a positive click, removed for a negative one. Everything else stays bit for bit.
Ours: the small 2D network (`click_network`), sizes in millimetres, what is done where the network does not follow a
click (a disc of DISC_MM), and that a click on what is right already changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.errors import InputRefused
from services.segmentation.promptable import clicked_view
from services.segmentation.promptable.click_network import discs
from services.segmentation.promptable.correction_views import around_piece, around_vessel
from services.segmentation.promptable.wrong_pieces import CONNECTED, nearest_piece, piece_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.click_network import ClickModel
    from services.segmentation.promptable.clicked_view import View
    from services.segmentation.promptable.prompts import Click

    Mask = NDArray[np.bool_]

METHOD, VERSION = "corrected by clicks, after Clore (arXiv:2603.27625)", "1"
GLOBAL_CLICKS = 5
DISC_MM = 2.0
"""Radius of what a click changes where the network would change nothing there."""
THRESHOLD = 0.5


class ClickPhase(StrEnum):
    """How far a click may reach."""

    GLOBAL = "global"
    LOCAL = "local"


ALREADY = {
    True: "The click adds, and lies inside the outline already: nothing changed.",
    False: "The click removes, and lies outside the outline already: nothing changed.",
}
DISC_ONLY = f"The network would change nothing at the click: only {DISC_MM:g} mm around it were changed."


@dataclass(frozen=True)
class Corrected:
    """A slice after a click."""

    mask: Mask
    """(rows, columns)."""
    changed: int
    """Voxels that differ from the mask before."""
    phase: ClickPhase
    untouched_before: str
    """SHA-256 of all voxels that the click was not meant to change, as they were..."""
    untouched_after: str
    """...and as they are: the same."""
    note: str = ""
    """Where a click changed nothing, or only a disc: why, in a sentence."""


def correct(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float],
    mask: Mask,
    clicks: tuple[Click, ...],
    *,
    count: int,
    model: ClickModel,
    global_clicks: int = GLOBAL_CLICKS,
) -> Corrected:
    """The mask after the newest click, which is the last of `clicks`, the clicks of this slice.

    hounsfield, mask: (rows, columns); spacing_mm: between rows, between columns; clicks in voxels of the slice. count:
    clicks of the whole session, this one included; those up to `global_clicks` are global. Writes into no argument.
    Raises InputRefused where the parts do not fit together.
    """
    _check(hounsfield, spacing_mm, mask, clicks)
    newest = clicks[-1]
    phase = ClickPhase.GLOBAL if count <= global_clicks else ClickPhase.LOCAL
    row, column = place(newest)
    if mask[row, column] == newest.positive:
        return finished(mask, np.zeros_like(mask), phase, ALREADY[newest.positive])
    view = around_vessel(mask, clicks, spacing_mm, model.side)
    answer = outlined(hounsfield, mask, clicks, view, model)
    if phase is ClickPhase.GLOBAL:
        first = _obeying(answer, mask, clicks, spacing_mm)
        view = around_vessel(first, clicks, spacing_mm, model.side)
        second = outlined(hounsfield, mask, clicks, view, model)
        return finished(mask, _obeying(second, mask, clicks, spacing_mm) ^ mask, phase)
    wrong = nearest_piece(against(answer, mask, positive=newest.positive), (row, column), spacing_mm)
    closer = around_piece(wrong, newest, spacing_mm, model.side)
    piece = agreed_piece(outlined(hounsfield, mask, clicks, closer, model), mask, newest)
    if piece.any():
        return finished(mask, piece, phase)
    alone = piece_at(_disc(newest, mask.shape, spacing_mm) & (mask != newest.positive), row, column)
    return finished(mask, alone, phase, DISC_ONLY)


def agreed_piece(answer: Mask, mask: Mask, click: Click) -> Mask:
    """The connected piece in which an answer differs from a mask as the click says, and that holds it; or nothing."""
    return piece_at(against(answer, mask, positive=click.positive), *place(click))


def outlined(
    hounsfield: NDArray[np.int16], mask: Mask, clicks: tuple[Click, ...], view: View, model: ClickModel
) -> Mask:
    """What the network says through a view, (rows, columns); the mask of before beyond the view."""
    positive, negative = (discs(*view.places(clicks, positive=kind), view.side) for kind in (True, False))
    probability = model.predict(view.hounsfield(hounsfield), positive, negative, view.mask(mask))
    seen = view.on_slice(probability, mask.shape)
    return np.where(np.isnan(seen), mask, seen > THRESHOLD)


def against(answer: Mask, mask: Mask, *, positive: bool) -> Mask:
    """What an answer would add to a mask, or, for a negative click, what it would remove."""
    return answer & ~mask if positive else mask & ~answer


def finished(mask: Mask, change: Mask, phase: ClickPhase, note: str = "") -> Corrected:
    """The mask with some voxels turned over, and the proof that the others are as they were."""
    after = mask ^ change
    before_sha256, after_sha256 = (untouched_sha256(one, change) for one in (mask, after))
    return Corrected(after, int((after ^ mask).sum()), phase, before_sha256, after_sha256, note)


def untouched_sha256(mask: Mask, change: Mask) -> str:
    """SHA-256 of the mask outside `change`, voxel by voxel in C order, eight to a byte, behind shape and change."""
    said = repr(mask.shape).encode() + np.packbits(change).tobytes() + np.packbits(mask[~change]).tobytes()
    return hashlib.sha256(said).hexdigest()


def place(click: Click) -> tuple[int, int]:
    """Row and column of the voxel that was clicked."""
    return round(click.row), round(click.column)


def _obeying(answer: Mask, mask: Mask, clicks: tuple[Click, ...], spacing_mm: tuple[float, float]) -> Mask:
    """A global answer without pieces that nobody asked for, and with a disc at each click that it does not follow."""
    asked = mask.copy()
    for click in clicks:
        asked[place(click)] |= click.positive
    pieces, count = ndimage.label(answer, CONNECTED)
    wanted = np.zeros(count + 1, dtype=bool)
    wanted[np.unique(pieces[asked])] = True
    wanted[0] = False
    kept: Mask = wanted[pieces]
    for click in clicks:
        if kept[place(click)] != click.positive:
            kept[_disc(click, mask.shape, spacing_mm)] = click.positive
    return kept


def _disc(click: Click, shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> Mask:
    """What lies within DISC_MM of a click; its voxel at least."""
    row, column = place(click)
    radii = DISC_MM / spacing_mm[0], DISC_MM / spacing_mm[1]
    disc = clicked_view.discs((shape[0], shape[1]), np.array([float(row)]), np.array([float(column)]), radii)
    disc[row, column] = True
    return disc


def _check(
    hounsfield: NDArray[np.int16], spacing_mm: tuple[float, float], mask: Mask, clicks: tuple[Click, ...]
) -> None:
    """Raise InputRefused where the parts of a correction do not fit together."""
    again = "Reload the page and click again."
    if hounsfield.ndim != 2 or hounsfield.shape != mask.shape or mask.dtype != np.bool_:
        must = "A slice and the mask on it must be planes of one shape, the mask of yes and no."
        raise InputRefused(must, f"{hounsfield.shape}, and {mask.shape} of {mask.dtype}.", again)
    if not all(np.isfinite(mm) and mm > 0 for mm in spacing_mm):
        raise InputRefused("Voxels must have a size.", f"a spacing of {spacing_mm} mm.", "Take the scan in again.")
    if not clicks:
        raise InputRefused("A correction must have a click.", "none.", again)
    outside = [click for click in clicks if not _is_inside(click, mask.shape)]
    if outside:
        must = f"Clicks must lie on the slice of {mask.shape[0]} rows and {mask.shape[1]} columns."
        raise InputRefused(must, f"row {outside[0].row:g}, column {outside[0].column:g}.", again)


def _is_inside(click: Click, shape: tuple[int, ...]) -> bool:
    finite = np.isfinite(click.row) and np.isfinite(click.column)
    return bool(finite) and all(0 <= at < size for at, size in zip(place(click), shape, strict=True))

"""Where a person would click next, as a rule: in the middle of what is most wrong, and not quite there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable.prompts import Click
from services.segmentation.promptable.wrong_pieces import innermost, largest_piece

if TYPE_CHECKING:
    from numpy.typing import NDArray


def next_click(
    mask: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    rng: np.random.Generator,
    jitter: tuple[float, float],
) -> Click | None:
    """A click at the innermost point of the largest wrong piece, moved by `jitter` (least, most) pixels any way.

    mask, wanted: (rows, columns). A click that would leave the piece goes to the nearest pixel of it, since a reader
    sees what is clicked. None where nothing is wrong. After RITM (arXiv:2102.06583); the jitter is ours.
    """
    piece = largest_piece(mask ^ wanted)
    if piece is None:
        return None
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(*jitter)
    aimed = np.array(innermost(piece)) + far * np.array([np.sin(angle), np.cos(angle)])
    places = np.argwhere(piece)
    row, column = (int(value) for value in places[((places - aimed) ** 2).sum(axis=1).argmin()])
    return Click(row, column, bool(wanted[row, column]))

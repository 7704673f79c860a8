"""Where the highest values of a map lie: on which side of the wall, and in which slices. Our own design.

Of the highest tenth of the values above 0 the connected piece with the largest sum. Its side is the mean direction from
the middle of the wall in each slice, in the plane of the patient's left and front.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import cc3d
import numpy as np

from services.flags import place_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.records import Index3

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

HIGHEST = 0.10
"""This share of the values above 0 is looked at."""
INNER = 0.80
"""The slices that are named hold this share of the piece's sum, the same left out at either end."""
ONE_SIDED = 0.35
"""Mean length of the directions below which a piece lies on no side, 0 to 1."""
VERSION = "1"


class Side(StrEnum):
    """The patient's."""

    LEFT = "on the left wall"
    RIGHT = "on the right wall"
    FRONT = "on the front wall"
    BACK = "on the back wall"
    AROUND = "around the whole wall"


class Spot(NamedTuple):
    """Where a map is highest."""

    side: Side
    place: Index3
    """The piece's voxel [k, j, i] of the image that is nearest to its middle."""
    slices: tuple[int, int]
    """First and last, both included, of the image."""


def spot_of(values: NDArray[np.floating], wall: Mask, affine: Numbers, origin: Index3) -> Spot | None:
    """None where no value is above 0.

    Args:
        values: (k, j, i), at least 0, where it counts; only read.
        wall: what lies inside the outer wall, on the same voxels.
        affine: (k, j, i) of any of the image's grids to LPS mm; its directions count alone.
        origin: of these voxels in the image.
    """
    piece = _heaviest(values)
    if piece is None:
        return None
    weights = np.where(piece, values, 0).astype(np.float64)
    inner = _inner_slices(weights.sum(axis=(1, 2)))
    place, _ = place_in(_within(piece, inner), origin)
    return Spot(_side(weights, wall, affine), place, (inner[0] + origin[0], inner[1] + origin[0]))


def _heaviest(values: NDArray[np.floating]) -> Mask | None:
    positive = values[values > 0]
    if not positive.size:
        return None
    high = values >= np.quantile(positive, 1 - HIGHEST)
    pieces = cc3d.connected_components(high & (values > 0), connectivity=26)
    sums = np.bincount(pieces.ravel(), values.ravel().astype(np.float64))
    sums[0] = 0
    found: Mask = pieces == int(sums.argmax())
    return found


def _inner_slices(sums: Numbers) -> tuple[int, int]:
    """First and last slice of the inner share of what lies along k."""
    share = np.cumsum(sums) / sums.sum()
    rest = (1 - INNER) / 2
    first, last = np.searchsorted(share, (rest, 1 - rest))
    return int(first), int(min(last, len(sums) - 1))


def _within(piece: Mask, slices: tuple[int, int]) -> Mask:
    """A piece's voxels in these slices; never empty, since the first of them holds some."""
    found = np.zeros_like(piece)
    found[slices[0] : slices[1] + 1] = piece[slices[0] : slices[1] + 1]
    return found


def _side(weights: Numbers, wall: Mask, affine: Numbers) -> Side:
    k, j, i = np.nonzero(weights)
    middles = _middles(wall)
    away = np.stack([np.zeros(len(k)), j - middles[k, 0], i - middles[k, 1]])
    across = (affine[:3, :3] @ away)[:2]
    length = np.hypot(*across)
    unit = np.divide(across, length, out=np.zeros_like(across), where=length > 0)
    left, back = (unit * weights[k, j, i]).sum(axis=1) / weights.sum()
    if np.hypot(left, back) < ONE_SIDED:
        return Side.AROUND
    if abs(left) >= abs(back):
        return Side.LEFT if left > 0 else Side.RIGHT
    return Side.BACK if back > 0 else Side.FRONT


def _middles(wall: Mask) -> Numbers:
    """(k, 2): the middle (j, i) of the wall in each slice; of the nearest slice with any, where there is none."""
    areas = wall.sum(axis=(1, 2))
    j, i = np.arange(wall.shape[1]), np.arange(wall.shape[2])
    with_any = np.flatnonzero(areas)
    if not with_any.size:
        return np.tile([(wall.shape[1] - 1) / 2, (wall.shape[2] - 1) / 2], (len(wall), 1))
    sums = np.stack([wall.sum(axis=2) @ j, wall.sum(axis=1) @ i], axis=1)[with_any]
    known = sums / areas[with_any, None]
    nearest = np.abs(np.arange(len(wall))[:, None] - with_any[None, :]).argmin(axis=1)
    return np.asarray(known[nearest], np.float64)

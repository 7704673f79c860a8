"""The slice on which an outline that nobody asked for is surest: there a follower can set out. Our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cc3d
import numpy as np

from services.segmentation.promptable.prompts import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.posture import Three

    Mask = NDArray[np.bool_]

NEIGHBOUR_MM = 5.0
"""How far up and down the outline must look the same."""
DIAMETERS_MM = (12.0, 110.0)
"""Of a disc of the outline's area; what is smaller or larger is no aorta to begin with."""
STEPS, HALF = 255, 127


class Place(NamedTuple):
    """A slice, and the box of the outline on it, in voxels of the array that was searched."""

    number: int
    box: Box
    score: float
    """Mean probability inside, times the smaller overlap (IoU) with the outlines NEIGHBOUR_MM up and down."""


def surest(probability: NDArray[np.uint8], spacing_mm: Three) -> Place | None:
    """The best place of a map [k, row, column] in steps of 1/255; None where nothing looks like a vessel.

    Slices whose neighbours lie beyond the array count by the neighbour that is there.
    """
    pieces = [_largest(of_slice > HALF) for of_slice in probability]
    step = max(1, round(NEIGHBOUR_MM / spacing_mm[0]))
    pixel_mm2 = spacing_mm[1] * spacing_mm[2]
    places = []
    for k, piece in enumerate(pieces):
        diameter = 2 * np.sqrt(piece.sum() * pixel_mm2 / np.pi)
        if not DIAMETERS_MM[0] <= diameter <= DIAMETERS_MM[1]:
            continue
        beside = [pieces[other] for other in (k - step, k + step) if 0 <= other < len(pieces)]
        overlap = min((_iou(piece, other) for other in beside), default=1.0)
        places.append(Place(k, _box(piece), float(probability[k][piece].mean() / STEPS * overlap)))
    return max(places, key=lambda place: place.score, default=None)


def _largest(mask: Mask) -> Mask:
    """The largest piece of a slice, 8 neighbours; all of an empty one."""
    pieces = cc3d.connected_components(mask, connectivity=8)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(mask & (pieces == sizes.argmax()))


def _iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


def _box(piece: Mask) -> Box:
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    return Box(float(rows[0]), float(columns[0]), float(rows[-1]), float(columns[-1]))

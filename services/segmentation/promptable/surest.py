"""Slices on which an outline that nobody asked for is surest: there a follower can set out. Our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cc3d
import numpy as np

from services.segmentation.promptable.prompts import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from services.segmentation.posture import Three

    Mask = NDArray[np.bool_]

NEIGHBOUR_MM = 5.0
"""How far up and down the outline must look the same."""
DIAMETERS_MM = (12.0, 110.0)
"""Of a disc of the outline's area; what is smaller or larger is no aorta to begin with."""
MOST, APART_MM, PART = 3, 40.0, 0.5
STEPS, HALF = 255, 127


class Place(NamedTuple):
    """A slice, and the box of the outline on it, in voxels of the array that was searched."""

    number: int
    box: Box
    score: float
    """Mean probability inside, times the smaller overlap (IoU) with the outlines NEIGHBOUR_MM up and down."""


def surest(probability: NDArray[np.uint8], spacing_mm: Three) -> list[Place]:
    """The best places of a map [k, row, column] in steps of 1/255, best first; none where nothing looks like a vessel.

    At most MOST, each APART_MM from the others along the body, none with less than PART of the best one's score. Slices
    whose neighbours lie beyond the array count by the neighbour that is there.
    """
    chosen: list[Place] = []
    for place in sorted(_places(probability, spacing_mm), key=lambda one: -one.score):
        apart = all(abs(place.number - other.number) * spacing_mm[0] >= APART_MM for other in chosen)
        if apart and len(chosen) < MOST and place.score >= PART * (chosen or [place])[0].score:
            chosen.append(place)
    return chosen


def _places(probability: NDArray[np.uint8], spacing_mm: Three) -> Iterator[Place]:
    pieces = [_largest(of_slice > HALF) for of_slice in probability]
    step = max(1, round(NEIGHBOUR_MM / spacing_mm[0]))
    pixel_mm2 = spacing_mm[1] * spacing_mm[2]
    for k, piece in enumerate(pieces):
        diameter = 2 * np.sqrt(piece.sum() * pixel_mm2 / np.pi)
        if not DIAMETERS_MM[0] <= diameter <= DIAMETERS_MM[1]:
            continue
        beside = [pieces[other] for other in (k - step, k + step) if 0 <= other < len(pieces)]
        overlap = min((_iou(piece, other) for other in beside), default=1.0)
        yield Place(k, _box(piece), float(probability[k][piece].mean() / STEPS * overlap))


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

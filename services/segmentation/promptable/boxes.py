"""Boxes on a slice, in voxels with both ends included: around a mask, widened, and moved slowly towards another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable.prompts import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHRINKS, GROWS = 0.004, 0.015
"""How much of its height or width a vessel's box may lose or gain in a millimetre along the vessel."""
MOVES = 1.2
"""How far its centre may move in a millimetre, in millimetres."""
ROUNDED = 1.2
"""How much longer than wide a limb is taken to be when it has just parted."""
OBLONG, SHRINKS_ALONG = 1.35, 0.04
"""A box so much longer than it is wide shows a vessel cut lengthwise, whose length may shrink so much faster."""


def box_of(mask: NDArray[np.bool_]) -> Box:
    """The smallest box around a mask (rows, columns) that is not empty."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return Box(float(rows[0]), float(columns[0]), float(rows[-1]), float(columns[-1]))


def size_of(box: Box) -> NDArray[np.float64]:
    """Height and width."""
    return np.array([box.last_row - box.first_row + 1, box.last_column - box.first_column + 1])


def widened(box: Box, by_mm: float, spacing_mm: tuple[float, float], sides: tuple[bool, bool, bool, bool]) -> Box:
    """The box with the named sides moved outwards; `sides` in the order of a box's edges."""
    outwards = np.array([-1, -1, 1, 1]) * sides * by_mm / np.array([*spacing_mm, *spacing_mm])
    return Box(*(float(edge) for edge in np.array(box) + outwards))


def scaled(box: Box, by: float) -> Box:
    """The box about its centre, so many times as high and wide."""
    more = size_of(box) * (by - 1) / 2
    return Box(box[0] - more[0], box[1] - more[1], box[2] + more[0], box[3] + more[1])


def between(first: Box, second: Box) -> Box:
    """The box half way between two."""
    return Box(*((one + other) / 2 for one, other in zip(first, second, strict=True)))


def nearer(box: Box, seen: Box, step_mm: float, spacing_mm: tuple[float, float], *, doubted: bool) -> Box:
    """A vessel's box after the next slice showed `seen`, `step_mm` further.

    The size follows slowly, and does not shrink where what was seen is `doubted` to be whole. The centre follows
    faster, but less where little was seen.
    """
    size, shown = size_of(box) * spacing_mm, size_of(seen) * spacing_mm
    oblong = size > OBLONG * size[::-1]
    slowest = np.zeros(2) if doubted else -np.where(oblong, SHRINKS_ALONG, SHRINKS) * step_mm
    after = size * np.exp(np.clip(np.log(shown / size), slowest, GROWS * step_mm))
    believed = min(1.0, float(np.min(shown / size)))
    centre = (np.array(box[:2]) + box[2:]) / 2
    moved = ((np.array(seen[:2]) + seen[2:]) / 2 - centre) * spacing_mm
    moved = np.clip(moved, -MOVES * step_mm, MOVES * step_mm) * believed
    centre = centre + moved / spacing_mm
    half = (after / spacing_mm - 1) / 2
    return Box(*(round(float(edge), 2) for edge in (*(centre - half), *(centre + half))))


def without(box: Box, limb: Box, spacing_mm: tuple[float, float]) -> Box:
    """What is left of an oblong box once a limb set out: a nearly square box at its other end."""
    size = size_of(box) * spacing_mm
    axis = int(size.argmax())
    if size[axis] < OBLONG * size[1 - axis]:
        return box
    length = ROUNDED * size[1 - axis] / spacing_mm[axis] - 1
    edges = list(box)
    if limb[axis] + limb[axis + 2] < box[axis] + box[axis + 2]:
        edges[axis] = edges[axis + 2] - length
    else:
        edges[axis + 2] = edges[axis] + length
    return Box(*edges)

"""Shapes on one slice: connected parts, distances and how long an outline is. Masks are (rows, columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.boxes import box_of, size_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Spacing = tuple[float, float]

OBLONG = 1.5
"""An outline so much longer than wide shows a vessel that was cut lengthwise, as the arch of the aorta is."""


def largest(mask: Mask) -> Mask | None:
    """The largest connected part; None of an empty mask."""
    parts, count = ndimage.label(mask)
    if not count:
        return None
    part: Mask = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
    return part


def part_of(mask: Mask, before: Mask) -> Mask | None:
    """The connected part that shares most with the mask before; None where none does."""
    parts, _ = ndimage.label(mask)
    shared = np.bincount(parts[before], minlength=2)[1:]
    if not shared.any():
        return None
    part: Mask = parts == 1 + int(shared.argmax())
    return part


def dilated(mask: Mask, by_mm: float, spacing_mm: Spacing) -> Mask:
    """Everything within a distance of a mask that is not empty."""
    near: Mask = ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= by_mm
    return near


def core(mask: Mask, deeper_mm: float, spacing_mm: Spacing) -> Mask:
    """What lies deeper in a mask than this."""
    deep: Mask = ndimage.distance_transform_edt(mask, sampling=spacing_mm) > deeper_mm
    return deep


def is_one(mask: Mask, deeper_mm: float, spacing_mm: Spacing) -> bool:
    """Whether what lies deeper in a mask than this is connected."""
    _, count = ndimage.label(core(mask, deeper_mm, spacing_mm))
    return bool(count == 1)


def opened(mask: Mask) -> Mask:
    """Without what is thinner than three voxels."""
    thick: Mask = ndimage.binary_opening(mask)
    return thick


def is_oblong(mask: Mask, spacing_mm: Spacing) -> bool:
    """Whether an outline is as long as that of a vessel cut lengthwise."""
    height, width = size_of(box_of(mask)) * spacing_mm
    return bool(max(height, width) > OBLONG * min(height, width))


def share(first: Mask, second: Mask) -> float:
    """Which part of the first lies in the second."""
    return float((first & second).sum() / max(int(first.sum()), 1))


def agree(first: Mask, second: Mask, iou: float) -> bool:
    """Whether two masks have more than this intersection over union."""
    return bool((first & second).sum() > iou * (first | second).sum())

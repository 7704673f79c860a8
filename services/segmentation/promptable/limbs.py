"""Where a vessel parts, as below the arch of the aorta: fronts for the limbs that following would lose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable import shapes
from services.segmentation.promptable.boxes import box_of, without
from services.segmentation.promptable.fronts import Front
from services.segmentation.promptable.plausible import look_at, radius_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.fronts import Found
    from services.segmentation.promptable.plausible import Look

    Mask = NDArray[np.bool_]
    Spacing = tuple[float, float]

LIMB = 0.15
"""A part sets out on its own that has at least this part of the other's area."""
BESIDE_MM = 1.6
"""What is nearer to an outline than this belongs to its edge."""
REACH_MM = 18.0
"""A limb is first looked for in blood this far around what was lost."""
WIDER = 1.1
"""Blood around a lost part that is so much wider than the vessel is a chamber or another vessel, no limb."""
NARROWER = 0.75
"""How wide a limb is taken to be at first, compared with the vessel that parted."""
RESTING_MM = 30.0
SEAM_MM = 1.1
"""A part regains this much of the edge that opening took from it."""


def parted(
    front: Front, index: int, mask: Mask, smooth: NDArray[np.float32], spacing_mm: Spacing
) -> tuple[Mask, tuple[Front, ...]]:
    """A vessel cut lengthwise may have become two on one slice: the larger one, and fronts for the others."""
    if not shapes.is_oblong(mask, spacing_mm):
        return mask, ()
    labels, count = ndimage.label(shapes.opened(mask & front.look.is_familiar(smooth)))
    sizes = np.bincount(labels.ravel())[1:]
    if count < 2 or np.sort(sizes)[-2] < LIMB * sizes.max():
        return mask, ()
    numbers = [int(number) for number in np.flatnonzero(sizes >= LIMB * sizes.max()) if number != sizes.argmax()]
    others = [labels == number + 1 for number in numbers]
    limbs = tuple(_limb(front, index, one, look_at(one, smooth, spacing_mm)) for one in others)
    return shapes.dilated(labels == sizes.argmax() + 1, SEAM_MM, spacing_mm) & mask, limbs


def lost_limb(
    front: Front, found: Found, smooth: NDArray[np.float32], spacing_mm: Spacing
) -> tuple[Front | None, Front]:
    """A front for blood that was followed and is outlined no longer; and the front without that part."""
    away = ~shapes.dilated(front.mask, BESIDE_MM, spacing_mm)
    limb = shapes.largest(shapes.opened((front.lost > 0) & away))
    if limb is None or limb.sum() < LIMB * front.mask.sum():
        return None, front
    blood = front.look.is_bright(smooth) & shapes.dilated(limb, REACH_MM, spacing_mm) & away
    whole = shapes.part_of(blood, limb)
    if whole is not None and radius_mm(whole, spacing_mm) < WIDER * front.look.radius_mm:
        limb = limb | whole
    width = NARROWER * front.look.radius_mm
    look = replace(look_at(limb, smooth, spacing_mm), radius_mm=width, widest_mm=width)
    none, rest = np.zeros(limb.shape, np.float32), without(front.box, box_of(limb), spacing_mm)
    here = found.masks.get(front.index)
    known = here is not None and shapes.share(limb, here) > 0.5
    other = None if known else _limb(front, front.index, limb, look)
    return other, replace(front, rest=none, lost=none, resting_mm=RESTING_MM, box=rest)


def _limb(front: Front, index: int, limb: Mask, look: Look) -> Front:
    """A front that sets out from another, whose box is widened no sooner than that one's."""
    new = Front.new(index, front.direction, box_of(limb), limb, look)
    return replace(new, resting_mm=front.resting_mm, trunk_mm=front.trunk_mm)

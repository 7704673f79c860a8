"""One step of a front: what the model sees on the next slice, whether that is the vessel, and where its box goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable import edges, shapes, walls
from services.segmentation.promptable.boxes import box_of, nearer, scaled, widened
from services.segmentation.promptable.limbs import parted
from services.segmentation.promptable.plausible import look_at, radius_mm, why_not

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen, Slices
    from services.segmentation.promptable.fronts import Found, Front
    from services.segmentation.promptable.prompts import Box

    Mask = NDArray[np.bool_]

MARGIN_MM = 3.0
"""Between the vessel's box and the box that is asked."""
SCALES = (1.0, 1.15, 1.3)
"""Where an answer cannot be the vessel, larger boxes are asked before the front stops."""
WIDER_MM, MOST_WIDENINGS = 6.0, 8
"""By how much a box is widened that cuts the vessel, and how often on one slice."""
LONGER, AS_WIDE = 1.04, 1.25
"""A widened box must show so much more of the vessel, which may become so much wider by it."""
AIR_HU, FAT_HU = -150.0, -50.0
"""No vessel holds what is darker than the first, or a lump of what is darker than the second."""
NARROW_MM, BRANCH, NARROW_ALONG_MM = 13.5, 0.65, 10.0
"""Where the largest circle that fits in is narrower than this, and than this part of the widest before, on so long a
way, it is an iliac artery or another branch."""
RECALL_MM, CORE_MM = 30.0, 1.6
"""How long tissue is remembered that lay this deep inside the outline, or blood anywhere in it."""
DOUBT = 0.06
"""With so much remembered tissue beside it, compared with its area, an outline shows a part of the vessel only."""
OPEN = 0.33
"""An outline with more than this part of it without an edge is a leak."""
YOUNG_MM, NEWBORN_MM = 25.0, 8.0
"""A front that just set out may still grow; one that set out even later may have no edge yet."""
AGREED, AGREED_IOU, BACK_MM = 4, 0.8, 30.0
"""A front on its way back ends after so many agreeing slices, this far at least and twice as far at most."""
JOINED_PART = 0.5
SAC_MM = 60.0
"""No box is widened on this length after an outline held thrombus."""
SCAN_ENDS = "the scan ends"
SEES_NOTHING = "the model sees nothing where the vessel was"
MET_ITSELF = "on its way back it found what was there"
IN_DOUBT = "on its way back it found something else: this end is in doubt"
JOINED = "it joined what is outlined already"
FINAL = frozenset({MET_ITSELF, IN_DOUBT, JOINED})


@dataclass(frozen=True)
class Step:
    """A front one slice further, what was seen there, and fronts that set out."""

    front: Front
    seen: Seen
    limbs: tuple[Front, ...] = ()


@dataclass(frozen=True)
class _View:
    """The next slice, as a front looks at it."""

    slices: Slices
    front: Front
    index: int
    smooth: NDArray[np.float32]

    @property
    def spacing_mm(self) -> tuple[float, float]:
        return self.slices.spacing_mm

    @property
    def travelled_mm(self) -> float:
        return abs(self.index - self.front.begun) * self.slices.step_mm

    @property
    def bright(self) -> Mask:
        return self.front.look.is_bright(self.smooth)

    @property
    def familiar(self) -> Mask:
        return self.front.look.is_familiar(self.smooth)

    def ask(self, box: Box, before: Mask) -> tuple[Seen, Mask | None]:
        """What the model sees in a box, and the part of it that goes on from `before`."""
        return goes_on(self.slices, self.index, self.smooth, box, before=before)


def goes_on(
    slices: Slices, index: int, smooth: NDArray[np.float32], box: Box, *, before: Mask
) -> tuple[Seen, Mask | None]:
    """What the model sees in a box of a slice, and the part of it that shares most with an outline."""
    seen = seen_in(slices, index, smooth, box)
    return seen, shapes.part_of(vessel_of(seen, smooth), before)


def seen_in(slices: Slices, index: int, smooth: NDArray[np.float32], box: Box) -> Seen:
    """What the model sees in a box; thrombus that it sees as a ring is closed around the lumen."""
    seen = slices.ask(index, box)
    inside = seen.mean > 0.5
    dark = inside.any() and np.median(smooth[inside]) < walls.BRIGHTEST_HU
    return seen.closed if dark else seen


def vessel_of(seen: Seen, smooth: NDArray[np.float32]) -> Mask:
    """What the model sees, without air and lumps of fat."""
    mask = (seen.mean > 0.5) & (smooth > AIR_HU)
    vessel: Mask = mask & ~shapes.opened(mask & (smooth < FAT_HU))
    return vessel


def smooth_slice(slices: Slices, index: int) -> NDArray[np.float32]:
    """A slice without its noise."""
    return edges.smoothed(slices.hounsfield[index], slices.spacing_mm)


def next_slice(slices: Slices, front: Front, found: Found) -> Step | str:
    """The front one slice further, or why it goes no further: larger boxes are asked before it gives up."""
    index, first = front.index + front.direction, ""
    if not 0 <= index < len(slices):
        return SCAN_ENDS
    view = _View(slices, front, index, smooth_slice(slices, index))
    for scale in SCALES:
        step = _tried(view, found, scale)
        if not isinstance(step, str):
            return step
        first = first or step
        if step in FINAL:
            break
    return first


def _tried(view: _View, found: Found, scale: float) -> Step | str:
    """The next slice with a box so many times as large, or why there is none."""
    front = view.front
    asked = widened(scaled(front.box, scale), MARGIN_MM, view.spacing_mm, (True,) * 4)
    seen, mask = view.ask(asked, front.mask)
    if mask is None:
        return SEES_NOTHING
    seen, mask, extended = _extended(view, seen, mask, asked)
    wall = walls.around(seen, mask, view.smooth, view.spacing_mm, partial(view.ask, before=mask))
    if wall is not None:
        (seen, mask), extended = wall, True
    mask, limbs = parted(front, view.index, mask, view.smooth, view.spacing_mm)
    there = found.masks.get(view.index)
    reason = _implausible(view, seen, mask, extended=extended, walled=wall is not None) or _met(view, mask, there)
    reason = reason or _too_narrow(view, mask)
    return reason or Step(_moved(view, mask, there, extended=extended), seen, limbs)


def _extended(view: _View, seen: Seen, mask: Mask, asked: Box) -> tuple[Seen, Mask, bool]:
    """The same, with the box widened where it cuts the vessel, as long as the vessel only becomes longer by that."""
    extended, spacing = False, view.spacing_mm
    rests = view.front.resting_mm or walls.holds_thrombus(mask, view.smooth)
    for _ in range(0 if rests else MOST_WIDENINGS):
        sides = edges.cut_sides(mask, view.smooth, view.bright, spacing)
        if not any(sides):
            break
        asked = widened(asked, WIDER_MM, spacing, sides)
        more, larger = view.ask(asked, mask)
        if larger is None or larger.sum() < LONGER * mask.sum():
            break
        if radius_mm(larger, spacing) > AS_WIDE * max(view.front.look.radius_mm, radius_mm(mask, spacing)):
            break
        seen, mask, extended = more, larger, True
    return seen, mask, extended


def _implausible(view: _View, seen: Seen, mask: Mask, *, extended: bool, walled: bool) -> str:
    """Why an outline cannot be the vessel; '' where it can. A wall that was found around a lumen has been proved."""
    if walled:
        return ""
    look = look_at(mask, view.smooth, view.spacing_mm)
    grows = extended or view.travelled_mm < YOUNG_MM
    reason = why_not(view.front.look, look, float(view.familiar[mask].mean()), seen.quality, grows=grows)
    if reason or view.travelled_mm < NEWBORN_MM or shapes.is_oblong(mask, view.spacing_mm):
        return reason
    unbounded = edges.open_part(mask, view.smooth, view.bright, view.spacing_mm)
    return f"{unbounded:.0%} of its outline has no edge: a leak" if unbounded > OPEN else ""


def _narrow_mm(view: _View, mask: Mask) -> float:
    """On how long a way the front has been as narrow as a branch."""
    radius = radius_mm(mask, view.spacing_mm)
    narrow = radius < min(NARROW_MM / 2, BRANCH * view.front.trunk_mm)
    return view.front.narrow_mm + view.slices.step_mm if narrow else 0.0


def _too_narrow(view: _View, mask: Mask) -> str:
    """Why a front ends in a branch; '' where it goes on."""
    too_long = _narrow_mm(view, mask) > NARROW_ALONG_MM
    return f"narrower than {NARROW_MM:g} mm over {NARROW_ALONG_MM:g} mm: a branch, no aorta" if too_long else ""


def _met(view: _View, mask: Mask, there: Mask | None) -> str:
    """Why a front ends that comes to what is outlined already; '' where it goes on."""
    if not view.front.returns:
        return JOINED if there is not None and shapes.share(mask, there) > JOINED_PART else ""
    if _agreed(view, mask, there) >= AGREED and view.travelled_mm >= BACK_MM:
        return MET_ITSELF
    too_far = view.travelled_mm > 2 * BACK_MM and not shapes.is_oblong(mask, view.spacing_mm)
    return IN_DOUBT if too_far else ""


def _agreed(view: _View, mask: Mask, there: Mask | None) -> int:
    """On how many slices in a row the front found what was there. Oblong ones do not count: limbs may be missing."""
    same = there is not None and shapes.agree(there, mask, AGREED_IOU)
    return view.front.agreed + 1 if same and not shapes.is_oblong(mask, view.spacing_mm) else 0


def _moved(view: _View, mask: Mask, there: Mask | None, *, extended: bool) -> Front:
    """The front on the next slice."""
    front, step = view.front, view.slices.step_mm
    look = look_at(mask, view.smooth, view.spacing_mm)
    unchanged = edges.alike(view.smooth, smooth_slice(view.slices, front.index)) & view.familiar & ~mask
    inside = shapes.core(front.mask, CORE_MM, view.spacing_mm)
    rest = _remembered(inside, front.rest, unchanged, step)
    held = shapes.opened(rest > 0)
    doubted = bool(held.sum() > DOUBT * mask.sum())
    shown = box_of(mask | held) if doubted else box_of(mask)
    return replace(
        front,
        index=view.index,
        box=shown if extended else nearer(front.box, shown, step, view.spacing_mm, doubted=doubted),
        mask=mask,
        look=look if extended else front.look.blended(look, step),
        rest=rest,
        lost=_remembered(front.mask, front.lost, unchanged & view.bright, step),
        agreed=_agreed(view, mask, there),
        narrow_mm=_narrow_mm(view, mask),
        trunk_mm=max(front.trunk_mm, look.radius_mm),
        resting_mm=SAC_MM if walls.holds_thrombus(mask, view.smooth) else max(0.0, front.resting_mm - step),
    )


def _remembered(before: Mask, earlier: NDArray[np.float32], unchanged: Mask, step_mm: float) -> NDArray[np.float32]:
    """For how many mm more each voxel is remembered that was inside and is unchanged."""
    left = np.where(before, np.float32(RECALL_MM), earlier - np.float32(step_mm))
    return np.where(unchanged, np.maximum(left, 0), np.float32(0))

"""A vessel followed from slice to slice by boxes, both ways, into every limb that it parts into.

The box of a slice comes from the boxes before, and changes slowly: a vessel's outer wall does, while what a model
answers may jump from the vessel to one of its lumens. Boxes that cut the vessel are widened. Where the vessel parts, or
where an outline hangs over what lay on the slice before, another front sets out. Our own design.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable import plausible
from services.segmentation.promptable.boxes import box_of, nearer, scaled, size_of, widened, without
from services.segmentation.promptable.plausible import Look, look_at, radius_mm, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen, Slices
    from services.segmentation.promptable.prompts import Box

    Mask = NDArray[np.bool_]

MARGIN_MM = 3.0
"""Between the vessel's box and the box that is asked."""
WIDER_MM, MOST_WIDENINGS = 6.0, 8
"""By how much a box is widened that cuts the vessel, and how often on one slice."""
CUT = 0.17
INSIDE_MM, BEYOND_MM = 3.0, 3.2
DOUBT = 0.06
RECALL_MM, CORE_MM, RESTING_MM = 30.0, 1.6, 30.0
REACH_MM = 18.0
OPEN, YOUNG_MM = 0.33, 25.0
"""A side of a box cuts the vessel where this part of it has the vessel's brightness beyond."""
APART_MM, BESIDE_MM = 4.5, 1.6
"""What lies further than this from an outline is not part of it."""
LIMB = 0.15
"""A part that sets out on its own has this part of the area, at least."""
MET_ITSELF = "on its way back it found what was there"
IN_DOUBT = "on its way back it found something else: this end is in doubt"
JOINED = "it joined what is outlined already"
FINAL = (MET_ITSELF, IN_DOUBT, JOINED)
MOST_FRONTS = 8
AGREED, BACK_MM = 4, 30.0
SMOOTH_MM = 1.1
ALIKE_PART, FAT_HU, AIR_HU = 0.3, -100.0, -150.0
OBLONG = 1.5
DEBUG = False
SCALES = (1.0, 1.15, 1.3)
AROUND_MM = 6.0
"""Probability is kept this far around an outline."""


@dataclass(frozen=True)
class Front:
    """Where following stands in one direction."""

    index: int
    direction: int
    box: Box
    """Of the vessel, without the margin."""
    mask: Mask
    """(rows, columns): the outline on slice `index`."""
    look: Look
    """What is remembered of the slices so far."""
    begun: int
    """The slice that it set out from."""
    rest: NDArray[np.float32]
    """What was outlined before, looks the same still, and is outlined no longer: a limb, once it is large."""
    lost: NDArray[np.float32]
    """The same of blood alone."""
    resting_mm: float = 0.0
    """No box is widened on this length: the vessel has just parted."""
    returns: bool = False
    """Whether it goes back over what another front outlined."""
    agreed: int = 0
    """On how many slices in a row it found what was there."""


@dataclass(frozen=True)
class Piece:
    """What one front found on one slice, on the part of it that begins at `first`."""

    first: tuple[int, int]
    members: NDArray[np.float16]
    """(member, rows, columns): probabilities, 0 away from the outline."""


@dataclass(frozen=True)
class Stop:
    """Why a front went no further."""

    begun: int
    direction: int
    last: int
    """The last slice that it outlined."""
    reason: str


@dataclass
class Found:
    """All that was found so far."""

    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    masks: dict[int, Mask] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)

    def keep(self, index: int, seen: Seen, mask: Mask, spacing_mm: tuple[float, float]) -> None:
        """Take in what a front found on a slice."""
        near = _dilated(mask, AROUND_MM, spacing_mm)
        rows, columns = (np.flatnonzero(near.any(axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        other = (seen.mean > 0.5) & ~mask
        members = np.where((near & ~other)[part], seen.members[:, *part], 0).astype(np.float16)
        self.pieces.setdefault(index, []).append(Piece((int(rows[0]), int(columns[0])), members))
        self.masks[index] = self.masks[index] | mask if index in self.masks else mask


def follow(slices: Slices, index: int, box: Box, told: Callable[[Found, int, int], None]) -> Found:
    """Everything that one box leads to. `told`: what was found so far, the newest slice and its direction."""
    found = Found()
    seen = slices.ask(index, box)
    mask = _largest(seen.mean > 0.5)
    if mask is None:
        found.stops.append(Stop(index, 0, index, "the model sees nothing in the box"))
        return found
    found.keep(index, seen, mask, slices.spacing_mm)
    told(found, index, 0)
    first = nearer(box, box_of(mask))
    look = look_at(mask, _smooth(slices, index), slices.spacing_mm)
    none = np.zeros(mask.shape, np.float32)
    waiting = deque(Front(index, direction, first, mask, look, index, none, none) for direction in (1, -1))
    begun = len(waiting)
    while waiting:
        for front in _advance(slices, waiting.popleft(), found, told):
            if begun < MOST_FRONTS:
                waiting.append(front)
                begun += 1
    return found


def _advance(
    slices: Slices, front: Front, found: Found, told: Callable[[Found, int, int], None]
) -> Iterator[Front]:
    """Follow one front to its end; yields those that set out from it."""
    way: deque[Front] = deque([front], maxlen=4)
    while True:
        index = front.index + front.direction
        step = _step(slices, front, index, found)
        if isinstance(step, str):
            found.stops.append(Stop(front.begun, front.direction, front.index, step))
            if not front.returns and abs(front.index - front.begun) >= 8 and step != "the scan ends":
                turn = way[0]
                none = np.zeros(front.mask.shape, np.float32)
                back = replace(turn, direction=-front.direction, begun=turn.index, returns=True, rest=none, lost=none, agreed=0)
                yield back
            return
        if not front.returns or _is_oblong(step.front.mask, slices.spacing_mm):
            found.keep(index, step.seen, step.front.mask, slices.spacing_mm)
        told(found, index, front.direction)
        yield from step.limbs
        front = step.front
        limb, front = _limb(slices, front, found)
        way.append(front)
        if limb is not None:
            yield limb


@dataclass(frozen=True)
class _Step:
    front: Front
    seen: Seen
    limbs: tuple[Front, ...] = ()


def _solid(seen: Seen, smooth: NDArray[np.float32]) -> Mask:
    """What the model sees, without air, which no vessel holds."""
    return (seen.mean > 0.5) & (smooth > AIR_HU)


def _parted(
    slices: Slices, front: Front, index: int, mask: Mask, familiar: Mask, smooth: NDArray[np.float32], found: Found
) -> tuple[Mask, tuple[Front, ...]]:
    """A vessel cut lengthwise, as in the arch, may have become two: the larger one, and fronts for the others."""
    if not _is_oblong(mask, slices.spacing_mm):
        return mask, ()
    parts, count = ndimage.label(_opened(mask & familiar))
    sizes = np.bincount(parts.ravel())[1:]
    if count < 2 or np.sort(sizes)[-2] < LIMB * sizes.max():
        return mask, ()
    none, limbs = np.zeros(mask.shape, np.float32), []
    for number in np.flatnonzero(sizes >= LIMB * sizes.max()):
        part = parts == number + 1
        if number == sizes.argmax():
            largest = part
        else:
            look = look_at(part, smooth, slices.spacing_mm)
            limbs.append(Front(index, front.direction, box_of(part), part, look, index, none, none))
    return _dilated(largest, SMOOTH_MM, slices.spacing_mm) & mask, tuple(limbs)


def _is_oblong(mask: Mask, spacing_mm: tuple[float, float]) -> bool:
    """Whether an outline is so long that the vessel was cut lengthwise."""
    height, width = size_of(box_of(mask)) * spacing_mm
    return bool(max(height, width) > OBLONG * min(height, width))


def _step(slices: Slices, front: Front, index: int, found: Found) -> _Step | str:
    """The next slice, or why there is none: what cannot be the vessel is asked again in larger boxes first."""
    if not 0 <= index < len(slices):
        return "the scan ends"
    reasons = []
    for scale in SCALES:
        step = _tried(slices, front, index, found, scale)
        if not isinstance(step, str):
            return step
        reasons.append(step)
        if step in FINAL:
            break
    return reasons[0]


def _tried(slices: Slices, front: Front, index: int, found: Found, scale: float) -> _Step | str:
    """The next slice with a box so many times as large, or why there is none."""
    spacing, smooth = slices.spacing_mm, _smooth(slices, index)
    same = _alike(smooth, _smooth(slices, front.index)) & front.look.is_familiar(smooth)
    familiar = front.look.is_familiar(smooth)
    seen, mask, asked = _asked(slices, index, front, smooth, scale)
    if mask is None:
        return "the model sees nothing where the vessel was"
    seen, mask, asked, extended = _extended(slices, front, index, seen, mask, asked, smooth)
    mask, limbs = _parted(slices, front, index, mask, familiar, smooth, found)
    look = look_at(mask, smooth, spacing)
    young = abs(index - front.begun) * slices.step_mm < YOUNG_MM
    reason = why_not(
        front.look, look, float(familiar[mask].mean()), seen.quality, extended=extended or young
    )
    unbounded = _open_part(mask, smooth, front.look.is_bright(smooth), spacing)
    if DEBUG: print("   ", index, front.begun, front.direction, "open %.2f"%unbounded, "area", mask.sum(), "rad %.1f/%.1f"%(look.radius_mm, front.look.radius_mm), reason)
    if reason:
        return reason
    if unbounded > OPEN and not _is_oblong(mask, spacing) and not young:
        return f"{unbounded:.0%} of its outline has no edge: a leak"
    there = found.masks.get(index)
    agrees = there is not None and bool((there & mask).sum() > 0.8 * (there | mask).sum())
    agreed = front.agreed + 1 if agrees and not _is_oblong(mask, spacing) else 0
    if front.returns and agreed >= AGREED:
        return MET_ITSELF
    back = abs(index - front.begun) * slices.step_mm
    if front.returns and not _is_oblong(mask, spacing) and back > BACK_MM:
        return IN_DOUBT
    if not front.returns and there is not None and (there & mask).sum() > mask.sum() / 2:
        return JOINED
    remembered = look if extended else front.look.blended(look, slices.step_mm)
    core = ndimage.distance_transform_edt(front.mask, sampling=spacing) > CORE_MM
    ages = np.where(core, np.float32(RECALL_MM), front.rest - np.float32(slices.step_mm))
    gone = same & ~mask
    rest = np.where(gone, np.maximum(ages, 0), np.float32(0))
    bright = gone & front.look.is_bright(smooth)
    lost = np.where(bright, np.where(front.mask, np.float32(RECALL_MM), front.lost - np.float32(slices.step_mm)), 0)
    held = _opened(rest > 0)
    doubted = bool(held.sum() > DOUBT * mask.sum())
    seen_box = box_of(mask | held) if doubted else box_of(mask)
    box = seen_box if extended else nearer(front.box, seen_box, slices.step_mm, spacing, doubted=doubted)
    return _Step(replace(front, index=index, box=box, mask=mask, look=remembered, rest=rest, lost=np.maximum(lost, 0), agreed=agreed, resting_mm=max(0.0, front.resting_mm - slices.step_mm)), seen, limbs)


def _asked(
    slices: Slices, index: int, front: Front, smooth: NDArray[np.float32], scale: float
) -> tuple[Seen, Mask | None, Box]:
    """What the model sees in the vessel's box, its margin around it."""
    wide = widened(scaled(front.box, scale), MARGIN_MM, slices.spacing_mm, (True,) * 4)
    seen = slices.ask(index, wide)
    return seen, _part(_solid(seen, smooth), front.mask), wide


def _iou(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


def _extended(
    slices: Slices, front: Front, index: int, seen: Seen, mask: Mask, asked: Box, smooth: NDArray[np.float32]
) -> tuple[Seen, Mask, Box, bool]:
    """The same, with the box widened where it cuts the vessel, as long as the vessel only becomes longer by that."""
    extended = False
    for _ in range(0 if front.resting_mm else MOST_WIDENINGS):
        sides = _cut_sides(mask, smooth, front.look.is_bright(smooth), slices.spacing_mm)
        if not any(sides):
            break
        wider = widened(asked, WIDER_MM, slices.spacing_mm, sides)
        more = slices.ask(index, wider)
        larger = _part(_solid(more, smooth), mask)
        if larger is None or larger.sum() < 1.04 * mask.sum():
            break
        if radius_mm(larger, slices.spacing_mm) > 1.25 * max(front.look.radius_mm, radius_mm(mask, slices.spacing_mm)):
            break
        seen, mask, asked, extended = more, larger, wider, True
    return seen, mask, asked, extended


def _cut_sides(
    mask: Mask, smooth: NDArray[np.float32], bright: Mask, spacing_mm: tuple[float, float]
) -> tuple[bool, bool, bool, bool]:
    """On which sides (top, left, bottom, right) the vessel goes on beyond its outline: no edge ends it there."""
    beyond = _beyond(mask, smooth, bright, spacing_mm)
    top, left, bottom, right = (int(edge) for edge in box_of(mask))
    across = min(size_of(box_of(mask)) * spacing_mm)
    area = spacing_mm[0] * spacing_mm[1] / BEYOND_MM
    strips = beyond[:top], beyond[:, :left], beyond[bottom + 1 :], beyond[:, right + 1 :]
    first, second, third, fourth = (bool(strip.sum() * area > CUT * across) for strip in strips)
    return first, second, third, fourth


def _beyond(mask: Mask, smooth: NDArray[np.float32], bright: Mask, spacing_mm: tuple[float, float]) -> Mask:
    """Voxels just outside an outline that look like those just inside, and like blood."""
    sigma = [INSIDE_MM / mm for mm in spacing_mm]
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    inside = ndimage.gaussian_filter(np.where(mask, smooth, 0), sigma) / np.maximum(weight, 1e-3)
    beyond: Mask = _dilated(mask, BEYOND_MM, spacing_mm) & ~mask & bright & _alike(smooth, inside)
    return beyond


def _open_part(mask: Mask, smooth: NDArray[np.float32], bright: Mask, spacing_mm: tuple[float, float]) -> float:
    """Which part of an outline has no edge: what lies just outside looks the same."""
    around = _dilated(mask, BEYOND_MM, spacing_mm) & ~mask
    return float(_beyond(mask, smooth, bright, spacing_mm).sum() / max(int(around.sum()), 1))


def _alike(first: NDArray[np.float32], second: NDArray[np.float32]) -> Mask:
    """Where two brightnesses differ by less than a part of how much brighter than fat the second is."""
    return np.abs(first - second) < ALIKE_PART * np.maximum(second - FAT_HU, 50.0)


def _limb(slices: Slices, front: Front, found: Found) -> tuple[Front | None, Front]:
    """A front that sets out where the vessel parted; and the front without that part."""
    away = ~_dilated(front.mask, BESIDE_MM, slices.spacing_mm)
    rest = _largest(_opened((front.lost > 0) & away))
    if rest is None or rest.sum() < LIMB * front.mask.sum():
        return None, front
    smooth = _smooth(slices, front.index)
    none = np.zeros(rest.shape, np.float32)
    reach = front.look.is_bright(smooth) & _dilated(rest, REACH_MM, slices.spacing_mm) & away
    grown = _part(reach, rest)
    if grown is not None and radius_mm(grown, slices.spacing_mm) < 1.1 * front.look.radius_mm:
        rest = rest | grown
    look = replace(look_at(rest, smooth, slices.spacing_mm), radius_mm=0.75 * front.look.radius_mm)
    limb = Front(front.index, front.direction, box_of(rest), rest, look, front.index, none, none)
    here = found.masks.get(front.index)
    known = here is not None and bool((here & rest).sum() > 0.5 * rest.sum())
    return None if known else limb, replace(front, rest=none, lost=none, resting_mm=RESTING_MM, box=without(front.box, box_of(rest), slices.spacing_mm))


def _opened(mask: Mask) -> Mask:
    opened: Mask = ndimage.binary_opening(mask, iterations=1)
    return opened


def _largest(mask: Mask) -> Mask | None:
    parts, count = ndimage.label(mask)
    if not count:
        return None
    largest: Mask = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
    return largest


def _part(mask: Mask, before: Mask) -> Mask | None:
    """The connected part of a mask that shares most with the one before; None where none does."""
    parts, _ = ndimage.label(mask)
    shared = np.bincount(parts[before], minlength=2)[1:]
    if not shared.any():
        return None
    part: Mask = parts == 1 + int(shared.argmax())
    return part


def _dilated(mask: Mask, by_mm: float, spacing_mm: tuple[float, float]) -> Mask:
    return ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= by_mm


def _smooth(slices: Slices, index: int) -> NDArray[np.float32]:
    sigma = [SMOOTH_MM / mm for mm in slices.spacing_mm]
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(slices.hounsfield[index].astype(np.float32), sigma)
    return smooth

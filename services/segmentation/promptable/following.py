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
from services.segmentation.promptable.boxes import box_of, nearer, scaled, widened
from services.segmentation.promptable.plausible import Look, look_at, radius_mm, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen, Slices
    from services.segmentation.promptable.prompts import Box

    Mask = NDArray[np.bool_]

MARGIN_MM = 2.2
"""Between the vessel's box and the box that is asked."""
WIDER_MM, MOST_WIDENINGS = 6.0, 8
"""By how much a box is widened that cuts the vessel, and how often on one slice."""
CUT = 0.35
"""A side of a box cuts the vessel where this part of it has the vessel's brightness beyond."""
APART_MM = 4.5
"""What lies further than this from an outline is not part of it."""
LIMB = 0.3
"""A part that sets out on its own has this part of the area, at least."""
MOST_FRONTS = 8
SMOOTH_MM = 1.5
SAME_HU = 60.0
ALIKE = 0.8
SCALES = (1.12, 1.25)
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
    rest: Mask
    """What was outlined before, looks the same still, and is outlined no longer: a limb, once it is large."""
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
    none = np.zeros_like(mask)
    waiting = deque(Front(index, direction, first, mask, look, index, none) for direction in (1, -1))
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
    while True:
        index = front.index + front.direction
        step = _step(slices, front, index, found)
        if isinstance(step, str):
            found.stops.append(Stop(front.begun, front.direction, front.index, step))
            if not front.returns and abs(front.index - front.begun) >= 8 and step != "the scan ends":
                back = replace(front, direction=-front.direction, begun=front.index, returns=True,
                               rest=np.zeros_like(front.mask), box=nearer(front.box, box_of(front.mask)))
                yield back
            return
        found.keep(index, step.seen, step.front.mask, slices.spacing_mm)
        told(found, index, front.direction)
        front = step.front
        limb, front = _limb(slices, front)
        if limb is not None:
            yield limb


@dataclass(frozen=True)
class _Step:
    front: Front
    seen: Seen


def _step(slices: Slices, front: Front, index: int, found: Found) -> _Step | str:
    """The next slice, or why there is none."""
    if not 0 <= index < len(slices):
        return "the scan ends"
    spacing, smooth = slices.spacing_mm, _smooth(slices, index)
    same = (np.abs(smooth - _smooth(slices, front.index)) < SAME_HU) & front.look.is_familiar(smooth)
    seen, mask, asked = _asked(slices, index, front)
    if mask is None:
        return "the model sees nothing where the vessel was"
    seen, mask, asked, extended = _extended(slices, front, index, seen, mask, asked, smooth)
    look = look_at(mask, smooth, spacing)
    reason = why_not(
        front.look, look, float(front.look.is_familiar(smooth)[mask].mean()), seen.quality, extended=extended
    )
    if reason:
        return reason
    there = found.masks.get(index)
    agrees = there is not None and bool((there & mask).sum() > 0.8 * (there | mask).sum())
    agreed = front.agreed + 1 if agrees else 0
    if front.returns and agreed >= 5:
        return "on its way back it found what was there"
    if not front.returns and there is not None and (there & mask).sum() > mask.sum() / 2:
        return "it joined what is outlined already"
    seen_box = box_of(mask)
    box = seen_box if extended else nearer(front.box, seen_box, slices.step_mm, spacing, doubted=_iou(mask, front.mask) < 0.7)
    remembered = look if extended else front.look.blended(look, slices.step_mm)
    rest = (front.rest | front.mask) & same & ~_dilated(mask, APART_MM, spacing)
    if there is not None: rest &= ~there
    return _Step(replace(front, index=index, box=box, mask=mask, look=remembered, rest=rest, agreed=agreed), seen)


def _asked(slices: Slices, index: int, front: Front) -> tuple[Seen, Mask | None, Box]:
    """What the model sees in the vessel's box, or in a larger one where that is more like the slice before."""
    best: tuple[float, Seen, Mask | None, Box] | None = None
    for scale in (1.0, *SCALES):
        wide = widened(scaled(front.box, scale), MARGIN_MM, slices.spacing_mm, (True,) * 4)
        seen = slices.ask(index, wide)
        mask = _part(seen.mean > 0.5, front.mask)
        alike = 0.0 if mask is None else _iou(mask, front.mask)
        if best is None or alike > best[0] + 0.03:
            best = alike, seen, mask, wide
        if alike > ALIKE:
            break
    assert best is not None
    return best[1:]


def _iou(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


def _extended(
    slices: Slices, front: Front, index: int, seen: Seen, mask: Mask, asked: Box, smooth: NDArray[np.float32]
) -> tuple[Seen, Mask, Box, bool]:
    """The same, with the box widened where it cuts the vessel, as long as the vessel only becomes longer by that."""
    extended = False
    for _ in range(MOST_WIDENINGS):
        sides = _cut_sides(mask, asked, front.look.is_familiar(smooth), slices.spacing_mm)
        if not any(sides):
            break
        wider = widened(asked, WIDER_MM, slices.spacing_mm, sides)
        more = slices.ask(index, wider)
        larger = _part(more.mean > 0.5, mask)
        if larger is None or larger.sum() < 1.04 * mask.sum():
            break
        if radius_mm(larger, slices.spacing_mm) > 1.25 * front.look.radius_mm:
            break
        seen, mask, asked, extended = more, larger, wider, True
    return seen, mask, asked, extended


def _cut_sides(
    mask: Mask, asked: Box, familiar: Mask, spacing_mm: tuple[float, float]
) -> tuple[bool, bool, bool, bool]:
    """Which sides of a box (first row, first column, last row, last column) the vessel goes on behind."""
    seen, cut = box_of(mask), []
    for side in range(4):
        axis, sign = side % 2, -1 if side < 2 else 1
        reaches = sign * (seen[side] - asked[side]) >= -1
        if not reaches:
            cut.append(False)
            continue
        edge = int(round(asked[side])) 
        lines = [edge + sign * distance for distance in (1, 2)]
        size = mask.shape[axis]
        inside = [line for line in lines if 0 <= line < size]
        at_edge = np.clip(int(seen[side]) - sign, 0, size - 1)
        width = np.take(mask, [at_edge], axis=axis).sum()
        beyond = np.take(familiar, inside, axis=axis) & np.take(
            _dilated(mask, APART_MM, spacing_mm), inside, axis=axis
        )
        along = beyond.sum() / max(len(inside), 1)
        across = min(box_height_width(seen))
        cut.append(bool(inside) and along > CUT * across and width > CUT * across)
    return cut[0], cut[1], cut[2], cut[3]


def box_height_width(box: Box) -> tuple[float, float]:
    return box.last_row - box.first_row + 1, box.last_column - box.first_column + 1


def _limb(slices: Slices, front: Front) -> tuple[Front | None, Front]:
    """A front that sets out where the vessel parted; and the front without that part."""
    rest = _largest(ndimage.binary_opening(front.rest, iterations=1))
    if rest is None or rest.sum() < LIMB * front.mask.sum():
        return None, front
    smooth = _smooth(slices, front.index)
    look = look_at(rest, smooth, slices.spacing_mm)
    if np.median(smooth[rest]) < front.look.low_hu + 0.4 * (front.look.high_hu - front.look.low_hu):
        return None, front
    none = np.zeros_like(rest)
    limb = Front(front.index, front.direction, box_of(rest), rest, look, front.index, none)
    return limb, replace(front, rest=front.rest & ~rest)


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
    sigma = [SMOOTH_MM / mm / 2 for mm in slices.spacing_mm]
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(slices.hounsfield[index].astype(np.float32), sigma)
    return smooth

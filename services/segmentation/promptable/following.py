"""A vessel followed from slice to slice by boxes, both ways, into every limb that it parts into.

The box of a slice comes from the boxes before and changes slowly: a vessel's outer wall does, while a model's answers
may jump from the vessel to one of its channels. A box is widened where it cuts the vessel, and held where tissue that
was inside has not changed. Where the vessel parts, another front sets out; where a front ends, the way back begins,
which completes what was seen in part and says whether the end is in doubt. Our own design (docs/methods.md).
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from services.segmentation.promptable import shapes, walls
from services.segmentation.promptable.boxes import between, box_of, scaled
from services.segmentation.promptable.fronts import Found, Front, Stop
from services.segmentation.promptable.limbs import lost_limb
from services.segmentation.promptable.plausible import look_at
from services.segmentation.promptable.stepping import (
    SCAN_ENDS,
    Step,
    goes_on,
    next_slice,
    seen_in,
    smooth_slice,
    vessel_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen, Slices
    from services.segmentation.promptable.prompts import Box

    Told = Callable[[Found, int, int], None]

MOST_FRONTS = 8
"""More are not begun, so that following ends."""
TURNS, LEAST = 4, 8
"""The way back begins this many slices before the end of a front that went at least so many."""
LARGER, BETTER = (1.1, 1.2), 0.05
"""A hand draws too tightly now and then: larger boxes count where the model thinks so much better of their answers."""
NEW = 0.5
"""A limb is new of which less than this part is outlined already."""
WHOLE = 0.8
"""An outline of the way back holds this part of what is outlined already, or it is of something else."""
BRIDGE_MM = 4.0
"""Two vessels that touch are joined by less than twice this; a vessel cut lengthwise is not."""
AGAIN = (1.15, 1.3)
"""Where following ends on the slice that it began on, the box was drawn around a part: larger ones are tried."""
NOTHING = "the model sees nothing in the box"


def follow(slices: Slices, index: int, box: Box, told: Told) -> Found:
    """Everything that one box leads to. `told`: what was found so far, the newest slice and its direction."""
    first = _followed(slices, index, box, told)
    if len(first.masks) != 1:
        return first
    others = (_followed(slices, index, scaled(box, by), told) for by in AGAIN)
    return next((found for found in others if len(found.masks) > 1), first)


def _followed(slices: Slices, index: int, box: Box, told: Told) -> Found:
    """What this very box leads to."""
    found = Found()
    smooth = smooth_slice(slices, index)
    seen = _first(slices, index, smooth, box)
    mask = shapes.largest(vessel_of(seen, smooth))
    if mask is None:
        found.stops.append(Stop(index, 0, index, NOTHING))
        return found
    wall = walls.around(seen, mask, smooth, slices.spacing_mm, partial(goes_on, slices, index, smooth, before=mask))
    seen, mask = wall or (seen, mask)
    found.keep(index, seen, mask, slices.spacing_mm)
    told(found, index, 0)
    look = look_at(mask, smooth, slices.spacing_mm)
    waiting = deque(Front.new(index, way, between(box, box_of(mask)), mask, look) for way in (1, -1))
    begun = len(waiting)
    while waiting:
        for front in _advance(slices, waiting.popleft(), found, told):
            if begun < MOST_FRONTS:
                waiting.append(front)
                begun += 1
    return found


def _first(slices: Slices, index: int, smooth: NDArray[np.float32], box: Box) -> Seen:
    """What the model sees in the box that was drawn, or in a larger one."""
    drawn = seen_in(slices, index, smooth, box)
    best = max((seen_in(slices, index, smooth, scaled(box, by)) for by in LARGER), key=lambda one: one.quality)
    return best if best.quality > drawn.quality + BETTER else drawn


def _advance(slices: Slices, front: Front, found: Found, told: Told) -> Iterator[Front]:
    """Follow one front to its end; yields those that set out from it."""
    way = deque([front], maxlen=TURNS)
    while not isinstance(step := next_slice(slices, front, found), str):
        there = _onwards(step, found)
        if not there.returns or _completes(there, found, slices.spacing_mm):
            found.keep(there.index, step.seen, there.mask, slices.spacing_mm)
        told(found, there.index, there.direction)
        yield from step.limbs
        limb, front = lost_limb(there, found, smooth_slice(slices, there.index), slices.spacing_mm)
        way.append(front)
        if limb is not None:
            yield limb
    found.stops.append(Stop(front.begun, front.direction, front.index, step))
    at_the_edge = step == SCAN_ENDS and not shapes.is_oblong(front.mask, slices.spacing_mm)
    if not front.returns and abs(front.index - front.begun) >= LEAST and not at_the_edge:
        yield way[0].turned()


def _completes(there: Front, found: Found, spacing_mm: tuple[float, float]) -> bool:
    """Whether a front on its way back saw one vessel that is cut lengthwise, and in it what is outlined."""
    known = found.masks.get(there.index)
    if not shapes.is_oblong(there.mask, spacing_mm) or known is None:
        return known is None and shapes.is_oblong(there.mask, spacing_mm)
    return shapes.share(known, there.mask) > WHOLE and shapes.is_one(there.mask, BRIDGE_MM, spacing_mm)


def _onwards(step: Step, found: Found) -> Front:
    """A front that went back and comes into a limb that nobody followed does not go back any longer."""
    front, known = step.front, found.masks.get(step.front.index)
    new = bool(step.limbs) and (known is None or shapes.share(front.mask, known) < NEW)
    return replace(front, returns=False, begun=front.index) if front.returns and new else front

"""From one click to a box, for models that understand boxes better than clicks.

Squares of several sizes around the click are asked; each answer's own bounding box, with a margin, is asked in turn,
until the boxes stand still. Of what they settle at, the answer counts that the model itself thinks best of and that
holds the click. Our own design. The model's guess of its IoU chose better than the logits' margin, than how little a
box moved, and than how many sizes agreed: docs/methods.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.prompts import Answer, Box, Click, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Promptable

VERSION = "1"
SIZES_MM = (22.0, 30.0, 40.0, 54.0)
"""Edges of the squares: from a normal aorta of a small person to a large aneurysm."""
STEPS = 3
"""How often the boxes are asked. Most stand still after the second time."""
MARGIN_MM = 1.5
"""Between an answer's bounding box and the box that is asked next."""


class Settled(NamedTuple):
    """Where a click or an example led."""

    box: Box
    """Pixels of the picture; asked once more, it gives `answer`."""
    answer: Answer
    mask: NDArray[np.bool_]
    """(side, side): the connected part of the answer that holds the click."""
    agreement: float
    """Mean IoU of its bounding box with those that the other sizes settled at, 0 to 1: low where sizes disagree."""


def box_from_click(
    model: Promptable,
    embedding: NDArray[np.float16],
    click: Click,
    pixel_mm: float,
    *,
    sizes_mm: Sequence[float] = SIZES_MM,
) -> Settled | None:
    """The box that a positive click (in pixels of the picture) stands for; None where no answer holds the click.

    `pixel_mm`: edge of a pixel of the picture, as its frame says.
    """
    squares = [_square(click, size / pixel_mm) for size in sizes_mm]
    return settle(model, embedding, squares, click, margin=MARGIN_MM / pixel_mm)


def settle(
    model: Promptable, embedding: NDArray[np.float16], boxes: Sequence[Box], click: Click, *, margin: float
) -> Settled | None:
    """Ask the boxes, then their answers' own boxes and so on; the best answer that holds the click, or None.

    `margin`: pixels between an answer's bounding box and the next box.
    """
    asked = _Asked(model, embedding)
    boxes = [_on_whole_pixels(box, model.side) for box in boxes]
    for step in range(STEPS):
        answers = asked.of(boxes)
        masks = [_part_at(answer.logits > 0, click) for answer in answers]
        if step + 1 < STEPS:
            boxes = [_next(box, mask, margin, model.side) for box, mask in zip(boxes, masks, strict=True)]
    holding = [number for number, mask in enumerate(masks) if mask.any()]
    if not holding:
        return None
    best = max(holding, key=lambda number: answers[number].quality)
    bounds = [bounding_box(masks[number]) for number in holding if number != best]
    agreement = float(np.mean([box_iou(bounding_box(masks[best]), other) for other in bounds])) if bounds else 0.0
    return Settled(boxes[best], answers[best], masks[best], agreement)


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The box around a mask (rows, columns) that is not empty."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return Box(float(rows[0]), float(columns[0]), float(rows[-1]), float(columns[-1]))


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, both ends included; 0 where they do not meet."""
    rows = min(first.last_row, second.last_row) - max(first.first_row, second.first_row) + 1
    columns = min(first.last_column, second.last_column) - max(first.first_column, second.first_column) + 1
    shared = max(rows, 0.0) * max(columns, 0.0)
    return shared / (_area(first) + _area(second) - shared)


class _Asked:
    """Answers about one embedding; boxes that meet are asked once."""

    def __init__(self, model: Promptable, embedding: NDArray[np.float16]) -> None:
        self._model, self._embedding = model, embedding
        self._known: dict[Box, Answer] = {}

    def of(self, boxes: Iterable[Box]) -> list[Answer]:
        new = [box for box in dict.fromkeys(boxes) if box not in self._known]
        if new:
            answers = self._model.answers(self._embedding, [Prompt(box=box) for box in new])
            self._known.update(zip(new, answers, strict=True))
        return [self._known[box] for box in boxes]


def _square(click: Click, edge: float) -> Box:
    half = edge / 2
    return Box(click.row - half, click.column - half, click.row + half, click.column + half)


def _on_whole_pixels(box: Box, side: int) -> Box:
    return Box(*(float(min(max(round(edge), 0), side - 1)) for edge in box))


def _part_at(mask: NDArray[np.bool_], click: Click) -> NDArray[np.bool_]:
    """The connected part of a mask that holds a click; empty where none does."""
    row, column = (min(max(round(place), 0), mask.shape[0] - 1) for place in (click.row, click.column))
    if not mask[row, column]:
        return np.zeros_like(mask)
    parts, _ = ndimage.label(mask)
    part: NDArray[np.bool_] = parts == parts[row, column]
    return part


def _next(box: Box, mask: NDArray[np.bool_], margin: float, side: int) -> Box:
    """The mask's own box with its margin; the same box again where the mask is empty."""
    if not mask.any():
        return box
    top, left, bottom, right = bounding_box(mask)
    return _on_whole_pixels(Box(top - margin, left - margin, bottom + margin, right + margin), side)


def _area(box: Box) -> float:
    return (box.last_row - box.first_row + 1) * (box.last_column - box.first_column + 1)

"""From an example on another slice to a box: where does this slice look like that?

The idea is PerSAM's (Zhang et al. 2023, arXiv:2305.03048): the mean of the embedding under the example's mask is a
prototype, and the place most like it, by cosine, is where to prompt. Our own small version: every embedding's mean over
its picture is taken away first, which is what makes places differ; likeness is averaged over half the example's extent;
and the example's own box, moved to each of the three likest places, is asked and settles as the boxes around a click
do. Of these answers the one counts that the model thinks best of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.clicking import MARGIN_MM, Settled, bounding_box, settle
from services.segmentation.promptable.prompts import Box, Click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Exemplar, Promptable

VERSION = "2"
PLACES = 3
"""How many are asked; none within half the example's extent of another."""
SCALES = (1.0, 1.25)
"""Of the example's box: a vessel may be a little wider elsewhere."""
SMALLEST = 1e-6
"""Lengths below are none: a direction is not defined."""


def box_from_exemplar(
    model: Promptable, embedding: NDArray[np.float16], exemplar: Exemplar, pixel_mm: float
) -> Settled | None:
    """The box of what looks like the example; None where nothing is outlined there. Both pictures of one pixel size.

    Raises ValueError for an example with an empty mask.
    """
    top, left, bottom, right = bounding_box(exemplar.mask)
    rows, columns = bottom - top, right - left
    found = []
    for place in _likest(likeness(embedding, exemplar), rows + 1, columns + 1, model.side):
        boxes = [_around(place, rows, columns, scale) for scale in SCALES]
        found.append(settle(model, embedding, boxes, place, margin=MARGIN_MM / pixel_mm))
    return max(filter(None, found), key=lambda settled: settled.answer.quality, default=None)


def _likest(like: NDArray[np.float32], rows: float, columns: float, side: int) -> Iterator[Click]:
    """The likest places in pixels of the picture, the likest first; `rows`, `columns`: the example's, in pixels."""
    pixels = side / like.shape[0]
    half = max(1, round(rows / pixels / 2)), max(1, round(columns / pixels / 2))
    averaged = ndimage.uniform_filter(like, size=half)
    for _ in range(PLACES):
        row, column = (int(place) for place in np.unravel_index(np.argmax(averaged), averaged.shape))
        yield Click((row + 0.5) * pixels - 0.5, (column + 0.5) * pixels - 0.5)
        near = slice(max(row - half[0], 0), row + half[0] + 1), slice(max(column - half[1], 0), column + half[1] + 1)
        averaged[near] = -np.inf


def likeness(embedding: NDArray[np.float16], exemplar: Exemplar) -> NDArray[np.float32]:
    """Cosine of each place (rows, columns) of an embedding with the example's prototype, -1 to 1.

    0 where a place has no direction, as in a picture of one grey. Raises ValueError for an empty mask.
    """
    there = _centred(exemplar.embedding)
    weight = _shares(exemplar.mask, there.shape[1:])
    if not weight.any():
        raise ValueError("An example must have a mask with something in it. Found: an empty one. Draw it.")
    prototype = (there * weight).sum(axis=(1, 2))
    prototype /= max(float(np.linalg.norm(prototype)), SMALLEST)
    like: NDArray[np.float32] = np.einsum("c,cij->ij", prototype, _centred(embedding))
    return like


def _centred(embedding: NDArray[np.float16]) -> NDArray[np.float32]:
    """Directions of length 1, each place's less the picture's mean."""
    values = embedding.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    lengths = np.linalg.norm(values, axis=0)
    directions: NDArray[np.float32] = np.where(lengths > SMALLEST, values / np.maximum(lengths, SMALLEST), 0)
    return directions


def _shares(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """How much of each place of an embedding lies in the mask, 0 to 1."""
    rows, columns = (whole // part for whole, part in zip(mask.shape, shape, strict=True))
    cells = mask.reshape(shape[0], rows, shape[1], columns).astype(np.float32)
    shares: NDArray[np.float32] = cells.mean(axis=(1, 3))
    return shares


def _around(place: Click, rows: float, columns: float, scale: float) -> Box:
    down, across = rows * scale / 2, columns * scale / 2
    return Box(place.row - down, place.column - across, place.row + down, place.column + across)

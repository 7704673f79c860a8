"""From an example on another slice to a box: where does this slice look like that?

The idea is PerSAM's (Zhang et al. 2023, arXiv:2305.03048): the mean of the embedding under the example's mask is a
prototype, and the place most like it, by cosine, is where to prompt. Our own small version: every embedding's mean over
its picture is taken away first, which is what makes places differ; likeness is averaged over half the example's extent;
and the example's own box, moved there, is asked and settles as the boxes around a click do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.clicking import MARGIN_MM, Settled, bounding_box, settle
from services.segmentation.promptable.prompts import Box, Click

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Exemplar, Promptable

VERSION = "1"
SCALES = (0.8, 1.0, 1.25)
"""Of the example's box: a vessel is a little wider or narrower elsewhere."""
SMALLEST = 1e-6
"""Lengths below are none: a direction is not defined."""


def box_from_exemplar(
    model: Promptable, embedding: NDArray[np.float16], exemplar: Exemplar, pixel_mm: float
) -> Settled | None:
    """The box of what looks like the example; None where nothing is outlined there. Both pictures of one pixel size.

    Raises ValueError for an example with an empty mask.
    """
    like = likeness(embedding, exemplar)
    top, left, bottom, right = bounding_box(exemplar.mask)
    pixels = model.side / like.shape[0]
    extent = ((bottom - top + 1) / pixels / 2, (right - left + 1) / pixels / 2)
    averaged = ndimage.uniform_filter(like, size=tuple(max(1, round(edge)) for edge in extent))
    row, column = np.unravel_index(np.argmax(averaged), averaged.shape)
    there = Click((float(row) + 0.5) * pixels - 0.5, (float(column) + 0.5) * pixels - 0.5)
    boxes = [_around(there, bottom - top, right - left, scale) for scale in SCALES]
    return settle(model, embedding, boxes, there, margin=MARGIN_MM / pixel_mm)


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

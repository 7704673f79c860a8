"""Where following begins: a box or a click on a slice of any plane, and the axial box that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from services.errors import InputRefused
from services.segmentation.promptable.asking import Slices, jitter
from services.segmentation.promptable.boxes import box_of
from services.segmentation.promptable.clicking import box_from_click
from services.segmentation.promptable.prompts import Box, Click

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.embeddings import Embedded

AROUND_CLICK_MM = 30.0
"""A click is seen in the frame of a box of this size around it."""
NOTHING = "Draw a box closely around the vessel on a slice where it is round."


@dataclass(frozen=True)
class Start:
    """A box or a click on the slice `index` along an axis (0, 1, 2 of k, j, i), in voxels of the volume.

    Rows and columns of a slice are the two other axes in their order. A box has both ends included.
    """

    axis: int
    index: int
    box: Box | None = None
    click: Click | None = None

    def said(self) -> dict[str, Any]:
        """Ready for JSON."""
        prompt = {"box": list(self.box)} if self.box is not None else {"click": list(self.click or ())}
        return {"axis": self.axis, "slice": self.index, **prompt}


def on_an_axial_slice(
    hounsfield: NDArray[np.int16],
    embedded: Embedded,
    spacing_mm: tuple[float, float, float],
    start: Start,
    axial: int,
) -> Start:
    """The same prompt as a box on an axial slice (one across the axis `axial`).

    On another plane the model answers first; its answer's width where the prompt's middle lies becomes the width of a
    box on that axial slice, and the same width is taken across the plane. Raises InputRefused.
    """
    require_inside(start, hounsfield.shape)
    slices = Slices(embedded, hounsfield, spacing_mm, start.axis, jitter(1, 0))
    box = start.box if start.box is not None else _box_of_click(slices, embedded, start)
    if start.axis == axial:
        return Start(axial, start.index, box)
    return _across(slices, start, box, spacing_mm, axial)


def require_inside(start: Start, shape: tuple[int, ...]) -> None:
    """Raise InputRefused unless the prompt has a box or a click, and lies on a slice of the volume."""
    rows_columns = [size for axis, size in enumerate(shape) if axis != start.axis]
    if start.axis not in {0, 1, 2} or not 0 <= start.index < shape[start.axis]:
        raise InputRefused("A prompt must lie on a slice of the scan.", "another place.", "Draw it on a slice.")
    if (start.box is None) == (start.click is None):
        raise InputRefused("A prompt must be one box or one click.", "both or none.", "Give one of them.")
    corners = [start.box[:2], start.box[2:]] if start.box is not None else [(start.click or ())[:2]]
    inside = all(0 <= edge <= size - 1 for corner in corners for edge, size in zip(corner, rows_columns, strict=True))
    ordered = start.box is None or (start.box[0] < start.box[2] and start.box[1] < start.box[3])
    if not inside or not ordered:
        raise InputRefused("A prompt must lie inside its slice.", "one that reaches outside.", "Draw it again.")


def _box_of_click(slices: Slices, embedded: Embedded, start: Start) -> Box:
    click = start.click
    assert click is not None  # noqa: S101 -- require_inside saw to it
    around = AROUND_CLICK_MM / 2
    row_mm, column_mm = slices.spacing_mm
    place = Box(
        click.row - around / row_mm, click.column - around / column_mm,
        click.row + around / row_mm, click.column + around / column_mm,
    )  # fmt: skip
    frame = slices.frame_of(place)
    embedding = embedded.embedding(start.axis, start.index, frame)
    settled = box_from_click(embedded.model, embedding, frame.click(click), frame.pixel_mm)
    if settled is None:
        raise InputRefused("A click must be on a vessel that the model sees.", "no answer that holds it.", NOTHING)
    mask = frame.on_slice(settled.answer.logits, -1.0, slices.shape) > 0
    parts, _ = ndimage.label(mask)
    here = parts == parts[round(click.row), round(click.column)]
    return box_of(here if mask[round(click.row), round(click.column)] else mask)


def _across(slices: Slices, start: Start, box: Box, spacing_mm: tuple[float, float, float], axial: int) -> Start:
    """The axial box of an answer on another plane."""
    mask = slices.ask(start.index, box).mean > 0.5
    others = [axis for axis in range(3) if axis != start.axis]
    along = mask if others[0] == axial else mask.T
    middle = round((box[others.index(axial)] + box[others.index(axial) + 2]) / 2)
    line, wanted = along[middle], round((box[1 - others.index(axial)] + box[3 - others.index(axial)]) / 2)
    if not line.any():
        raise InputRefused("A box must be on a vessel that the model sees.", "nothing seen in its middle.", NOTHING)
    runs, _ = ndimage.label(line)
    places = np.flatnonzero(line)
    run = np.flatnonzero(runs == runs[places[np.abs(places - wanted).argmin()]])
    other = next(axis for axis in others if axis != axial)
    half = (run[-1] - run[0] + 1) * spacing_mm[other] / spacing_mm[start.axis] / 2
    extents = {other: (float(run[0]), float(run[-1])), start.axis: (start.index - half, start.index + half)}
    row, column = (extents[axis] for axis in range(3) if axis != axial)
    return Start(axial, middle, Box(row[0], column[0], row[1], column[1]))

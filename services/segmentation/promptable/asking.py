"""A promptable model's answers on the slices of a volume, from boxes in voxels to probabilities in voxels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.special import expit

from services.segmentation.promptable.frames import Frame, whole
from services.segmentation.promptable.prompts import Box, Prompt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.embeddings import Embedded

JITTER = 0.05
"""Members ask boxes whose edges are moved by at most this part of the box's height or width."""
CROP_MM, LATTICE_MM = 224.0, 32.0
"""Wide slices are seen in parts of this size, which begin on a lattice, so that another prompt sees the same parts."""
OUTSIDE = -20.0
"""Logit beyond the picture."""


@dataclass(frozen=True)
class Seen:
    """What the members say about one slice."""

    members: NDArray[np.float32]
    """(member, rows, columns): probabilities."""
    mean: NDArray[np.float32]
    """(rows, columns)."""
    quality: float
    """The model's own guess of its IoU, mean over members."""

    @property
    def closed(self) -> Seen:
        """The same without holes in the mean's outline: a hole is inside as surely as, on average, what is around it.

        A model may see thrombus as a ring and leave out the lumen.
        """
        inside = self.mean > 0.5
        holes = ndimage.binary_fill_holes(inside) & ~inside
        if not holes.any():
            return self
        around = self.members[:, inside].mean(axis=1)[:, None, None]
        members = np.where(holes, np.maximum(self.members, around), self.members)
        return replace(self, members=members, mean=members.mean(axis=0))


class Slices:
    """The slices of a volume along one axis, and a model that is asked about them."""

    def __init__(
        self,
        embedded: Embedded,
        hounsfield: NDArray[np.int16],
        spacing_mm: tuple[float, float, float],
        axis: int,
        offsets: NDArray[np.float64],
    ) -> None:
        """`hounsfield` and `spacing_mm` along (k, j, i). `offsets` (member, 4): see `jitter`."""
        self._embedded, self.axis, self._offsets = embedded, axis, offsets
        self.hounsfield: NDArray[np.int16] = np.moveaxis(hounsfield, axis, 0)
        self.step_mm, self.all_spacing_mm = spacing_mm[axis], spacing_mm
        row_mm, column_mm = (spacing_mm[other] for other in range(3) if other != axis)
        self.spacing_mm = row_mm, column_mm

    def __len__(self) -> int:
        """Number of slices."""
        return len(self.hounsfield)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice."""
        _, rows, columns = self.hounsfield.shape
        return rows, columns

    def ask(self, index: int, box: Box) -> Seen:
        """What the members see in a box (voxels of the slice, both ends included)."""
        frame = self.frame_of(box)
        embedding = self._embedded.embedding(self.axis, index, frame)
        boxes = [_on_whole_pixels(frame.box(one), frame.side) for one in self._jittered(box)]
        distinct = list(dict.fromkeys(boxes))
        answers = self._embedded.model.answers(embedding, [Prompt(box=one) for one in distinct])
        known = dict(zip(distinct, answers, strict=True))
        logits = {one: frame.on_slice(answer.logits, OUTSIDE, self.shape) for one, answer in known.items()}
        members = np.stack([expit(logits[one]) for one in boxes])
        return Seen(members, members.mean(axis=0), float(np.mean([known[one].quality for one in boxes])))

    def frame_of(self, box: Box) -> Frame:
        """The whole slice, or the part of a wide slice around a box."""
        side = self._embedded.model.side
        first, length = zip(*(self._part(axis, box) for axis in (0, 1)), strict=True)
        if length == self.shape:
            return whole(self.shape, self.spacing_mm, side)
        return Frame((first[0], first[1]), (length[0], length[1]), self.spacing_mm, side)

    def _part(self, axis: int, box: Box) -> tuple[int, int]:
        """First voxel and number of voxels of the part along rows (0) or columns (1)."""
        size, mm = self.shape[axis], self.spacing_mm[axis]
        if size * mm <= CROP_MM + LATTICE_MM:
            return 0, size
        wanted = (box[axis] + box[axis + 2]) / 2 * mm - CROP_MM / 2
        first = round(round(wanted / LATTICE_MM) * LATTICE_MM / mm)
        length = round(CROP_MM / mm)
        return min(max(first, 0), size - length), length

    def _jittered(self, box: Box) -> list[Box]:
        height, width = box.last_row - box.first_row + 1, box.last_column - box.first_column + 1
        moved = np.array(box) + self._offsets * np.array([height, width, height, width])
        return [Box(*(float(edge) for edge in one)) for one in moved]


def jitter(members: int, seed: int) -> NDArray[np.float64]:
    """(member, 4): how far each member moves the edges of a box, in parts of its size.

    The first member moves nothing; the others come in pairs that move them in opposite ways, so that their mean does
    not drift. Our own design.
    """
    rng = np.random.default_rng(seed)
    moved = rng.uniform(-JITTER, JITTER, (members // 2, 4))
    return np.concatenate([np.zeros((1, 4)), np.stack([moved, -moved], axis=1).reshape(-1, 4)])[:members]


def _on_whole_pixels(box: Box, side: int) -> Box:
    return Box(*(float(min(max(round(edge), 0), side - 1)) for edge in box))

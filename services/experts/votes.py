"""What every voxel was called, counted: few different votes, each with the number of its voxels.

With R readers and C classes there are at most C^R different votes, however many voxels there are. Majority, STAPLE,
kappa and alpha depend on how often each vote occurs and on nothing else, so that they are computed on this small table
in float64 and int64: exact where sums over voxels in float32 stop counting (at 2^24).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services import volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.records import Region

    Labels = NDArray[np.uint8] | NDArray[np.bool_]

MOST_VOTES = 2**22
"""C^R may be so large: 13 readers of three classes, 22 readers of two."""


@dataclass(frozen=True)
class Votes:
    """Which votes there were, and how often."""

    table: NDArray[np.uint8]
    """(vote, reader): the class that each reader gave."""
    counts: NDArray[np.int64]
    """(vote,): voxels with this vote; never 0."""
    classes: int
    inverse: NDArray[np.int32] | None = None
    """(k, j, i): the row of each voxel; None for counts that came without voxels."""

    @property
    def readers(self) -> int:
        """How many readers voted."""
        return int(self.table.shape[1])

    @property
    def for_each(self) -> NDArray[np.int64]:
        """(vote, class): how many readers gave each class."""
        same = self.table[:, :, None] == np.arange(self.classes)
        number: NDArray[np.int64] = same.sum(axis=1, dtype=np.int64)
        return number

    def on_voxels(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """(k, j, i): what stands in `values` (vote,) for each voxel's vote."""
        if self.inverse is None:
            raise ValueError("Values go back to voxels only where votes came from voxels. Found: counts alone.")
        return values[self.inverse]


def count_votes(drawn: Labels, *, classes: int) -> Votes:
    """The votes of label maps or masks (reader, k, j, i), values 0 to `classes` - 1; they are only read.

    Raises ValueError where there is no reader, a value is no class, or there are more than MOST_VOTES possible votes.
    """
    _require_labels(drawn, classes)
    code = np.zeros(drawn.shape[1:], np.int32)
    for one in drawn[::-1]:
        code *= classes
        code += one
    counted = np.bincount(code.ravel(), minlength=classes ** len(drawn))
    present = np.flatnonzero(counted)
    rows = np.zeros(len(counted), np.int32)
    rows[present] = np.arange(len(present), dtype=np.int32)
    table = present[:, None] // classes ** np.arange(len(drawn)) % classes
    return Votes(table.astype(np.uint8), counted[present].astype(np.int64), classes, rows[code])


def disputed_region(drawn: Labels) -> Region | None:
    """The box around all that any of the readers (reader, k, j, i) drew; None where nobody drew anything."""
    return volume.bounding_region((drawn != 0).any(axis=0))


def _require_labels(drawn: Labels, classes: int) -> None:
    if drawn.ndim != 4 or not len(drawn):
        raise ValueError(f"Readers must be (reader, k, j, i), at least one. Found: {drawn.shape}. Stack label maps.")
    if classes < 2 or classes ** len(drawn) > MOST_VOTES:
        raise ValueError(
            f"There must be two classes or more, and at most {MOST_VOTES} different votes. Found: {classes} classes"
            f" and {len(drawn)} readers. Compare fewer at a time."
        )
    if drawn.size and int(drawn.max()) >= classes:
        raise ValueError(
            f"Labels must be below the number of classes, {classes}. Found: {int(drawn.max())}. Give more classes."
        )

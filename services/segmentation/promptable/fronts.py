"""What is known while a vessel is followed: fronts, what they found, and why they stopped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable import shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen
    from services.segmentation.promptable.plausible import Look
    from services.segmentation.promptable.prompts import Box

    Mask = NDArray[np.bool_]

AROUND_MM = 6.0
"""Probability is kept this far around an outline."""


@dataclass(frozen=True)
class Front:
    """Where following stands in one direction. Masks are (rows, columns) of slice `index`."""

    index: int
    direction: int
    box: Box
    """Of the vessel, without the margin."""
    mask: Mask
    """The outline on slice `index`."""
    look: Look
    """What is remembered of the slices so far."""
    begun: int
    """The slice that it set out from."""
    rest: NDArray[np.float32]
    """Where tissue lay inside before, is outlined no longer and looks the same: for how many mm it is remembered."""
    lost: NDArray[np.float32]
    """The same of blood alone, up to the edge: a limb, once it is large."""
    resting_mm: float = 0.0
    """No box is widened on this length: the vessel has just parted, or held thrombus."""
    returns: bool = False
    """Whether it goes back over what another front outlined."""
    agreed: int = 0
    """On how many slices in a row it found what was there."""
    narrow_mm: float = 0.0
    """On how long a way it has been as narrow as a branch."""
    trunk_mm: float = 0.0
    """The largest radius on the way here, before the vessel parted too."""

    @classmethod
    def new(cls, index: int, direction: int, box: Box, mask: Mask, look: Look) -> Front:
        """One that sets out from a slice."""
        none = np.zeros(mask.shape, np.float32)
        return cls(index, direction, box, mask, look, index, none, none)

    def turned(self) -> Front:
        """The way back from here."""
        fresh = Front.new(self.index, -self.direction, self.box, self.mask, self.look)
        return replace(fresh, returns=True, resting_mm=self.resting_mm, trunk_mm=self.trunk_mm)


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
        near = shapes.dilated(mask, AROUND_MM, spacing_mm)
        rows, columns = (np.flatnonzero(near.any(axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        other = (seen.mean > 0.5) & ~mask
        members = np.where((near & ~other)[part], seen.members[:, *part], 0).astype(np.float16)
        self.pieces.setdefault(index, []).append(Piece((int(rows[0]), int(columns[0])), members))
        self.masks[index] = self.masks[index] | mask if index in self.masks else mask

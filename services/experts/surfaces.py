"""Pairs of readers: Dice, and how far their surfaces lie apart in millimetres.

A surface is a mask's outermost voxels (six neighbours), its distances those between voxel middles, by scipy's exact
Euclidean distance transform. What two masks share of a shorter distance than a voxel is not seen.
"""

from __future__ import annotations

import math
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from services import volume
from services.evaluation.measures import Measured, overlap
from services.experts.votes import disputed_region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

PERCENTILE = 95.0
NOTHING_DRAWN = "one of the two drew nothing"


class Outline:
    """One mask with its surface and the distances from it. `spacing`: mm along (k, j, i)."""

    def __init__(self, mask: Mask, spacing: Sequence[float]) -> None:
        self.mask = mask
        self.spacing = spacing

    @cached_property
    def surface(self) -> Mask:
        """Its outermost voxels; the edge of the array is outside."""
        outermost: Mask = self.mask & ~ndimage.binary_erosion(self.mask)
        return outermost

    @cached_property
    def away(self) -> NDArray[np.float32]:
        """Distance in mm of every voxel from the nearest voxel of the surface."""
        return np.asarray(ndimage.distance_transform_edt(~self.surface, sampling=self.spacing), np.float32)

    @cached_property
    def signed(self) -> NDArray[np.float32]:
        """`away`, negative inside; a voxel of the surface itself is 0."""
        return np.where(self.mask, -self.away, self.away)


class Pair(NamedTuple):
    """Two readers, by their place in the list, and how far they agree."""

    first: int
    second: int
    dice: Measured
    mean_mm: Measured
    """Mean over both surfaces of the distance to the other one."""
    p95_mm: Measured
    """The larger of both directions' 95th percentiles, as HD95. Huttenlocher et al. 1993, doi:10.1109/34.232073."""


def outlines_of(masks: Mask, spacing: Sequence[float]) -> list[Outline]:
    """Masks (reader, k, j, i) on the box around all of them; empty masks where nobody drew anything."""
    region = disputed_region(masks)
    index = volume.slices_of(region) if region else (slice(0, 1),) * 3
    return [Outline(mask[index], spacing) for mask in masks]


def pairs(outlines: Sequence[Outline]) -> list[Pair]:
    """Every pair once, in the order of the list; none where there is one reader."""
    return [pair(outlines, first, second) for first, second in combinations(range(len(outlines)), 2)]


def pair(outlines: Sequence[Outline], first: int, second: int) -> Pair:
    """Two of the list."""
    one, other = outlines[first], outlines[second]
    dice = overlap(one.mask, other.mask)
    if not one.mask.any() or not other.mask.any():
        undefined = Measured(math.nan, NOTHING_DRAWN)
        return Pair(first, second, dice, undefined, undefined)
    there, back = other.away[one.surface], one.away[other.surface]
    mean = float(np.concatenate([there, back]).mean(dtype=np.float64))
    p95 = max(float(np.percentile(way, PERCENTILE)) for way in (there, back))
    return Pair(first, second, dice, Measured(mean), Measured(p95))


def bias(outline: Outline, reference: Outline) -> Measured:
    """How far an outline lies outside a reference on average, in mm; negative: inside.

    The mean of two: of the reference's signed distance over the outline's surface, and of the outline's over the
    reference's surface with its sign turned, so that a piece which only one of them has counts once. Two errors in
    opposite directions cancel: 0 is not agreement.
    """
    if not outline.mask.any() or not reference.mask.any():
        return Measured(math.nan, NOTHING_DRAWN)
    outwards = reference.signed[outline.surface].mean(dtype=np.float64)
    inwards = outline.signed[reference.surface].mean(dtype=np.float64)
    return Measured(float(outwards - inwards) / 2)


def matrix(found: Sequence[Pair], readers: int, name: str) -> NDArray[np.float64]:
    """(reader, reader), symmetric: "dice", "mean_mm" or "p95_mm" of every pair; nan where undefined, and of oneself."""
    values = np.full((readers, readers), np.nan)
    for pair in found:
        measured: Measured = getattr(pair, name)
        values[pair.first, pair.second] = values[pair.second, pair.first] = measured.value
    return values

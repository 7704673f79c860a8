"""Where an outline ends at an edge, and where the vessel goes on beyond it, from the brightness around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.boxes import box_of, size_of
from services.segmentation.promptable.shapes import dilated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Spacing = tuple[float, float]
    Hounsfield = NDArray[np.float32]

SMOOTH_MM = 1.1
"""Standard deviation of the Gaussian over a slice before brightness is compared."""
INSIDE_MM, BEYOND_MM = 3.0, 3.2
"""Voxels this far outside are compared with the mean inside, which is weighted by a Gaussian of this width."""
ALIKE, FAT_HU, LEAST_HU = 0.3, -100.0, 50.0
"""Two brightnesses are alike that differ by less than this part of how much brighter than fat they are."""
CUT = 0.17
"""On a side where the vessel goes on over this part of its own width, its box cuts it."""


def smoothed(slice_hu: NDArray[np.int16], spacing_mm: Spacing) -> Hounsfield:
    """A slice (rows, columns) without its noise."""
    sigma = [SMOOTH_MM / mm for mm in spacing_mm]
    smooth: Hounsfield = ndimage.gaussian_filter(slice_hu.astype(np.float32), sigma)
    return smooth


def alike(first: Hounsfield, second: Hounsfield) -> Mask:
    """Where two brightnesses could be of one tissue."""
    differs: Mask = np.abs(first - second) < ALIKE * np.maximum(second - FAT_HU, LEAST_HU)
    return differs


def beyond(mask: Mask, smooth: Hounsfield, bright: Mask, spacing_mm: Spacing) -> Mask:
    """Voxels just outside an outline that look like those just inside, and like blood (`bright`)."""
    sigma = [INSIDE_MM / mm for mm in spacing_mm]
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    inside = ndimage.gaussian_filter(np.where(mask, smooth, 0), sigma) / np.maximum(weight, 1e-3)
    return dilated(mask, BEYOND_MM, spacing_mm) & ~mask & bright & alike(smooth, inside)


def cut_sides(mask: Mask, smooth: Hounsfield, bright: Mask, spacing_mm: Spacing) -> tuple[bool, bool, bool, bool]:
    """On which sides (first row, first column, last row, last column) the vessel goes on beyond its outline."""
    further = beyond(mask, smooth, bright, spacing_mm)
    top, left, bottom, right = (int(edge) for edge in box_of(mask))
    wide = CUT * min(size_of(box_of(mask)) * spacing_mm)
    mm = spacing_mm[0] * spacing_mm[1] / BEYOND_MM
    strips = further[:top], further[:, :left], further[bottom + 1 :], further[:, right + 1 :]
    first, second, third, fourth = (bool(strip.sum() * mm > wide) for strip in strips)
    return first, second, third, fourth


def open_part(mask: Mask, smooth: Hounsfield, bright: Mask, spacing_mm: Spacing) -> float:
    """Which part of an outline has no edge, 0 to 1: what lies just outside looks the same."""
    around = dilated(mask, BEYOND_MM, spacing_mm) & ~mask
    return float(beyond(mask, smooth, bright, spacing_mm).sum() / max(int(around.sum()), 1))

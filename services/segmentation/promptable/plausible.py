"""Whether what was found on the next slice may still be the vessel, from what is known of the slices before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDENED = 1.25
"""The largest circle that fits in may grow by this, compared with the slices before: more is a leak."""
EXTENDED = 1.15
"""So much more where the box was widened, as where the arch begins."""
GREW, SHRANK = 2.2, 0.35
"""Area compared with the slices before."""
NARROWED = 0.55
FAMILIAR = 0.5
"""This part of the outline must be as bright as the vessel was before, or the vessel has ended."""
AROUND_HU = 60.0
"""Brightness counts as familiar this far outside the range of before."""
BRIGHTER = 0.4
QUALITY = 0.55
"""The model's own guess of its IoU."""
FORGETS_MM = 8.0
"""What is known of slices before counts e times less over this distance."""


FORGETS_HU_MM = 40.0
"""The same of brightness."""


@dataclass(frozen=True)
class Look:
    """One outline on one slice, in figures."""

    area_mm2: float
    radius_mm: float
    """Of the largest circle that fits in."""
    low_hu: float
    """The range of nine in ten voxels, smoothed."""
    high_hu: float

    def blended(self, newer: Look, step_mm: float) -> Look:
        """What is remembered once a newer one is known."""
        size, hue = (1 - float(np.exp(-step_mm / over)) for over in (FORGETS_MM, FORGETS_HU_MM))
        weights = (size, size, hue, hue)
        pairs = zip(vars(self).values(), vars(newer).values(), weights, strict=True)
        return Look(*((1 - weight) * old + weight * new for old, new, weight in pairs))

    def is_familiar(self, hounsfield: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which voxels are as bright as the vessel was."""
        return (hounsfield > self.low_hu - AROUND_HU) & (hounsfield < self.high_hu + AROUND_HU)

    def is_bright(self, hounsfield: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which voxels are as bright as the brighter part of the vessel was: blood, not thrombus."""
        middle = self.low_hu + BRIGHTER * (self.high_hu - self.low_hu)
        return (hounsfield > middle) & (hounsfield < self.high_hu + AROUND_HU)


def look_at(mask: NDArray[np.bool_], smooth_hu: NDArray[np.float32], spacing_mm: tuple[float, float]) -> Look:
    """The figures of an outline (rows, columns) that is not empty."""
    low, high = np.percentile(smooth_hu[mask], (5, 95))
    area = float(mask.sum()) * spacing_mm[0] * spacing_mm[1]
    return Look(area, radius_mm(mask, spacing_mm), float(low), float(high))


def radius_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> float:
    """Of the largest circle that fits into a mask (rows, columns)."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(ndimage.distance_transform_edt(np.pad(part, 1), sampling=spacing_mm).max())


def why_not(
    before: Look, now: Look, familiar: float, quality: float, *, extended: bool
) -> str:
    """Why an outline cannot be the vessel's next slice, in words; '' where it can.

    `familiar`: part of it that is as bright as before. `extended`: the box was widened on purpose, as in the arch.
    """
    if now.radius_mm > WIDENED * (EXTENDED if extended else 1.0) * before.radius_mm:
        return f"it became {now.radius_mm / before.radius_mm:.1f} times as wide: a leak"
    if now.area_mm2 > GREW * before.area_mm2 and not extended:
        return f"its area became {now.area_mm2 / before.area_mm2:.1f} times as large"
    if now.area_mm2 < SHRANK * before.area_mm2:
        return f"its area fell to {now.area_mm2 / before.area_mm2:.0%}"
    if now.radius_mm < NARROWED * before.radius_mm:
        return f"it became {now.radius_mm / before.radius_mm:.0%} as wide"
    if familiar < FAMILIAR:
        return f"only {familiar:.0%} of it is as bright as the vessel was"
    if quality < QUALITY:
        return f"the model trusts itself too little ({quality:.2f})"
    return ""

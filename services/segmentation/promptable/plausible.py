"""Whether what was found on the next slice may still be the vessel, from what is known of the slices before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDENED, GROWING = 1.25, 1.15
"""The largest circle that fits in may be so much wider than any before: more is a leak. The second factor is for fronts
that just set out, and for boxes that were widened on purpose."""
GREW, SHRANK, NARROWED = 2.2, 0.35, 0.55
"""How much the area may grow or fall, and the circle become narrower, compared with what is remembered."""
FAMILIAR, AROUND_HU = 0.5, 60.0
"""This part of an outline must be within this of the brightness of before, or the vessel has ended."""
BRIGHTER, BRIGHTEST_HU = 0.4, 250.0
"""Blood is what lies above this part of the vessel's range of brightness; it may be so much brighter than the range."""
QUALITY = 0.55
"""The least of the model's own guess of its IoU."""
FORGETS_MM, FORGETS_HU_MM, WIDEST_MM = 8.0, 40.0, 150.0
"""Over these distances what is remembered counts e times less: sizes, a range that narrowed, the widest circle."""


@dataclass(frozen=True)
class Look:
    """One outline on one slice, in figures."""

    area_mm2: float
    radius_mm: float
    """Of the largest circle that fits in."""
    low_hu: float
    """The range of nine in ten voxels, smoothed."""
    high_hu: float
    widest_mm: float
    """The largest radius so far, fading slowly: a vessel that was seen in part only may be seen whole again."""

    def blended(self, newer: Look, step_mm: float) -> Look:
        """What is remembered once a newer one is known."""
        size, hue = (1 - float(np.exp(-step_mm / over)) for over in (FORGETS_MM, FORGETS_HU_MM))
        low, high = (size if wider else hue for wider in (newer.low_hu < self.low_hu, newer.high_hu > self.high_hu))
        weights = (size, size, low, high, 1.0)
        pairs = zip(vars(self).values(), vars(newer).values(), weights, strict=True)
        mixed = Look(*((1 - weight) * old + weight * new for old, new, weight in pairs))
        return replace(mixed, widest_mm=max(newer.radius_mm, self.widest_mm * float(np.exp(-step_mm / WIDEST_MM))))

    def is_familiar(self, hounsfield: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which voxels are as bright as the vessel was."""
        return (hounsfield > self.low_hu - AROUND_HU) & (hounsfield < self.high_hu + AROUND_HU)

    def is_bright(self, hounsfield: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which voxels are as bright as the brighter part of the vessel was: blood, not thrombus."""
        middle = self.low_hu + BRIGHTER * (self.high_hu - self.low_hu)
        return (hounsfield > middle) & (hounsfield < self.high_hu + BRIGHTEST_HU)


def look_at(mask: NDArray[np.bool_], smooth_hu: NDArray[np.float32], spacing_mm: tuple[float, float]) -> Look:
    """The figures of an outline (rows, columns) that is not empty."""
    low, high = np.percentile(smooth_hu[mask], (5, 95))
    area = float(mask.sum()) * spacing_mm[0] * spacing_mm[1]
    radius = radius_mm(mask, spacing_mm)
    return Look(area, radius, float(low), float(high), radius)


def radius_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> float:
    """Of the largest circle that fits into a mask (rows, columns)."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(ndimage.distance_transform_edt(np.pad(part, 1), sampling=spacing_mm).max())


def why_not(before: Look, now: Look, familiar: float, quality: float, *, grows: bool) -> str:
    """Why an outline cannot be the vessel's next slice, in words; '' where it can.

    `familiar`: part of it that is as bright as before. `grows`: it may, for its box was widened or has just begun.
    """
    wide, area = now.radius_mm / before.widest_mm, now.area_mm2 / before.area_mm2
    narrow = now.radius_mm / before.radius_mm
    reasons = (
        (wide > WIDENED * (GROWING if grows else 1.0), f"it became {wide:.1f} times as wide: a leak"),
        (area > GREW and not grows, f"its area became {area:.1f} times as large"),
        (area < SHRANK, f"its area fell to {area:.0%}"),
        (narrow < NARROWED, f"it became {narrow:.0%} as wide"),
        (familiar < FAMILIAR, f"only {familiar:.0%} of it is as bright as the vessel was"),
        (quality < QUALITY, f"the model trusts itself too little ({quality:.2f})"),
    )
    return next((reason for holds, reason in reasons if holds), "")

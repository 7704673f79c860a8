"""Lumen and thrombus, told apart by brightness inside an outline of the whole vessel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = "2"
LUMEN, THROMBUS = 1, 2
SMOOTH_MM = 1.0
"""Standard deviation of the Gaussian that takes noise out before voxels are compared."""
FLUID_HU, CALCIUM_HU = -20.0, 600.0
"""Voxels outside are fat, air or calcification at the wall, and say nothing about where blood ends."""
CONTRAST_HU = 60.0
"""The two means must be this far apart, or there is no contrast to tell blood from thrombus by."""
BRIGHT_HU = 110.0
"""Blood is brighter than this only with contrast agent in it; unenhanced blood and thrombus are both darker."""
BINS = 256
THIN_MM = 2.0
"""Thrombus lies somewhere deeper than this in the darker part; else it is a wall, or voxels half blood and half fat."""


@dataclass(frozen=True)
class Split:
    """What is lumen and what is thrombus."""

    mask: NDArray[np.uint8]
    """[k, j, i]: 0 outside, 1 lumen, 2 thrombus."""
    threshold_hu: float | None
    """Between the two; None where they were not told apart, and all is called lumen or all thrombus."""
    said: str
    """How it was decided, in words."""


def split(hounsfield: NDArray[np.int16], wall: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> Split:
    """Tell lumen and thrombus apart inside `wall`; both [k, j, i], spacing along each axis.

    Otsu's threshold (1979, doi:10.1109/TSMC.1979.4310076) of the smoothed HU, where the means on both sides are at
    least CONTRAST_HU apart and the brighter one is enhanced blood. A scan without contrast gives no such pair: then all
    is lumen, which is said, for brightness cannot show a thrombus there.
    """
    smooth = ndimage.gaussian_filter(hounsfield.astype(np.float32), [SMOOTH_MM / mm for mm in spacing_mm])
    values = smooth[wall & (smooth > FLUID_HU) & (smooth < CALCIUM_HU)]
    mask = np.where(wall, np.uint8(LUMEN), np.uint8(0))
    if values.size == 0 or values.min() == values.max():
        return Split(mask, None, "nothing to tell apart: no two voxels as bright as blood or thrombus differ")
    threshold = otsu(values)
    dark, bright = values[values <= threshold], values[values > threshold]
    if not dark.size or not bright.size or bright.mean() - dark.mean() < CONTRAST_HU or bright.mean() < BRIGHT_HU:
        return Split(mask, None, "all called lumen: brightness shows no border between blood and thrombus")
    mask[thick(wall & (smooth <= threshold) & (smooth > FLUID_HU), spacing_mm)] = THROMBUS
    said = f"lumen is brighter than {threshold:.0f} HU (Otsu), smoothed over {SMOOTH_MM:g} mm, or a thin layer"
    return Split(mask, threshold, said)


def thick(dark: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Of what is dark, what is no thin layer: opened by a ball of THIN_MM; both [k, j, i].

    A model's outline reaches into the fat around a vessel by about a voxel, and that rim is as dark as thrombus.
    """
    deep = ndimage.distance_transform_edt(dark, sampling=spacing_mm) > THIN_MM
    if not deep.any():
        return np.zeros_like(dark)
    away = ndimage.distance_transform_edt(~deep, sampling=spacing_mm)
    thicker: NDArray[np.bool_] = dark & (away <= THIN_MM + min(spacing_mm))
    return thicker


def otsu(values: NDArray[np.float32]) -> float:
    """The threshold that parts values into the two groups with the least spread within them."""
    counts, edges = np.histogram(values.astype(np.float64), bins=BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(edges[1:-1][int(np.nanargmax(apart))])

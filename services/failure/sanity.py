"""Sanity checks of a case beside those of its masks (services/flags.py): centreline, spacing, intensities, contrast.

Rules of our own, each by itself and each with what it found. The empty mask, pieces, gaps and a cut at the edge are
found when masks are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

from db.records import NewFlag
from db.vocabulary import FlagReason
from services.flags import said_slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from db.measurement_records import NewMeasurement
    from db.records import Index3, Region

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

VERSION = "1"
SPACING_MM = (0.2, 5.0)
"""Distances of slices, and of voxels within one, that are usual."""
DARKEST_HU, BRIGHTEST_HU = -20.0, 150.0
"""A CT of the abdomen has voxels darker than the one (fat, air) and brighter than the other (bone, contrast medium)."""
ENDS = (1.0, 99.9)
"""Percentiles of the image that stand for its dark and its bright end."""
EVERY = 3
"""They are taken of every third voxel along each axis."""
LUMEN_HU = (100.0, 450.0)
"""Median of the lumen in seven of eight scans that the shipped networks learnt from; the others had no contrast."""
REACHED = 0.75
"""Share of the outline's slices that its centreline runs through, below which it is short."""
LIMB_CM2, LIMB_MM = 0.5, 10.0
"""A second piece of the outline above the bifurcation, this large in slices over this length, is a branch."""
LOOK, FIRST_LOOK = 1, 2


def spacing_flag(spacing_mm: Sequence[float]) -> NewFlag | None:
    """Of voxels along k, j, i."""
    low, high = SPACING_MM
    if all(low <= length <= high for length in spacing_mm):
        return None
    said = " x ".join(f"{length:g}" for length in spacing_mm)
    return NewFlag(FlagReason.SPACING, LOOK, f"Voxels of {said} mm: from {low:g} to {high:g} mm is usual.")


def intensity_flag(hounsfield: NDArray[np.integer]) -> NewFlag | None:
    """Of the whole image [k, j, i], which is only read."""
    some = hounsfield[::EVERY, ::EVERY, ::EVERY] if min(hounsfield.shape) > EVERY else hounsfield
    dark, bright = np.percentile(some, ENDS)
    if dark > DARKEST_HU:
        text = f"Hardly a voxel is as dark as fat or air (1st percentile {dark:.0f}): perhaps no Hounsfield units."
    elif bright < BRIGHTEST_HU:
        text = f"Hardly a voxel is as bright as bone (99.9th percentile {bright:.0f}): perhaps no Hounsfield units."
    else:
        return None
    return NewFlag(FlagReason.INTENSITY, FIRST_LOOK, text)


def contrast_flag(lumen_hu: float | None) -> NewFlag | None:
    """Of the median of the image in the lumen that the model marked; nothing is said where that is not known."""
    if lumen_hu is None or LUMEN_HU[0] <= lumen_hu <= LUMEN_HU[1]:
        return None
    if lumen_hu < LUMEN_HU[0]:
        text = f"The lumen has {lumen_hu:.0f} HU: hardly any contrast, unlike most scans the shipped model learnt from."
    else:
        text = f"The lumen has {lumen_hu:.0f} HU: brighter than in the scans that the shipped model learnt from."
    return NewFlag(FlagReason.CONTRAST, LOOK, text)


def centreline_flags(
    curves: Sequence[NewMeasurement], wall: Mask, box: Region, affine: Numbers, *, in_pieces: bool
) -> Iterator[NewFlag]:
    """A centreline that is missing, short, or leaves a branch out.

    Args:
        curves: the stored centreline of the aorta first, then those of iliac arteries.
        wall: what lies inside the outer wall; nothing is said of an empty one.
        box: of these voxels in the image.
        affine: (k, j, i) of the image to LPS mm.
        in_pieces: whether another flag says so already.
    """
    slices = np.flatnonzero(wall.any(axis=(1, 2)))
    if not slices.size or not curves:
        return
    if curves[0].value is None:
        if not in_pieces:
            yield NewFlag(FlagReason.CENTRELINE, FIRST_LOOK, f"The outline has no centreline: {curves[0].reason}.")
        return
    ends = [_slices_of(curve, affine) for curve in curves if curve.points]
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    marked = int(slices[-1] - slices[0]) + 1
    reached = round(min(last, slices[-1] + box.origin[0]) - max(first, slices[0] + box.origin[0])) + 1
    if reached < REACHED * marked:
        text = f"The centreline is short: it runs through {max(reached, 0)} of the {marked} slices of the outline."
        yield NewFlag(FlagReason.CENTRELINE, FIRST_LOOK, text, None, _whole(slices, box))
    yield from _branches(wall, box, affine, ends[0])


def _branches(wall: Mask, box: Region, affine: Numbers, trunk: tuple[float, float]) -> Iterator[NewFlag]:
    """Second pieces in slices through which the aorta's own curve runs."""
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    most = LIMB_CM2 * 100 / (steps[1] * steps[2])
    spared = LIMB_MM / steps[0]  # above the bifurcation limbs part within the wall
    inside = range(
        max(int(trunk[0] + spared) - box.origin[0], 0), min(int(trunk[1] - spared) - box.origin[0], len(wall))
    )
    second = [k for k in inside if _second(wall[k]) >= most]
    if len(second) * steps[0] < LIMB_MM:
        return
    found = (second[0] + box.origin[0], second[-1] + box.origin[0])
    text = f"The outline has a branch beside its centreline in {said_slices(found)}."
    yield NewFlag(FlagReason.CENTRELINE, LOOK, text, _middle_of_second(wall, box, second), found)


def _second(plane: Mask) -> int:
    """Voxels of a slice's second largest piece."""
    sizes = np.sort(np.bincount(cc3d.connected_components(plane, connectivity=8).ravel())[1:])
    return int(sizes[-2]) if len(sizes) > 1 else 0


def _middle_of_second(wall: Mask, box: Region, second: Sequence[int]) -> Index3:
    k = second[len(second) // 2]
    pieces = cc3d.connected_components(wall[k], connectivity=8)
    number = int(np.argsort(np.bincount(pieces.ravel())[1:])[-2]) + 1
    places = np.argwhere(pieces == number)
    j, i = places[np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()].tolist()
    return k + box.origin[0], j + box.origin[1], i + box.origin[2]


def _slices_of(curve: NewMeasurement, affine: Numbers) -> tuple[float, float]:
    inverse = np.linalg.inv(affine)
    index = np.asarray(curve.points, np.float64) @ inverse[0, :3] + inverse[0, 3]
    return float(index.min()), float(index.max())


def _whole(slices: NDArray[np.intp], box: Region) -> tuple[int, int]:
    return int(slices[0]) + box.origin[0], int(slices[-1]) + box.origin[0]

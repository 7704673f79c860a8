"""From slices with a place each to one grid: what must be the same, what may be mended, what is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import shift

from services.errors import InputRefused
from services.imaging.decoding import PixelReader
from services.imaging.dicom_rules import numbers, texts
from services.imaging.part10 import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom import Dataset

    from services.imaging.parsing import Plane

SPACING_TOLERANCE_MM = 0.05
"""Two distances between neighbouring slices count as equal up to this much; positions are often rounded."""
DIRECTION_TOLERANCE = 1e-3
"""Largest difference between two unit vectors that count as the same direction."""
SMALLEST_TILT_DEGREES, LARGEST_TILT_DEGREES = 0.5, 45.0
SAME = ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient")
MOST_NAMED = 6
MOST_MISSING = 1000
"""A hole is filled with so many slices in a report; a larger one is another distance."""
OWN_SERIES = "Send each stack of images as a series of its own."
LARGEST_THICKNESS_MM = 100.0
TIMES = ("TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase", "AcquisitionNumber")
"""What tells apart the phases that a scanner puts into one series."""


@dataclass(frozen=True)
class StackGrid:
    """The grid of a series: (k, j, i) to LPS millimetres, at right angles."""

    affine: NDArray[np.float64]
    drift: NDArray[np.float64]
    """(k, 2): how far, in pixels along (j, i), slice k lies from where the grid wants it: not 0 under a gantry tilt."""
    tilt_degrees: float


def directions(header: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along a row (towards larger column) and along a column (towards larger row)."""
    cosines = np.asarray(header.ImageOrientationPatient, dtype=np.float64)
    along_row, along_column = cosines[:3], cosines[3:]
    return along_row / np.linalg.norm(along_row), along_column / np.linalg.norm(along_column)


def require_one_grid(headers: Sequence[Dataset]) -> None:
    """Raise InputRefused unless all slices have the same size, spacing and orientation."""
    for tag in SAME:
        values = np.array([np.atleast_1d(header[tag].value).astype(float) for header in headers])
        if np.abs(values - values[0]).max() > DIRECTION_TOLERANCE:
            planes = Counter(map(_plane, headers)) if tag == "ImageOrientationPatient" else {}
            named = f": {', '.join(f'{count} {plane}' for plane, count in planes.items())}" if len(planes) > 1 else ""
            raise InputRefused(
                f"All images of a series must have the same {tag}.",
                f"{len(np.unique(values.round(3), axis=0))} different ones{named}.",
                OWN_SERIES,
            )


def _plane(header: Dataset) -> str:
    """The plane of the body that an image is nearest to."""
    normal = np.cross(*directions(header))
    return ("sagittal", "coronal", "axial")[int(np.abs(normal).argmax())]


def without_copies(planes: list[Plane]) -> tuple[list[Plane], list[str]]:
    """The slices without exact copies, and what was done. Raises InputRefused where two differ at one place.

    `planes` are ordered along their normal.
    """
    places: list[list[Plane]] = []
    for plane in planes:
        if places and np.abs(position(places[-1][0].header) - position(plane.header)).max() < SPACING_TOLERANCE_MM:
            places[-1].append(plane)
        else:
            places.append([plane])
    for first, *others in places:
        for other in others:
            if not _is_copy(first, other):
                raise _several_at_one_place(places, first)
    copies = len(planes) - len(places)
    said = [f"{copies} exact {'copy' if copies == 1 else 'copies'} of slices left out"] if copies else []
    return [place[0] for place in places], said


def grid_of(headers: Sequence[Dataset]) -> StackGrid:
    """The grid of slices ordered along their normal. Raises InputRefused when they are none."""
    along_row, along_column = directions(headers[0])
    normal = np.cross(along_row, along_column)
    positions = np.array([position(header) for header in headers])
    heights = positions @ normal
    spacing = _even_spacing(heights) if len(headers) > 1 else _thickness(headers[0])
    rows, columns = (float(value) for value in headers[0].PixelSpacing)
    middle = len(headers) // 2
    origin = positions[middle] - normal * spacing * middle
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = normal * spacing, along_column * rows, along_row * columns
    affine[:3, 3] = origin
    wanted = origin + np.arange(len(headers))[:, None] * normal * spacing
    drift = np.stack([(positions - wanted) @ along_column / rows, (positions - wanted) @ along_row / columns], axis=1)
    tilt = _tilt(positions, normal)
    if not tilt:
        affine[:3, 3] = positions[0]
    return StackGrid(affine, drift if tilt else np.zeros_like(drift), tilt)


def straighten(array: NDArray[np.int16], grid: StackGrid) -> NDArray[np.int16]:
    """Slices of a tilted stack moved in their own plane onto a grid with right angles: linear, air at the edges."""
    straight = np.empty_like(array)
    outside = int(array.min())
    for k, drift in enumerate(grid.drift):
        moved = shift(array[k].astype(np.float32), drift, order=1, mode="constant", cval=outside)
        straight[k] = np.rint(moved).astype(np.int16)
    return straight


def _thickness(header: Dataset) -> float:
    """What a single slice says of itself."""
    thickness = numbers(header.get("SliceThickness"))
    if thickness.shape == (1,) and 0 < thickness[0] < LARGEST_THICKNESS_MM:
        return float(thickness[0])
    raise InputRefused(
        "A single slice must say how thick it is.", "no SliceThickness that can be.", "Send the whole series."
    )


def _tilt(positions: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """The angle in degrees between the way the slices are stacked and their normal; 0 for none that matters."""
    step = positions[-1] - positions[0]
    length = float(np.linalg.norm(step))
    if length == 0:
        return 0.0
    angle = float(np.degrees(np.arccos(np.clip(step @ normal / length, -1, 1))))
    along = positions[0] + np.linspace(0, 1, len(positions))[:, None] * step
    if angle > LARGEST_TILT_DEGREES or np.abs(positions - along).max() > 1.0:
        raise InputRefused(
            "The slices of a series must lie on one straight line.",
            f"slices up to {np.abs(positions - along).max():.1f} mm beside it, {angle:.0f} degrees from their normal.",
            OWN_SERIES,
        )
    return angle if angle >= SMALLEST_TILT_DEGREES else 0.0


def _is_copy(first: Plane, second: Plane) -> bool:
    """Two slices at one place must be the same slice; otherwise they are two phases or reconstructions."""
    try:
        return bool(np.array_equal(_pixels(first), _pixels(second)))
    except (*UNREADABLE, InputRefused):
        return False


def _several_at_one_place(places: list[list[Plane]], first: Plane) -> InputRefused:
    """Says where the first of them lies, how many there are, and which tag tells them apart."""
    several = [place for place in places if len(place) > 1]
    headers = [plane.header for plane in several[0]]
    telling = [tag for tag in TIMES if len({texts(header, tag) for header in headers}) == len(headers)]
    height = float(position(first.header) @ np.cross(*directions(first.header)))
    apart = f"; {telling[0]} tells them apart" if telling else ""
    return InputRefused(
        "Every slice of a series must lie at a place of its own.",
        f"different slices at the place of another, at {len(several)} of {len(places)} places,"
        f" first at {height:.1f} mm{apart}.",
        "Send each phase or reconstruction as a series of its own.",
    )


def _pixels(plane: Plane) -> NDArray[np.int16]:
    pixels = np.empty((int(plane.header.Rows), int(plane.header.Columns)), dtype=np.int16)
    PixelReader().read(plane, pixels)
    return pixels


def _even_spacing(heights: NDArray[np.float64]) -> float:
    """The distance between slices in mm. Raises InputRefused with the places where some are missing or out of step."""
    gaps = np.diff(heights)
    apart = gaps[gaps > SPACING_TOLERANCE_MM]
    if not apart.size:
        raise InputRefused(
            "The slices of a series must lie one behind another.", "slices beside each other.", OWN_SERIES
        )
    usual = float(np.median(apart))
    uneven = np.flatnonzero(np.abs(gaps - usual) > max(SPACING_TOLERANCE_MM, 0.01 * usual))
    if not uneven.size:
        return float(heights[-1] - heights[0]) / len(gaps)
    _require_none_missing(heights, usual, MOST_MISSING)
    _require_none_missing(heights, float(apart.min()), len(heights))
    kind = "overlapping slices" if gaps.min() < 0.5 * usual else "other distances"
    where = ", ".join(f"{gaps[k]:.2f} mm after {heights[k]:.1f}" for k in uneven[:MOST_NAMED])
    raise InputRefused(
        f"The slices must be evenly spaced (every {usual:.2f} mm).",
        f"{uneven.size} {kind}: {where}.",
        "Send each reconstruction as a series of its own, evenly spaced.",
    )


def _require_none_missing(heights: NDArray[np.float64], step: float, most: int) -> None:
    """Raise InputRefused where the slices are even but for some, at most so many, that are not there."""
    steps = np.diff(heights) / step
    counts = np.rint(steps)
    if np.abs(steps - counts).max() > 0.05 or counts.min() < 1 or not 0 < counts.sum() - len(counts) <= most:
        return
    missing = [heights[k] + step * n for k, count in enumerate(counts) for n in range(1, int(count))]
    where = ", ".join(f"{height:.1f}" for height in missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    raise InputRefused(
        f"No slice may be missing (every {step:.2f} mm).",
        f"{len(missing)} missing, at {where}{more} mm along the scan.",
        "Send the missing slices.",
    )


def position(header: Dataset) -> NDArray[np.float64]:
    """Centre of the first pixel of a slice, LPS millimetres."""
    return np.asarray(header.ImagePositionPatient, dtype=np.float64)

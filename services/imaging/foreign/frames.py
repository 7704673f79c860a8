"""Where the frames of a DICOM SEG or Parametric Map lie: one grid for all, missing slices left empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset

from services.errors import GeometryMismatch
from services.imaging.dicom_rules import LONGEST_SIDE, numbers
from services.imaging.dicom_series import MOST_VOXELS
from services.imaging.resampling import GRID_TOLERANCE_MM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from highdicom import Volume
    from numpy.typing import NDArray

GROUPS = {
    "ImagePositionPatient": ("PlanePositionSequence", 3),
    "ImageOrientationPatient": ("PlaneOrientationSequence", 6),
    "PixelSpacing": ("PixelMeasuresSequence", 2),
    "SpacingBetweenSlices": ("PixelMeasuresSequence", 1),
    "SliceThickness": ("PixelMeasuresSequence", 1),
}
DIRECTION_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Stack:
    """The grid of an object's frames: affine (k, j, i) to LPS millimetres, shape, and the slice k of each frame."""

    affine: NDArray[np.float64]
    shape: tuple[int, int, int]
    slices: tuple[int, ...]


def stack_of(header: Dataset, image: Volume) -> Stack:
    """The grid of all frames of a multi-frame object. Raises GeometryMismatch where they lie on none.

    The distance between slices is the object's own where its frames fit it, else that of the image it was drawn on,
    else the smallest between two frames.
    """
    positions = _of_all(header, "ImagePositionPatient")
    along_row, along_column = _same(header, "ImageOrientationPatient").reshape(2, 3)
    rows, columns = _same(header, "PixelSpacing")
    normal = np.cross(along_row, along_column)
    heights = (positions - positions[0]) @ normal
    size = (int(header.Rows), int(header.Columns))
    step = _step(heights, _steps(header, heights, normal, (rows, columns), image))
    slices = np.rint(heights / step).astype(int)
    slices -= slices.min()
    affine = np.eye(4)
    affine[:3, 0] = _between(positions, slices, normal * step)
    affine[:3, 1], affine[:3, 2] = along_column * rows, along_row * columns
    affine[:3, 3] = positions[slices.argmin()]
    _require_line(positions, slices, affine)
    shape = (int(slices.max()) + 1, *size)
    if max(size) > LONGEST_SIDE or np.prod(shape, dtype=float) > MOST_VOXELS:
        raise _no_grid(f"{shape[0]} x {size[0]} x {size[1]} voxels")
    return Stack(affine, shape, tuple(int(k) for k in slices))


def frames_of(header: Dataset) -> Sequence[Dataset]:
    """The functional groups of each frame. Raises GeometryMismatch where there are none."""
    frames = header.get("PerFrameFunctionalGroupsSequence") or ()
    if not len(frames):
        raise _no_grid("no frame")
    return list(frames)


def _values(header: Dataset, keyword: str) -> Iterator[NDArray[np.float64]]:
    """An element of every frame: its own, else the shared one; empty where it holds none or nonsense."""
    group, count = GROUPS[keyword]
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    for frame in frames_of(header):
        item = next((source[group][0] for source in (frame, shared) if source.get(group)), Dataset())
        found = numbers(item[keyword].value) if keyword in item else np.empty(0)
        yield found if found.shape == (count,) and np.isfinite(found).all() else np.empty(0)


def _of_all(header: Dataset, keyword: str) -> NDArray[np.float64]:
    values = list(_values(header, keyword))
    if any(not value.size for value in values):
        raise _no_grid(f"frames without {keyword}")
    return np.array(values)


def _same(header: Dataset, keyword: str) -> NDArray[np.float64]:
    values = _of_all(header, keyword)
    if np.abs(values - values[0]).max() > DIRECTION_TOLERANCE:
        raise _no_grid(f"frames of different {keyword}")
    first: NDArray[np.float64] = values[0]
    return first


def _steps(
    header: Dataset,
    heights: NDArray[np.float64],
    normal: NDArray[np.float64],
    spacing: tuple[float, float],
    image: Volume,
) -> Iterator[float]:
    """Distances between slices that may be meant, the most trustworthy first."""
    own = next(_values(header, "SpacingBetweenSlices"))
    yield from map(float, own)
    across = image.affine[:3, 0]
    on_image = header.Rows, header.Columns, *spacing
    same_plane = np.allclose(on_image, (*image.spatial_shape[1:], *image.spacing[1:]), atol=DIRECTION_TOLERANCE)
    if same_plane and abs(across @ normal) > (1 - DIRECTION_TOLERANCE) * np.linalg.norm(across):
        yield float(np.linalg.norm(across))
    gaps = np.diff(np.unique(heights.round(2)))
    if gaps.size:
        yield float(gaps.min())
    yield from map(float, next(_values(header, "SliceThickness")))
    yield 1.0


def _step(heights: NDArray[np.float64], steps: Iterator[float]) -> float:
    for step in map(abs, steps):
        if step > GRID_TOLERANCE_MM:
            off = np.abs(heights / step - np.rint(heights / step)).max() * step
            if off <= min(GRID_TOLERANCE_MM, step / 4):
                return step
    raise _no_grid("frames at uneven distances")


def _between(
    positions: NDArray[np.float64], slices: NDArray[np.int_], usual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The way from one slice to the next: measured over all of them, so that a tilted stack stays tilted."""
    first, last = int(slices.argmin()), int(slices.argmax())
    if first == last or slices[first] == slices[last]:
        return usual
    way: NDArray[np.float64] = (positions[last] - positions[first]) / (slices[last] - slices[first])
    return way


def _require_line(positions: NDArray[np.float64], slices: NDArray[np.int_], affine: NDArray[np.float64]) -> None:
    wanted = affine[:3, 3] + slices[:, None] * affine[:3, 0]
    off = float(np.abs(positions - wanted).max())
    if off > 2 * GRID_TOLERANCE_MM:
        raise _no_grid(f"frames up to {off:.1f} mm beside their line")


def _no_grid(found: str) -> GeometryMismatch:
    return GeometryMismatch(
        "All frames of a segmentation or map must lie on one grid.",
        f"{found}.",
        "Export it again on the grid of its CT series.",
    )

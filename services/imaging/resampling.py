"""From one grid to another in the same patient space: without change where that can be, else resampled and said so.

Labels are resampled by nearest neighbour: no label is invented, a turned or cropped mask keeps every voxel, and an
equal grid gives an equal mask. Maps and images are resampled linearly. The work goes slab by slab, so that no copy
of a large image is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import affine_transform

from services.errors import GeometryMismatch, InputRefused

if TYPE_CHECKING:
    from highdicom import Volume
    from numpy.typing import NDArray

GRID_TOLERANCE_MM = 0.1
"""Two grids are the same when no corner is further apart than this."""
SLAB_VOXELS = 2**24
LARGEST_SHEAR_DEGREES = 45.0
NEAREST, LINEAR = 0, 1
HOW = {NEAREST: "nearest neighbour", LINEAR: "linear interpolation"}
CUT_SAID = 0.001
"""A smaller part of a mask beyond the image is rounding at its edge."""
UNCHANGED = "laid onto the image's grid by its affine, no voxel changed"


@dataclass(frozen=True)
class Placed:
    """Voxels on an image's grid [k, j, i]; `note` says how they came there, '' where they lay there already."""

    array: NDArray[Any]
    note: str = ""


def on_grid(
    array: NDArray[Any], affine: NDArray[np.float64], image: Volume, *, order: int, placed: bool = True
) -> Placed:
    """An array [k, j, i] with its affine to LPS on the grid of `image`; 0 where it does not reach.

    order: NEAREST for labels, LINEAR for maps. placed: False where the file does not say where it lies. Raises
    GeometryMismatch where there is no place, or none in common with the image.
    """
    if same_grid(array.shape, affine, image):
        return Placed(array)
    _require_place(array.shape, affine, image, placed=placed)
    matrix = np.linalg.inv(affine) @ image.affine
    inside = _part_inside(array, np.linalg.inv(matrix), image.spatial_shape)
    if inside == 0:
        raise GeometryMismatch(
            "A mask or map must lie where its image lies.",
            "nothing of it within the image.",
            "Put it beside the image it was made on, or write it with that image's affine.",
        )
    if order == LINEAR and not _moves_voxels(matrix):
        order, how = NEAREST, UNCHANGED
    else:
        how = UNCHANGED if not _moves_voxels(matrix) else f"resampled from {_said(array.shape, affine)} by {HOW[order]}"
    cut = f"; {max(1, round(100 * (1 - inside)))} % of it lies beyond the image" if inside < 1 - CUT_SAID else ""
    return Placed(sampled(array, matrix, image.spatial_shape, order=order), how + cut)


def same_grid(shape: tuple[int, ...], affine: NDArray[np.float64], image: Volume) -> bool:
    """Whether shape and the place of every corner are those of the image."""
    if tuple(shape) != image.spatial_shape or not np.isfinite(affine).all():
        return False
    return float(np.abs((_corners(shape) @ (affine - image.affine).T)[:, :3]).max()) <= GRID_TOLERANCE_MM


def sampled(
    array: NDArray[Any], matrix: NDArray[np.float64], shape: tuple[int, int, int], *, order: int, outside: float = 0
) -> NDArray[Any]:
    """A grid of `shape` whose voxel (k, j, i) is `array` at matrix @ (k, j, i, 1); `outside` beyond it."""
    result = np.empty(shape, dtype=array.dtype)
    slab = max(1, SLAB_VOXELS // (shape[1] * shape[2]))
    for first in range(0, shape[0], slab):
        part = result[first : first + slab]
        offset = matrix[:3, 3] + matrix[:3, 0] * first
        affine_transform(
            array,
            matrix[:3, :3],
            offset,
            output_shape=part.shape,
            output=part,
            order=order,
            mode="grid-constant",
            cval=outside,
            prefilter=False,
        )
    return result


def straightened(array: NDArray[np.int16], affine: NDArray[np.float64]) -> tuple[NDArray[np.int16], Any, str]:
    """A sheared image on a grid with right angles that holds all of it: array, affine, and the note.

    Rows keep their direction; what the shear leaves empty gets the image's smallest value. Raises InputRefused where
    the axes are so far from right angles that the image can hardly be meant.
    """
    grid, shape, degrees = _right_angled(array.shape, affine)
    values = sampled(array, np.linalg.inv(affine) @ grid, shape, order=LINEAR, outside=float(array.min()))
    return values, grid, f"axes sheared by {degrees:.1f} degrees were resampled to right angles by {HOW[LINEAR]}"


def _right_angled(
    shape: tuple[int, ...], affine: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[int, int, int], float]:
    """Gram-Schmidt from the last axis on: rows keep their direction, columns stay in the slice's plane."""
    turn, lengths = np.linalg.qr(affine[:3, [2, 1, 0]])
    signs = np.sign(np.diag(lengths))
    units = (turn * signs)[:, ::-1]
    spacing = np.abs(np.diag(lengths))[::-1]
    cosines = spacing / np.linalg.norm(affine[:3, :3], axis=0)
    degrees = float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))
    if not np.isfinite(degrees) or degrees > LARGEST_SHEAR_DEGREES:
        raise InputRefused(
            f"The axes of an image must be within {LARGEST_SHEAR_DEGREES:.0f} degrees of right angles.",
            f"axes {degrees:.0f} degrees off.",
            "Resample the image to a grid with right angles.",
        )
    places = (_corners(tuple(size - 1 for size in shape)) @ affine.T)[:, :3] @ units / spacing
    low, high = places.min(axis=0), places.max(axis=0)
    nk, nj, ni = (int(size) for size in np.floor(high - low + 1e-6).astype(int) + 1)
    grid = np.eye(4)
    grid[:3, :3] = units * spacing
    grid[:3, 3] = units @ (low * spacing)
    return grid, (nk, nj, ni), degrees


def _require_place(shape: tuple[int, ...], affine: NDArray[np.float64], image: Volume, *, placed: bool) -> None:
    """Raise GeometryMismatch where an affine says nothing: none that was meant, or one that cannot be inverted."""
    usable = np.isfinite(affine).all() and abs(float(np.linalg.det(affine[:3, :3]))) > 1e-6
    if not placed or not usable:
        raise GeometryMismatch(
            f"A mask or map that lies on another grid than its image ({_times(image.spatial_shape)} voxels) must say"
            " where it lies.",
            f"{_times(shape)} voxels without a usable affine.",
            "Write it with the affine of its grid.",
        )


def _part_inside(array: NDArray[Any], to_image: NDArray[np.float64], shape: tuple[int, int, int]) -> float:
    """The part, 0 to 1, of the voxels that are not 0 whose centres lie within the image; 1 where all are 0."""
    inside = total = 0
    size = np.array(shape)[:, None]
    for k, plane in enumerate(array):
        j, i = np.nonzero(plane)
        if j.size:
            place = to_image[:3, 1:3] @ np.stack([j, i]) + (to_image[:3, 0] * k + to_image[:3, 3])[:, None]
            inside += int(((place >= -0.5) & (place < size - 0.5)).all(axis=0).sum())
            total += j.size
    return inside / total if total else 1.0


def _moves_voxels(matrix: NDArray[np.float64]) -> bool:
    """Whether voxels of the one grid fall between those of the other; turned axes or another extent do not matter."""
    whole = np.rint(matrix[:3])
    return bool(np.abs(matrix[:3] - whole).max() > 1e-3 or (np.abs(whole[:, :3]).sum(axis=0) != 1).any())


def _corners(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.array([[k, j, i, 1] for k in (0, shape[0]) for j in (0, shape[1]) for i in (0, shape[2])], dtype=float)


def _said(shape: tuple[int, ...], affine: NDArray[np.float64]) -> str:
    spacing = " x ".join(f"{length:.2f}" for length in np.linalg.norm(affine[:3, :3], axis=0))
    return f"{_times(shape)} voxels of {spacing} mm"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))

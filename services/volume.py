"""Regions of a volume: what a page shows first, and the thumbnail of the worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from highdicom import Volume

from db.records import Region
from services.labels import draws_the_wall, inside_wall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.prepared import PreparedLayer

MARGIN_MM = 30.0
"""The crop shows this much around all masks, so that neighbouring organs stay in view."""
THUMBNAIL_MM = 120.0
THUMBNAIL_PIXELS = 64
WINDOW = (400.0, 40.0)
"""Soft tissue: width and centre in HU."""


def bounding_region(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> Region | None:
    """The smallest box that holds every voxel that is not 0, or None when there is none."""
    found = []
    for axis in range(3):
        along = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if along.size == 0:
            return None
        found.append((int(along[0]), int(along[-1]) + 1))
    (k0, k1), (j0, j1), (i0, i1) = found
    return Region((k0, j0, i0), (k1 - k0, j1 - j0, i1 - i0))


def widened(region: Region, margin_mm: float, spacing: Sequence[float], shape: Sequence[int]) -> Region:
    """A region and at least `margin_mm` around it, in whole voxels, as far as the volume of this shape goes."""
    margin = np.ceil(np.divide(margin_mm, spacing)).astype(int)
    k0, j0, i0 = (int(first) for first in np.maximum(np.array(region.origin) - margin, 0))
    k1, j1, i1 = (int(end) for end in np.minimum(np.add(region.origin, region.shape) + margin, shape))
    return Region((k0, j0, i0), (k1 - k0, j1 - j0, i1 - i0))


def slices_of(region: Region) -> tuple[slice, slice, slice]:
    """The region as an index into [k, j, i]."""
    (k, j, i), (nk, nj, ni) = region.origin, region.shape
    return slice(k, k + nk), slice(j, j + nj), slice(i, i + ni)


def moved_origin(affine: NDArray[np.float64], origin: Sequence[int]) -> NDArray[np.float64]:
    """The affine of a crop that begins at voxel `origin`."""
    moved = np.array(affine, dtype=np.float64)
    moved[:3, 3] = (affine @ np.array([*origin, 1.0]))[:3]
    return moved


def crop_region(
    layers: Sequence[PreparedLayer], shape: tuple[int, int, int], spacing: Sequence[float]
) -> Region | None:
    """The box around all masks and MARGIN_MM beyond, clipped to the image; None without masks."""
    boxes = [layer.region for layer in layers if layer.classes and layer.array.any()]
    if not boxes:
        return None
    k0, j0, i0 = (min(box.origin[axis] for box in boxes) for axis in range(3))
    k1, j1, i1 = (max(box.origin[axis] + box.shape[axis] for box in boxes) for axis in range(3))
    return widened(Region((k0, j0, i0), (k1 - k0, j1 - j0, i1 - i0)), MARGIN_MM, spacing, shape)


def crop(volume: Volume, region: Region) -> Volume:
    """The part of a volume inside a region, with the affine of its own first voxel."""
    (k, j, i), affine = slices_of(region), moved_origin(volume.affine, region.origin)
    return Volume(np.ascontiguousarray(volume.array[k, j, i]), affine, "PATIENT")


def thumbnail(volume: Volume, layers: Sequence[PreparedLayer]) -> NDArray[np.uint8]:
    """A square picture of the slice with most aorta (the middle one without), (1, 64, 64), soft-tissue window."""
    k, j, i = _centre(volume, layers)
    plane = np.asarray(volume.array[k], dtype=np.float32)
    rows = _around(j, volume.spacing[1], plane.shape[0])
    columns = _around(i, volume.spacing[2], plane.shape[1])
    width, centre = WINDOW
    picture = np.clip((plane[np.ix_(rows, columns)] - centre) / width + 0.5, 0, 1) * 255
    if volume.affine[0, 2] < 0:
        picture = picture[:, ::-1]
    if volume.affine[1, 1] < 0:
        picture = picture[::-1]
    return np.ascontiguousarray(picture.astype(np.uint8)[None])


def _around(index: int, spacing: float, size: int) -> NDArray[np.intp]:
    """Indices of THUMBNAIL_PIXELS samples over THUMBNAIL_MM around an index, kept inside the image."""
    offsets = (np.arange(THUMBNAIL_PIXELS) + 0.5) / THUMBNAIL_PIXELS - 0.5
    samples: NDArray[np.intp] = np.clip(np.rint(index + offsets * THUMBNAIL_MM / spacing), 0, size - 1).astype(np.intp)
    return samples


def _centre(volume: Volume, layers: Sequence[PreparedLayer]) -> tuple[int, int, int]:
    """The middle of the largest slice of the first layer that outlines the aorta."""
    layer = next((layer for layer in layers if draws_the_wall(layer)), None)
    mask = inside_wall(layer.array, layer.classes) if layer else np.zeros((1, 1, 1), dtype=bool)
    if layer is None or not mask.any():
        k, j, i = (size // 2 for size in volume.spatial_shape)
        return k, j, i
    k = int(mask.sum(axis=(1, 2)).argmax())
    j, i = (int(np.mean(along)) for along in np.nonzero(mask[k]))
    origin = layer.region.origin
    return k + origin[0], j + origin[1], i + origin[2]

"""A label map after its outer wall was corrected: what was not touched keeps its labels bit for bit, proved by hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import ndimage

from db.records import Region
from services.labels import INSIDE_WALL, LUMEN, OUTER_WALL, THROMBUS, inside_wall
from services.segmentation.promptable import splitting
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from services.prepared import PreparedLayer

METHOD, VERSION = "corrected by clicks", "1"
NEAREST = "added voxels are like the nearest inside the wall"


@dataclass(frozen=True)
class Relabelled:
    """Labels on a region of the image that holds the base layer's region."""

    labels: NDArray[Any]
    region: Region
    added: int
    """Voxels that lie inside the outer wall now."""
    removed: int
    """Voxels that lie inside it no more; they are background."""
    slices: int
    """How many slices changed."""
    added_by: str
    """How it was decided what the added voxels are, in words."""
    untouched: str
    """SHA-256 of the labels of all other voxels of the region, before and after."""


def relabelled(
    base: PreparedLayer,
    walls: Mapping[int, NDArray[np.bool_]],
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float, float],
) -> Relabelled:
    """The base layer with other outer walls on some slices.

    walls: slice k to what lies inside the wall, (rows, columns) of the whole slice. hounsfield: the image [k, j, i].
    Added voxels are lumen or thrombus by their brightness where the base layer tells the two apart and the image shows
    them (see `splitting.split`); else they get the label inside the wall that lies nearest, in millimetres, and where
    there is none, that of the whole wall or the first that lies inside. Inputs are only read.
    """
    region = _around(base.region, walls)
    before = np.zeros(region.shape, dtype=base.array.dtype)
    before[slices_of(_within(base.region, region))] = base.array
    wall = inside_wall(before, base.classes)
    wanted = _wanted(wall, walls, region)
    after, added = before.copy(), wanted & ~wall
    after[wall & ~wanted] = 0
    bright = _by_brightness(hounsfield[slices_of(region)], wanted, base.classes, spacing_mm) if added.any() else None
    nearest = added if bright is None else np.zeros_like(added)
    after[nearest] = _nearest_labels(after, wall & wanted, nearest, base.classes, spacing_mm)
    if bright is not None:
        after[added] = bright.labels[added]
    touched = wall ^ wanted
    return Relabelled(
        labels=after,
        region=region,
        added=int(added.sum()),
        removed=int((wall & ~wanted).sum()),
        slices=int(touched.any(axis=(1, 2)).sum()),
        added_by=NEAREST if bright is None else bright.said,
        untouched=untouched(before, after, touched),
    )


def untouched(before: NDArray[Any], after: NDArray[Any], touched: NDArray[np.bool_]) -> str:
    """SHA-256 of all voxels that were not to be touched, in C order. Raises ValueError where one of them changed."""
    hashes = {
        hashlib.sha256(np.ascontiguousarray(values[~touched]).tobytes()).hexdigest() for values in (before, after)
    }
    if len(hashes) > 1:
        raise ValueError("A correction must leave all other voxels as they were. Found: others. This is our mistake.")
    return hashes.pop()


def cropped(found: Relabelled) -> tuple[NDArray[Any], Region]:
    """The labels on the smallest region that holds them all; one voxel of background where nothing is left."""
    box = bounding_region(found.labels != 0) or Region((0, 0, 0), (1, 1, 1))
    k, j, i = np.add(box.origin, found.region.origin).tolist()
    return np.ascontiguousarray(found.labels[slices_of(box)]), Region((k, j, i), box.shape)


def wall_on(base: PreparedLayer, index: int, plane: tuple[int, int]) -> NDArray[np.bool_]:
    """What lies inside the outer wall on slice k of the image, (rows, columns) of the whole slice."""
    mask = np.zeros(plane, dtype=bool)
    (k0, j0, i0), (count, rows, columns) = base.region.origin, base.region.shape
    if 0 <= index - k0 < count:
        mask[j0 : j0 + rows, i0 : i0 + columns] = inside_wall(base.array[index - k0], base.classes)
    return mask


def _wanted(wall: NDArray[np.bool_], walls: Mapping[int, NDArray[np.bool_]], region: Region) -> NDArray[np.bool_]:
    """What shall lie inside the wall, on the region; outside it there is no wall before and none after."""
    wanted = wall.copy()
    (k0, j0, i0), (count, rows, columns) = region.origin, region.shape
    for k, mask in walls.items():
        if 0 <= k - k0 < count:
            wanted[k - k0] = mask[j0 : j0 + rows, i0 : i0 + columns]
    return wanted


class _Parted(NamedTuple):
    labels: NDArray[np.uint8]
    said: str


def _by_brightness(
    hounsfield: NDArray[np.int16],
    wall: NDArray[np.bool_],
    classes: Mapping[int, str],
    spacing_mm: tuple[float, float, float],
) -> _Parted | None:
    """Every voxel inside the wall as lumen or thrombus; None where the layer or the image does not tell them apart."""
    values = {name: value for value, name in classes.items()}
    if LUMEN not in values or THROMBUS not in values:
        return None
    parted = splitting.split(hounsfield, wall, spacing_mm)
    if parted.threshold_hu is None:
        return None
    labels = np.where(parted.mask == splitting.LUMEN, values[LUMEN], values[THROMBUS]).astype(np.uint8)
    return _Parted(labels, parted.said)


def _nearest_labels(
    labels: NDArray[Any],
    inside: NDArray[np.bool_],
    added: NDArray[np.bool_],
    classes: Mapping[int, str],
    spacing_mm: Sequence[float],
) -> NDArray[Any] | int:
    """For each added voxel the label of the nearest voxel inside the wall; looked for on its slice first."""
    inner = {name: value for value, name in classes.items() if name in INSIDE_WALL}
    if not inside.any():
        return inner.get(OUTER_WALL, min(inner.values()))
    found = np.empty(labels.shape, dtype=labels.dtype)
    wanting = added.any(axis=(1, 2))
    alone = wanting & inside.any(axis=(1, 2))
    if (wanting & ~alone).any():
        found[:] = _spread(labels, inside, spacing_mm)
    for k in np.flatnonzero(alone):
        found[k] = _spread(labels[k], inside[k], spacing_mm[1:])
    return found[added]


def _spread(labels: NDArray[Any], inside: NDArray[np.bool_], spacing_mm: Sequence[float]) -> NDArray[Any]:
    """Everywhere the label of the nearest voxel inside."""
    index = ndimage.distance_transform_edt(~inside, sampling=spacing_mm, return_distances=False, return_indices=True)
    spread: NDArray[Any] = labels[tuple(index)]
    return spread


def _around(region: Region, walls: Mapping[int, NDArray[np.bool_]]) -> Region:
    """The smallest region that holds the base layer's region and every wall."""
    low, high = list(region.origin), list(np.add(region.origin, region.shape))
    for k, mask in walls.items():
        where = np.argwhere(mask)
        if where.size:
            corners = [[k, *map(int, corner)] for corner in (where.min(axis=0), where.max(axis=0) + 1)]
            low = [min(a, b) for a, b in zip(low, corners[0], strict=True)]
            high = [max(a, b) for a, b in zip(high, [k + 1, *corners[1][1:]], strict=True)]
    k0, j0, i0 = (int(value) for value in low)
    nk, nj, ni = (int(b - a) for a, b in zip(low, high, strict=True))
    return Region((k0, j0, i0), (nk, nj, ni))


def _within(region: Region, outer: Region) -> Region:
    k, j, i = (int(value) for value in np.subtract(region.origin, outer.origin))
    return Region((k, j, i), region.shape)

"""Diameters of masks whose every voxel is drawn by itself from the probability of the outer wall.

What errors of neighbouring voxels have in common is left out, so that they cancel along the wall: the intervals are far
too narrow. They are kept to show that, and since others report them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

from services.measurement.field import field_of
from services.measurement.sections import section_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.field import Field
    from services.measurement.sections import Section

METHOD, VERSION = "independent voxels", "1"
SAMPLES = 50
MARGIN_MM = 10.0
"""Around the outlines that are drawn anew."""


def sample_voxels(
    probability: NDArray[np.floating],
    affine: NDArray[np.float64],
    planes: Sequence[Section],
    *,
    rng: np.random.Generator,
    samples: int = SAMPLES,
) -> tuple[float, ...]:
    """The largest calliper over some planes, mm, of so many masks; one that has no outline there is left out.

    probability: (k, j, i), 0 to 1, of being inside the outer wall. affine: 4x4, (k, j, i) to LPS mm. planes: sections
    of the shown mask, whose planes are kept. Of each mask the largest component counts, holes filled.
    """
    part, moved = around(probability, affine, planes)
    found = (widest_of(field_of(drawn(part, rng), moved), planes) for _ in range(samples))
    return tuple(one for one in found if one is not None)


def drawn(probability: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.bool_]:
    """One mask: each voxel inside with its own probability, and the largest connected piece of that."""
    mask = rng.random(probability.shape, dtype=np.float32) < probability
    pieces = cc3d.connected_components(mask, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray((pieces == sizes.argmax()) & mask)


def widest_of(field: Field | None, planes: Sequence[Section]) -> float | None:
    """The largest calliper, mm, of a wall in the planes of some sections; None where it meets none of them."""
    if field is None:
        return None
    found = (section_at(field, plane.centre, plane.normal) for plane in planes)
    return max((one.diameter_mm for one in found if one is not None), default=None)


def around(
    volume: NDArray[np.floating], affine: NDArray[np.float64], planes: Sequence[Section]
) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
    """The box of a volume that holds some outlines with a margin, and its affine; a view."""
    points = np.concatenate([plane.lps(plane.outline) for plane in planes])
    corners = np.array(np.meshgrid(*zip(points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM, strict=True)))
    inverse = np.linalg.inv(affine)
    index = corners.reshape(3, -1).T @ inverse[:3, :3].T + inverse[:3, 3]
    low = np.clip(np.floor(index.min(axis=0)), 0, np.subtract(volume.shape, 1)).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low + 1, volume.shape).astype(int)
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ low
    return volume[tuple(slice(first, last) for first, last in zip(low, high, strict=True))], moved

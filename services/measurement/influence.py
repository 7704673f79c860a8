"""Which part of the wall moves the diameter most: how far it moves it, in millimetres, on the wall's voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from services.measurement import fit as fits
from services.measurement.evidence import evidence_of, searched
from services.measurement.intervals import has_members, shapes_of
from services.measurement.shape_sampling import METHOD, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.measurement.evidence import Evidence
    from services.measurement.fit import DoubtFit
    from services.measurement.measure import Measured
    from services.measurement.shape_sampling import Shapes
    from services.segmentation.member_walls import MemberWalls

NEAR_MM = 3.0
"""Voxels so near to an outline show its value."""
ALIKE_POINTS = 2.0
"""Standard deviation of the mean along an outline, in its points: chance of 200 samples is smoothed away."""


@dataclass(frozen=True)
class Influence:
    """A layer, and where it is strongest."""

    values: NDArray[np.float32]
    """(k, j, i), mm: by how much the diameter is larger where this part of the wall lies one standard deviation farther
    out. 0 away from the moved outlines; negative where chance outweighs it."""
    place: tuple[float, float, float]
    """(x, y, z), LPS mm: the point of the wall with the largest value."""
    largest_mm: float
    method: str
    version: str
    seed: int
    parameters: Mapping[str, Any]


def diameter_influence(
    measured: Measured,
    probability: NDArray[np.floating],
    affine: NDArray[np.float64],
    *,
    members: MemberWalls | None = None,
    seed: int = 0,
    fit: DoubtFit | None = None,
) -> Influence | None:
    """The influence of each part of a shown outline's wall, on the region of the probability; None without a diameter.

    Arguments as in `diameter_intervals`, whose shapes these are when the seed is the same.
    """
    evidence = evidence_of(searched(measured), probability, affine, members=members, voxels=0, seed=seed)
    k, j, i = probability.shape
    return influence_of(evidence, fit or fits.shipped(), (k, j, i), affine) if evidence else None


def influence_of(
    evidence: Evidence, fit: DoubtFit, shape: tuple[int, int, int], affine: NDArray[np.float64]
) -> Influence | None:
    """The same, of what was gathered: on the voxels of a region (k, j, i) with its affine to LPS mm."""
    if not has_members(evidence) and not evidence.doubt_mm.any():
        return None
    shapes = shapes_of(evidence, fit)
    moved = moved_by(shapes)
    points, values = shapes.rings.points.reshape(-1, 3), moved.ravel()
    strongest = int(values.argmax())
    x, y, z = (float(value) for value in points[strongest])
    return Influence(
        on_voxels(points, values, shape, affine),
        (x, y, z),
        float(values[strongest]),
        f"influence on the diameter by {METHOD}",
        VERSION,
        evidence.seed,
        fit.said | {"samples": len(shapes.diameters), "within_mm": NEAR_MM},
    )


def moved_by(shapes: Shapes) -> NDArray[np.float64]:
    """(ring, point), mm: correlation of how far out a point lies with the diameter, times the diameter's spread."""
    out = shapes.outwards - shapes.outwards.mean(axis=0)
    apart = shapes.diameters - shapes.diameters.mean()
    together = np.einsum("s,srp->rp", apart, out) / len(apart)
    spread = out.std(axis=0)
    found = np.where(spread > 0, together / np.where(spread > 0, spread, 1), 0.0)
    return np.asarray(gaussian_filter1d(found, ALIKE_POINTS, axis=1, mode="wrap"))


def on_voxels(
    points: NDArray[np.float64], values: NDArray[np.float64], shape: tuple[int, int, int], affine: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values of points (n, 3) on the voxels within NEAR_MM of one: that of the nearest. Other voxels are 0."""
    inverse = np.linalg.inv(affine)
    index = points @ inverse[:3, :3].T + inverse[:3, 3]
    margin = np.ceil(NEAR_MM / np.linalg.norm(affine[:3, :3], axis=0))
    low = np.clip(np.floor(index.min(axis=0) - margin), 0, shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + margin) + 1, 0, shape).astype(int)
    result = np.zeros(shape, dtype=np.float32)
    part = tuple(slice(first, last) for first, last in zip(low, high, strict=True))
    voxels = np.stack(np.meshgrid(*(np.arange(one.start, one.stop) for one in part), indexing="ij"), axis=-1)
    distance, nearest = cKDTree(points).query(voxels @ affine[:3, :3].T + affine[:3, 3], distance_upper_bound=NEAR_MM)
    near = np.isfinite(distance)
    result[part][near] = values[nearest[near]]
    return result

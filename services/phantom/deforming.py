"""Smooth deformations that never fold: the exponential of a velocity field, by scaling and squaring.

phi = exp(v): v is divided by 2^n until it is small, and the small step is applied to itself n times (Arsigny et al.
2006, doi:10.1007/11866565_113). Fields live on a coarse lattice of nodes; millimetres throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.phantom.implicit import Floats

NODE_MM = 5.0
"""Distance of nodes along every axis."""
SQUARINGS = 6


@dataclass(frozen=True)
class Lattice:
    """Nodes NODE_MM apart over an array of voxels, the first node on the first voxel. `spacing`: mm along (k, j, i)."""

    voxels: tuple[int, ...]
    spacing: tuple[float, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Nodes along (k, j, i); the last lies on or beyond the last voxel."""
        sizes = zip(self.voxels, self.spacing, strict=True)
        return tuple(int(np.ceil((size - 1) * mm / NODE_MM)) + 1 for size, mm in sizes)

    def sampled(self, values: Floats) -> Floats:
        """What an array of voxels holds nearest to each node."""
        nearest = [
            np.minimum(np.rint(np.arange(nodes) * NODE_MM / mm).astype(int), size - 1)
            for nodes, size, mm in zip(self.shape, self.voxels, self.spacing, strict=True)
        ]
        return values[np.ix_(*nearest)]

    def in_nodes(self, voxels: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
        """Places in voxels, (3, n), as places in nodes."""
        scale = np.array(self.spacing) / NODE_MM
        return np.asarray(voxels * scale[:, None], np.float32)

    def random_field(self, rng: np.random.Generator, length_mm: float, count: int = 1) -> Floats:
        """(count, *shape): white noise under a Gaussian of `length_mm`, mean 0 and standard deviation 1."""
        noise = rng.standard_normal((count, *self.shape))
        sigma = length_mm / NODE_MM
        smooth = ndimage.gaussian_filter(noise, (0, sigma, sigma, sigma), mode="wrap", truncate=3)
        return np.asarray(smooth / smooth.std(axis=(1, 2, 3), keepdims=True), np.float32)


def exponential(velocity: Floats) -> Floats:
    """Displacement (3, *nodes) in mm of exp(v), from a velocity field of the same shape; never written into."""
    nodes = np.indices(velocity.shape[1:], dtype=np.float32)
    moved = velocity / np.float32(2**SQUARINGS)
    for _ in range(SQUARINGS):
        moved = moved + taken(moved, nodes + moved / np.float32(NODE_MM))
    return np.asarray(moved, np.float32)


def taken(fields: Floats | Sequence[Floats], places: Floats) -> Floats:
    """Each field (count, *shape) at places (3, ...) in its own nodes or voxels, linear in between, edges repeated."""
    return np.stack([ndimage.map_coordinates(field, places, order=1, mode="nearest") for field in fields])


def jacobian(displacement: Floats) -> Floats:
    """Determinant of the gradient of x + u(x) at every node: above 0 where nothing folds."""
    slopes = [np.gradient(component, NODE_MM) for component in displacement]
    matrix = np.stack([np.stack(row, axis=-1) for row in slopes], axis=-2) + np.eye(3)
    return np.asarray(np.linalg.det(matrix), np.float32)

"""Smooth invertible deformations of space: a random stationary velocity field, and the flow along it for unit time.

exp(v) by scaling and squaring (Arsigny et al. 2006, doi:10.1007/11866565_113): v / 2^n is a small displacement, and a
displacement composed with itself n times is that of the whole time. exp(-v) leads back. The field lives on a coarse
lattice and is linear between its nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import convolve1d, map_coordinates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Points = NDArray[np.float64]

SQUARINGS = 6
"""v / 64 is the first small step."""
NODES_PER_LENGTH = 3.0
"""Nodes of the lattice in one correlation length."""
COARSEST_MM = 10.0
REACH = 3.0
"""The Gaussian that smooths noise is cut off so many of its standard deviations away."""


@dataclass(frozen=True)
class Lattice:
    """Nodes `step_mm` apart along the patient's axes. Arrays on it are [z, y, x], vectors are (z, y, x) in mm."""

    origin: tuple[float, float, float]
    """(z, y, x) of the first node, LPS mm."""
    step_mm: float
    shape: tuple[int, int, int]

    @classmethod
    def around(cls, points: Points, correlation_mm: float) -> Lattice:
        """The lattice for fields of this correlation length that holds points (n, 3), LPS mm, with a margin of one."""
        step = min(correlation_mm / NODES_PER_LENGTH, COARSEST_MM)
        zyx = points[:, ::-1]
        low, high = zyx.min(axis=0) - correlation_mm, zyx.max(axis=0) + correlation_mm
        nz, ny, nx = (int(size) for size in np.ceil((high - low) / step) + 1)
        z, y, x = (float(value) for value in low)
        return cls((z, y, x), step, (nz, ny, nx))

    @property
    def nodes(self) -> Points:
        """(z * y * x, 3): the nodes, LPS mm."""
        axes = [first + self.step_mm * np.arange(size) for first, size in zip(self.origin, self.shape, strict=True)]
        grid = np.meshgrid(*axes, indexing="ij")
        return np.stack(grid[::-1], axis=-1).reshape(-1, 3)

    def indices(self, points: Points) -> Points:
        """(3, n): places of points (n, 3), LPS mm, counted in nodes along z, y, x."""
        return np.asarray((points[:, ::-1] - np.array(self.origin)).T / self.step_mm)

    def at(self, displacement: Floats, points: Points) -> Points:
        """The displacement (3, z, y, x) at points (n, 3), LPS mm, as (n, 3) in (x, y, z) mm."""
        return np.stack(_read(displacement, self.indices(points))[::-1], axis=1)


def unit_field(lattice: Lattice, correlation_mm: float, rng: np.random.Generator) -> Floats:
    """A Gaussian random vector field (3, z, y, x) with mean 0 and variance 1 at every node, components independent.

    Two places h mm apart correlate by exp(-h^2 / (2 L^2)), L the correlation length: white noise smoothed by a Gaussian
    with standard deviation L / sqrt(2).
    """
    kernel = _kernel(correlation_mm / np.sqrt(2) / lattice.step_mm)
    margin = len(kernel) // 2
    field = rng.standard_normal((3, *(size + 2 * margin for size in lattice.shape)), dtype=np.float32)
    for axis in (1, 2, 3):
        held = [slice(None)] * 4
        held[axis] = slice(margin, -margin)
        field = convolve1d(field, kernel, axis=axis)[tuple(held)]
    return np.ascontiguousarray(field)


def exponential(velocity: Floats, step_mm: float, squarings: int = SQUARINGS) -> Floats:
    """The displacement (3, z, y, x) in mm of the flow along a stationary velocity (3, z, y, x), mm per unit time.

    Beyond the lattice the velocity goes on as it is at its rim.
    """
    displacement = np.asarray(velocity / np.float32(2**squarings), dtype=np.float32)
    places = np.indices(velocity.shape[1:], dtype=np.float32)
    for _ in range(squarings):
        displacement = displacement + np.stack(_read(displacement, places + displacement / np.float32(step_mm)))
    return displacement


def smallest_jacobian(displacement: Floats, step_mm: float) -> float:
    """The smallest determinant of the derivative of x + u(x), at the eight corners of every cell of the lattice.

    Above 0 the deformation does not fold there. The derivative within a cell mixes those of its edges.
    """
    edges = [np.diff(displacement, axis=axis + 1) / np.float32(step_mm) for axis in range(3)]
    smallest = np.inf
    for corner in np.ndindex(2, 2, 2):
        columns = [_edges_at(edge, axis, corner) for axis, edge in enumerate(edges)]
        for axis, column in enumerate(columns):
            column[axis] += 1
        smallest = min(smallest, float(_determinant(*columns).min()))
    return smallest


def _edges_at(edge: Floats, axis: int, corner: tuple[int, ...]) -> Floats:
    """Of every cell the edge along an axis that meets one of its corners: (3, z - 1, y - 1, x - 1), a copy."""
    ends = [slice(None) if other == axis else (slice(1, None) if far else slice(None, -1))
            for other, far in enumerate(corner)]  # fmt: skip
    return edge[(slice(None), *ends)].copy()


def _determinant(first: Floats, second: Floats, third: Floats) -> Floats:
    return np.asarray(np.einsum("i...,i...", first, np.cross(second, third, axis=0)))


def _read(displacement: Floats, places: NDArray[np.floating]) -> list[Floats]:
    return [map_coordinates(component, places, order=1, mode="nearest") for component in displacement]


def _kernel(sigma: float) -> NDArray[np.float32]:
    """A Gaussian whose squares sum to 1, so that white noise keeps its variance."""
    margin = max(1, int(np.ceil(REACH * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-margin, margin + 1) / sigma) ** 2)
    return np.asarray(kernel / np.sqrt((kernel**2).sum()), dtype=np.float32)

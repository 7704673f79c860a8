"""Diameters of many shapes that the wall may have: the drawn one, deformed smoothly and without folding.

Our design, after the idea of LDDMM stochastic interpolants that doubt about a shape is a distribution of
diffeomorphisms (arXiv:2603.28324). A stationary velocity field is the sum of a Gaussian random field times an
amplitude, and of the ways in which the members of an ensemble stray from the drawn wall, each times a random weight:
what a model is unsure of goes in or out as a whole. Its flow deforms space (`flows`). Only the outlines that may become
the widest are moved, each in its own plane, and their callipers taken anew: no volume is warped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from services.measurement.flows import Lattice, exponential, smallest_jacobian, unit_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.wall_doubt import Rings

    Floats = NDArray[np.float64]

METHOD, VERSION = "smooth diffeomorphic shape sampling", "1"
SAMPLES = 200
DIRECTIONS = 90
"""In which a calliper is held: the largest width is the largest distance, to 0.02 % of it."""
SMALLER, TRIES = 0.7, 8
"""A field that folds is taken so much smaller, so often, before it is refused."""
NEIGHBOURS, EVERY = 48, 3
"""Points of the wall that give a node its velocity, of every third one."""
REACH = 4.0
"""Outlines this many amplitudes narrower than the widest are moved too."""


@dataclass(frozen=True)
class Shapes:
    """What sampling found. `displacements` are those of the outlines' points."""

    diameters: Floats
    """(sample,), mm: the largest calliper over all planes."""
    jacobians: Floats
    """(sample,): the smallest determinant of each deformation, above 0."""
    outwards: NDArray[np.float32]
    """(sample, ring, point): how far each point of the wall went outwards, mm."""
    rings: Rings
    shrunk: int
    """Fields that folded and were taken smaller."""


def callipers(points: Floats, front: Floats, left: Floats) -> Floats:
    """(..., ring): the largest distance in its plane of two points of (..., ring, point, 3)."""
    drawn = np.stack([np.einsum("...rpc,rc->...rp", points, axis) for axis in (front, left)], axis=-1)
    angles = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
    held = drawn.astype(np.float32) @ np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    return np.asarray((held.max(axis=-2) - held.min(axis=-2)).max(axis=-1), dtype=np.float64)


def widest(rings: Rings, amplitude: Floats) -> NDArray[np.bool_]:
    """(ring,): which outlines may become the widest. amplitude: (ring, point), mm."""
    drawn, reach = callipers(rings.points, rings.front, rings.left), REACH * amplitude.mean(axis=1)
    return np.asarray(drawn + reach >= drawn.max())


def sample_shapes(
    rings: Rings,
    amplitude: Floats,
    correlation_mm: float,
    *,
    modes: NDArray[np.floating] | None = None,
    rng: np.random.Generator,
    samples: int = SAMPLES,
) -> Shapes:
    """Deform the outlines so many times, and measure each.

    Args:
        rings: outlines of the wall in planes across the vessel.
        amplitude: (ring, point), mm: standard deviation of the random field in each direction, on the wall.
        correlation_mm: over which the field changes.
        modes: (mode, ring, point), mm outwards: each is added with a weight of its own, normal with variance 1.
        rng: chance.
        samples: how many shapes.

    A deformation whose smallest Jacobian determinant is not above 0 is taken smaller until it is.
    """
    modes = np.zeros((0, *amplitude.shape)) if modes is None else modes
    wanted = widest(rings, np.hypot(amplitude, np.sqrt((modes**2).sum(axis=0))))
    rings, amplitude, modes = rings.some(wanted), amplitude[wanted], modes[:, wanted]
    places = rings.points.reshape(-1, 3)
    lattice = Lattice.around(places, correlation_mm)
    spread = Spread(lattice, rings.points[:, ::EVERY].reshape(-1, 3), correlation_mm)
    strength = spread.on_nodes(amplitude[:, ::EVERY].ravel())
    vectors = modes[..., None] * rings.outwards
    ways = [spread.on_nodes(one[:, ::EVERY].reshape(-1, 3)[:, ::-1]) for one in vectors]
    diameters, jacobians, outwards, shrunk = [], [], [], 0
    for _ in range(samples):
        velocity = strength * unit_field(lattice, correlation_mm, rng)
        for way, weight in zip(ways, rng.standard_normal(len(ways), dtype=np.float32), strict=True):
            velocity += weight * way
        displacement, smallest, again = unfolded(velocity, lattice.step_mm)
        moved = lattice.at(displacement, places).reshape(rings.points.shape)
        diameters.append(callipers(rings.points + moved, rings.front, rings.left).max())
        jacobians.append(smallest)
        outwards.append((moved * rings.outwards).sum(axis=-1).astype(np.float32))
        shrunk += again > 0
    return Shapes(np.array(diameters), np.array(jacobians), np.stack(outwards), rings, shrunk)


def unfolded(velocity: NDArray[np.float32], step_mm: float) -> tuple[NDArray[np.float32], float, int]:
    """The flow of a velocity, made smaller until it folds nowhere: displacement, smallest Jacobian, how often."""
    for tried in range(TRIES):
        displacement = exponential(velocity * np.float32(SMALLER**tried), step_mm)
        smallest = smallest_jacobian(displacement, step_mm)
        if smallest > 0:
            return displacement, smallest, tried
    raise ValueError(f"A deformation must not fold. Found: one that folds at {SMALLER**tried:.2g} of its size still.")


class Spread:
    """Carries values from places on the wall to the nodes of a lattice: a mean of the nearest, nearer ones more."""

    def __init__(self, lattice: Lattice, places: Floats, correlation_mm: float) -> None:
        """places: (n, 3), LPS mm."""
        count = min(NEIGHBOURS, len(places))
        distance, nearest = cKDTree(places).query(lattice.nodes, k=count)
        distance, self._nearest = distance.reshape(-1, count), nearest.reshape(-1, count)
        weight = np.exp(-0.5 * ((distance - distance[:, :1]) / (correlation_mm / 2)) ** 2)
        self._weight, self._shape = weight / weight.sum(axis=1, keepdims=True), lattice.shape

    def on_nodes(self, values: Floats) -> NDArray[np.float32]:
        """Values (n,) as (z, y, x), or (n, 3) as (3, z, y, x)."""
        found = np.einsum("nk,nk...->...n", self._weight, values[self._nearest])
        return np.asarray(found.reshape(*values.shape[1:], *self._shape), dtype=np.float32)

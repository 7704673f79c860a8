"""Shapes as formulas: signed distances in millimetres, negative inside, and how they join, move and ripple.

Every function takes `Points`, three float32 arrays that broadcast together, and gives the distance at each; all are
pure. A box of voxels is an open grid, z (k, 1, 1), y (1, j, 1), x (1, 1, i), so that what depends on one axis costs
one axis. Coordinates are LPS millimetres; vectors are written (z, y, x), in the order of an array's axes.

Sources: Yamamoto et al. 2026, arXiv:2603.23199 (FDIF: displaced distances, smooth unions, in place of patients);
Quilez, "Distance functions" and "Smooth minimum", iquilezles.org (the primitives and the polynomial smooth minimum).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats = NDArray[np.float32]
Vector = tuple[float, float, float]
"""(z, y, x) in millimetres."""
FAR = np.float32(1e3)
"""What a distance is where nobody asked: far outside."""
TINY = np.float32(1e-6)


class Points(NamedTuple):
    """Where a distance is asked for."""

    z: Floats
    y: Floats
    x: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every distance at these points."""
        return np.broadcast_shapes(self.z.shape, self.y.shape, self.x.shape)

    @property
    def is_grid(self) -> bool:
        """Whether each coordinate varies along its own axis of three."""
        k, j, i = self.shape if len(self.shape) == 3 else (0, 0, 0)
        return (self.z.shape, self.y.shape, self.x.shape) == ((k, 1, 1), (1, j, 1), (1, 1, i))


def grid_of(z: NDArray[np.floating], y: NDArray[np.floating], x: NDArray[np.floating]) -> Points:
    """The open grid of three axes."""
    return Points(
        np.asarray(z, np.float32)[:, None, None],
        np.asarray(y, np.float32)[None, :, None],
        np.asarray(x, np.float32)[None, None, :],
    )


def scattered(positions: NDArray[np.floating]) -> Points:
    """Single points: (..., 3) as (z, y, x)."""
    return Points(*(np.asarray(positions[..., axis], np.float32) for axis in range(3)))


def translated(points: Points, by: Vector) -> Points:
    """The points as a shape sees them that was moved `by`."""
    return Points(*(axis - np.float32(shift) for axis, shift in zip(points, by, strict=True)))


def rotated(points: Points, matrix: NDArray[np.float64], about: Vector = (0.0, 0.0, 0.0)) -> Points:
    """The points as a shape sees them that was turned by `matrix` (3x3, orthonormal, on (z, y, x)) about a point."""
    moved = translated(points, about)
    turn = matrix.astype(np.float32)
    turned = (sum(turn[row, axis] * moved[row] for row in range(3)) + np.float32(about[axis]) for axis in range(3))
    return Points(*turned)


def rotation(axis: int, degrees: float) -> NDArray[np.float64]:
    """3x3 on (z, y, x): turns about one of these axes (0, 1 or 2)."""
    matrix, angle = np.eye(3), np.deg2rad(degrees)
    one, other = (number for number in range(3) if number != axis)
    matrix[one, one] = matrix[other, other] = np.cos(angle)
    matrix[one, other], matrix[other, one] = -np.sin(angle), np.sin(angle)
    return matrix


def sphere(points: Points, centre: Vector, radius: float) -> Floats:
    """Exact distance from a sphere."""
    return _length(*translated(points, centre)) - np.float32(radius)


def ellipsoid(points: Points, centre: Vector, radii: Vector) -> Floats:
    """Distance from an ellipsoid: zero on it, right in sign, exact to first order near it."""
    p = translated(points, centre)
    scaled = [(axis / np.float32(radius)) ** 2 for axis, radius in zip(p, radii, strict=True)]
    steeper = [part / np.float32(radius * radius) for part, radius in zip(scaled, radii, strict=True)]
    ring = np.sqrt(scaled[0] + scaled[1] + scaled[2])
    slope = np.sqrt(steeper[0] + steeper[1] + steeper[2])
    away: Floats = np.where(slope > TINY, ring * (ring - 1) / np.maximum(slope, TINY), -np.float32(min(radii)))
    return away


def capsule(points: Points, start: Vector, end: Vector, radius: float, end_radius: float | None = None) -> Floats:
    """Distance from a line with round ends; the radius may change from start to end (then 1-Lipschitz to its slope)."""
    p = translated(points, start)
    line = np.subtract(end, start).astype(np.float32)
    share = (p.z * line[0] + p.y * line[1] + p.x * line[2]) / np.float32(max(float(line @ line), 1e-9))
    share = np.clip(share, np.float32(0), np.float32(1))
    away = _length(p.z - share * line[0], p.y - share * line[1], p.x - share * line[2])
    if end_radius is None or end_radius == radius:
        return np.asarray(away - np.float32(radius))
    return np.asarray(away - (np.float32(radius) + share * np.float32(end_radius - radius)))


def box(points: Points, centre: Vector, half: Vector, rounding: float = 0.0) -> Floats:
    """Exact distance from a box with rounded edges; `half`: half of its sides, rounding included."""
    p = translated(points, centre)
    over = [np.abs(axis) - np.float32(side - rounding) for axis, side in zip(p, half, strict=True)]
    outside = _length(*(np.maximum(part, 0) for part in over))
    inside = np.minimum(np.maximum(np.maximum(over[0], over[1]), over[2]), 0)
    return outside + inside - np.float32(rounding)


def torus_segment(points: Points, centre: Vector, ring: float, radius: float, half_angle: float = np.pi) -> Floats:
    """Exact distance from an arc of a torus in the (y, x) plane, symmetric about the direction of -y.

    `ring`: radius of the arc's middle line; `radius`: of its round section; `half_angle` in radians to either side.
    """
    p = translated(points, centre)
    side = np.abs(p.x)
    sine, cosine = np.float32(np.sin(half_angle)), np.float32(np.cos(half_angle))
    across = np.hypot(p.y, side)
    beyond = -p.y * sine < side * cosine
    along = np.where(beyond, -p.y * cosine + side * sine, across)
    squared = across**2 + p.z**2 + np.float32(ring * ring) - 2 * np.float32(ring) * along
    away: Floats = np.sqrt(np.maximum(squared, 0)) - np.float32(radius)
    return away


def tube(points: Points, path: NDArray[np.floating], radius: NDArray[np.floating], reach: float = 8.0) -> Floats:
    """Distance from a tube along a polyline (n, 3), its radius (n,) linear in between.

    On a grid each piece is computed within `reach` mm of itself; further out the distance is FAR.
    """
    result = np.full(points.shape, FAR, np.float32)
    pad = (np.maximum(radius[:-1], radius[1:]) + reach)[:, None]
    low, high = np.minimum(path[:-1], path[1:]) - pad, np.maximum(path[:-1], path[1:]) + pad
    for piece, index in _pieces_within(points, low, high):
        near = Points(points.z[index[0]], points.y[:, index[1]], points.x[..., index[2]]) if index else points
        here = result[index] if index else result
        ends = (float(radius[piece]), float(radius[piece + 1]))
        np.minimum(here, capsule(near, _vector(path[piece]), _vector(path[piece + 1]), *ends), out=here)
    return result


def spline(controls: Sequence[Vector] | NDArray[np.floating], step: float) -> NDArray[np.float64]:
    """Points every `step` mm on the natural cubic spline through the controls (n, 3)."""
    knots = np.asarray(controls, float)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    curve = CubicSpline(along, knots, bc_type="natural")
    fine = curve(np.linspace(0, along[-1], max(2, round(along[-1] * 4))))
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], max(2, round(length[-1] / step) + 1))
    return np.stack([np.interp(wanted, length, fine[:, axis]) for axis in range(3)], axis=1)


def smooth_union(first: Floats, second: Floats, blend: float) -> Floats:
    """The union with its seam rounded over `blend` mm: min(a, b) - h^2/(4k), h = max(k - |a - b|, 0)."""
    seam = np.maximum(np.float32(blend) - np.abs(first - second), 0)
    joined: Floats = np.minimum(first, second) - seam * seam * np.float32(0.25 / blend)
    return joined


def smooth_subtraction(shape: Floats, taken: Floats, blend: float) -> Floats:
    """`shape` without `taken`, the edge rounded over `blend` mm."""
    return -smooth_union(-shape, taken, blend)


def smooth_intersection(first: Floats, second: Floats, blend: float) -> Floats:
    """What lies in both, the edge rounded over `blend` mm."""
    return -smooth_union(-first, -second, blend)


@dataclass(frozen=True)
class Waves:
    """A displacement field: a sum of sines, mean 0, standard deviation 1; sine(vectors . p + phases) by amplitude."""

    vectors: Floats
    """(n, 3): radians per millimetre along (z, y, x)."""
    phases: Floats
    amplitudes: Floats

    @classmethod
    def turbulence(cls, rng: np.random.Generator, wavelength: float, *, octaves: int = 2, count: int = 9) -> Waves:
        """Waves in all directions, about `wavelength` mm long, each octave half as long and half as high."""
        direction = rng.standard_normal((octaves * count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        octave = np.repeat(np.arange(octaves), count)
        length = wavelength * rng.uniform(0.75, 1.4, octaves * count) / 2.0**octave
        height = 0.5**octave
        height *= np.sqrt(2 / (height**2).sum())
        phases = rng.uniform(0, 2 * np.pi, octaves * count)
        vectors = direction * (2 * np.pi / length)[:, None]
        return cls(vectors.astype(np.float32), phases.astype(np.float32), height.astype(np.float32))

    @property
    def steepest(self) -> float:
        """An upper bound of the gradient's length, per millimetre."""
        return float((self.amplitudes * np.linalg.norm(self.vectors, axis=1)).sum())

    def __call__(self, points: Points) -> Floats:
        """The field at the points. On a grid the sines are products of one axis each, summed by one matrix product."""
        if not points.is_grid:
            angle = sum(points[axis][..., None] * self.vectors[:, axis] for axis in range(3)) + self.phases
            return np.asarray((np.sin(angle) * self.amplitudes).sum(axis=-1), np.float32)
        z, y, x = (np.exp(1j * np.outer(points[axis].ravel(), self.vectors[:, axis])) for axis in range(3))
        planes = (z * (self.amplitudes * np.exp(1j * self.phases)))[:, None, :] * y[None]
        rows = np.concatenate([planes.imag, planes.real], axis=-1).astype(np.float32)
        columns = np.concatenate([x.real, x.imag], axis=-1).astype(np.float32)
        field: Floats = (rows.reshape(-1, rows.shape[-1]) @ columns.T).reshape(points.shape)
        return field


def _length(z: Floats, y: Floats, x: Floats) -> Floats:
    length: Floats = np.sqrt(z * z + y * y + x * x)
    return length


def _vector(row: NDArray[np.floating]) -> Vector:
    return float(row[0]), float(row[1]), float(row[2])


def _pieces_within(
    points: Points, low: NDArray[np.floating], high: NDArray[np.floating]
) -> Iterator[tuple[int, tuple[slice, slice, slice] | None]]:
    """Those boxes (n, 3) that hold any of the points, each with its part of the grid; None for scattered points."""
    if not points.is_grid:
        first, last = (np.array([getattr(axis, name)() for axis in points]) for name in ("min", "max"))
        for piece in np.flatnonzero(((low <= last) & (high >= first)).all(axis=1)):
            yield int(piece), None
        return
    axes = [axis.ravel() for axis in points]
    begins = np.stack([np.searchsorted(axis, low[:, n]) for n, axis in enumerate(axes)], axis=1)
    ends = np.stack([np.searchsorted(axis, high[:, n], side="right") for n, axis in enumerate(axes)], axis=1)
    for piece in np.flatnonzero((begins < ends).all(axis=1)):
        k, j, i = (slice(int(one), int(other)) for one, other in zip(begins[piece], ends[piece], strict=True))
        yield int(piece), (k, j, i)

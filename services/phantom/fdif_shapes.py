"""What volumes made of formulas hold: twelve primitives, and seven ways to unsettle a surface. Lengths in voxels.

A primitive sits at the origin and fills about a sphere of radius `size`; its proportions are drawn. A displacement is
a field between -1 and 1 that is added, times an amplitude, to a distance.
Source: Yamamoto et al. 2026, arXiv:2603.23199 (FDIF), which has 109 primitives; these are twelve of their kinds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.phantom.implicit import (
    Floats,
    Points,
    Waves,
    box,
    capsule,
    ellipsoid,
    smooth_union,
    sphere,
    torus_segment,
)

Field = Callable[[Points], Floats]
"""A value at every point: a distance, negative inside, or a displacement."""
ORIGIN = (0.0, 0.0, 0.0)


def _ball(size: float, _: np.random.Generator) -> Field:
    return lambda p: sphere(p, ORIGIN, size)


def _egg(size: float, rng: np.random.Generator) -> Field:
    narrow = size * rng.uniform(0.4, 0.8, 2)
    return lambda p: ellipsoid(p, ORIGIN, (size, float(narrow[0]), float(narrow[1])))


def _rod(size: float, rng: np.random.Generator) -> Field:
    thick = size * float(rng.uniform(0.2, 0.5))
    return lambda p: capsule(p, (thick - size, 0, 0), (size - thick, 0, 0), thick)


def _brick(size: float, rng: np.random.Generator) -> Field:
    k, j, i = size * rng.uniform(0.4, 0.9, 3)
    return lambda p: box(p, ORIGIN, (float(k), float(j), float(i)))


def _ring(size: float, rng: np.random.Generator) -> Field:
    thick = size * float(rng.uniform(0.15, 0.4))
    return lambda p: torus_segment(p, ORIGIN, size - thick, thick)


def _arc(size: float, rng: np.random.Generator) -> Field:
    thick, half_angle = size * float(rng.uniform(0.15, 0.35)), float(rng.uniform(0.9, 2.2))
    return lambda p: torus_segment(p, ORIGIN, size - thick, thick, half_angle)


def _drum(size: float, rng: np.random.Generator) -> Field:
    radius, half = size * float(rng.uniform(0.4, 0.9)), size * float(rng.uniform(0.3, 0.9))
    return lambda p: extruded(np.hypot(p.y, p.x) - np.float32(radius), p.z, half)


def _cone(size: float, rng: np.random.Generator) -> Field:
    base = size * float(rng.uniform(0.5, 0.9))
    return lambda p: cone(p, base, size)


def _wedge(size: float, rng: np.random.Generator) -> Field:
    half = size * float(rng.uniform(0.3, 0.9))
    return lambda p: extruded(polygon(p, 3, size * 0.5), p.z, half)


def _hexagon(size: float, rng: np.random.Generator) -> Field:
    half = size * float(rng.uniform(0.3, 0.9))
    return lambda p: extruded(polygon(p, 6, size * 0.8), p.z, half)


def _shell(size: float, rng: np.random.Generator) -> Field:
    thick = size * float(rng.uniform(0.2, 0.4))
    return lambda p: onion(sphere(p, ORIGIN, size - thick / 2), thick)


def _pair(size: float, rng: np.random.Generator) -> Field:
    big, small = size * 0.6, size * float(rng.uniform(0.35, 0.5))

    def distance(p: Points) -> Floats:
        ends = sphere(p, (big - size, 0, 0), big), sphere(p, (size - small, 0, 0), small)
        return smooth_union(*ends, size * 0.5)

    return distance


PRIMITIVES: dict[str, Callable[[float, np.random.Generator], Field]] = {
    "sphere": _ball,
    "ellipsoid": _egg,
    "capsule": _rod,
    "box": _brick,
    "torus": _ring,
    "arc of a torus": _arc,
    "cylinder": _drum,
    "cone": _cone,
    "triangular prism": _wedge,
    "hexagonal prism": _hexagon,
    "spherical shell": _shell,
    "two spheres, smoothly joined": _pair,
}
"""By name; the n-th is class n of a label map, counted from 1."""


def extruded(section: Floats, z: Floats, half: float) -> Floats:
    """Distance from a section in the (y, x) plane that is drawn out to `half` on either side of z = 0."""
    above = np.abs(z) - np.float32(half)
    outside = np.hypot(np.maximum(section, 0), np.maximum(above, 0))
    return np.asarray(outside + np.minimum(np.maximum(section, above), 0), np.float32)


def polygon(points: Points, sides: int, apothem: float) -> Floats:
    """Bound of the distance from a regular polygon in the (y, x) plane: the farthest of its sides' lines."""
    angles = np.arange(sides, dtype=np.float32) * np.float32(2 * np.pi / sides)
    lines = [points.y * np.cos(angle) + points.x * np.sin(angle) for angle in angles]
    return np.asarray(np.maximum.reduce(lines) - np.float32(apothem), np.float32)


def cone(points: Points, base: float, height: float) -> Floats:
    """Bound of the distance from a cone about z: base at -height / 2, tip at height / 2."""
    slope = np.hypot(base, height)
    side = (np.hypot(points.y, points.x) * height + (points.z - height / 2) * base) / slope
    return np.asarray(np.maximum(side, -points.z - height / 2), np.float32)


def onion(distance: Floats, thickness: float) -> Floats:
    """The shell of this thickness about a surface."""
    return np.abs(distance) - np.float32(thickness / 2)


def _waves(side: float, rng: np.random.Generator) -> Field:
    waves = Waves.turbulence(rng, side * float(rng.uniform(0.3, 0.7)))
    highest = np.float32(waves.amplitudes.sum())
    return lambda p: waves(p) / highest


def _turbulence(side: float, rng: np.random.Generator) -> Field:
    octaves = [Waves.turbulence(rng, side * 0.6 / 2**n, octaves=1, count=3) for n in range(3)]
    highest = np.float32(sum(waves.amplitudes.sum() / 2**n for n, waves in enumerate(octaves)))

    def field(p: Points) -> Floats:
        total = sum(np.abs(waves(p)) / np.float32(2**n) for n, waves in enumerate(octaves))
        return np.asarray(2 * total / highest - 1, np.float32)

    return field


def _sines(side: float, rng: np.random.Generator) -> Callable[[Points], list[Floats]]:
    """One sine along each axis."""
    pitch = np.float32(2 * np.pi / side) * rng.uniform(1.5, 4, 3).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, 3).astype(np.float32)
    return lambda p: [np.sin(pitch[n] * p[n] + phase[n]) for n in range(3)]


def _ridge(side: float, rng: np.random.Generator) -> Field:
    sines = _sines(side, rng)
    return lambda p: np.asarray(sum(np.abs(one) for one in sines(p)) * np.float32(2 / 3) - 1, np.float32)


def _sharp_maximum(side: float, rng: np.random.Generator) -> Field:
    sines = _sines(side, rng)

    def field(p: Points) -> Floats:
        z, y, x = sines(p)
        return np.asarray(np.maximum(np.maximum(z, y), x), np.float32)

    return field


def _twist(side: float, rng: np.random.Generator) -> Field:
    turns, pitch = int(rng.integers(2, 6)), np.float32(2 * np.pi / side * rng.uniform(1, 3))
    return lambda p: np.asarray(np.sin(turns * np.arctan2(p.y, p.x) + pitch * p.z), np.float32)


def _sawtooth(side: float, rng: np.random.Generator) -> Field:
    z, y, x = rng.uniform(-4, 4, 3).astype(np.float32) / np.float32(side)
    phase = np.float32(rng.uniform())
    return lambda p: np.asarray(2 * np.mod(z * p.z + y * p.y + x * p.x + phase, 1) - 1, np.float32)


def _nothing(_: float, __: np.random.Generator) -> Field:
    return lambda p: np.zeros(p.shape, np.float32)


DISPLACEMENTS: dict[str, Callable[[float, np.random.Generator], Field]] = {
    "none": _nothing,
    "waves": _waves,
    "turbulence": _turbulence,
    "ridge": _ridge,
    "sharp maximum": _sharp_maximum,
    "twist": _twist,
    "sawtooth": _sawtooth,
}
"""By name: fields on a volume whose side has so many voxels; points count from its middle."""

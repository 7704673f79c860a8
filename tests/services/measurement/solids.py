"""Vessels whose measures are known by hand: tubes, a torus, a sac, a Y; as masks on any grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Solid = Callable[[Numbers], NDArray[np.bool_]]
    """Whether points (..., 3), LPS mm, are inside."""

WALL = {1: "outer wall"}
CONTENTS = {1: "lumen", 2: "thrombus"}


def affine_of(spacing: tuple[float, float, float] = (1.5, 1.5, 1.5), first: tuple[float, ...] = (0, 0, 0)) -> Numbers:
    """(k, j, i) to LPS mm of axial slices; `first`: x, y, z of the first voxel."""
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = *spacing, 1.0
    matrix[:3, 3] = first
    return matrix


def drawn(solid: Solid, affine: Numbers, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """1 where a voxel's middle is inside."""
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    return solid(index @ affine[:3, :3].T + affine[:3, 3]).astype(np.uint8)


def boxed(solid: Solid, low: tuple[float, ...], high: tuple[float, ...], spacing: float = 1.5) -> tuple:
    """The mask and affine of a solid in the box between two corners (x, y, z), mm."""
    x, y, z = (round((b - a) / spacing) + 1 for a, b in zip(low, high, strict=True))
    affine = affine_of((spacing,) * 3, tuple(v + 0.37 for v in low))
    return drawn(solid, affine, (z, y, x)), affine


def along(path: Numbers, radii: Numbers | float, *, flat: bool = True) -> Solid:
    """A tube along a chain of points, cut flat at its ends or round there."""
    radius = np.broadcast_to(np.asarray(radii, float), len(path))

    def inside(points: Numbers) -> NDArray[np.bool_]:
        found = np.zeros(points.shape[:-1], bool)
        for a, b, ra, rb in zip(path[:-1], path[1:], radius[:-1], radius[1:], strict=True):
            share = ((points - a) @ (b - a)) / ((b - a) @ (b - a))
            held = (share >= 0) & (share <= 1) if flat else np.ones(share.shape, bool)
            share = np.clip(share, 0, 1)
            away = np.linalg.norm(points - a - share[..., None] * (b - a), axis=-1)
            found |= held & (away < ra + share * (rb - ra))
        return found

    return inside


def straight(radius: float, length: float, tilt: float = 0.0) -> Solid:
    """A cylinder about the origin, `tilt` radians from the body's axis towards the left, cut flat by axial planes."""
    direction = np.array([np.sin(tilt), 0.0, np.cos(tilt)])

    def inside(points: Numbers) -> NDArray[np.bool_]:
        away = np.linalg.norm(points - (points @ direction)[..., None] * direction, axis=-1)
        return (away < radius) & (np.abs(points[..., 2]) < length / 2)

    return inside


def swollen(neck: float, sac: float, *, begins: float = 0.0, ramp: float = 10.0, length: float = 60.0) -> Solid:
    """A vertical vessel with a sac: below z = `begins` it widens over `ramp`, and narrows again at the other end."""

    def inside(points: Numbers) -> NDArray[np.bool_]:
        down = begins - points[..., 2]
        share = np.clip(np.minimum(down, length - down) / ramp, 0, 1)
        return np.hypot(points[..., 0], points[..., 1]) < neck + (sac - neck) * share

    return inside


def forked(
    trunk: float = 11.0, limb: float = 6.0, spread: float = 0.6, *, top: float = 80.0, down: float = 60.0
) -> Solid:
    """A trunk down to the origin and two limbs that leave it, `spread` mm aside for each mm down; round ends."""
    parts = [along(np.array([[0.0, 0, top], [0, 0, 0]]), trunk, flat=False)]
    parts += [along(np.array([[0.0, 0, 0], [side * spread * down, 0, -down]]), limb, flat=False) for side in (-1, 1)]
    return lambda points: np.any([part(points) for part in parts], axis=0)

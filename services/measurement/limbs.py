"""Where a vessel divides in two: a second limb beside the path between its ends, and where it parts from that path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from services.measurement.curves import lengths
from services.measurement.paths import farthest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.paths import Inside

    Path = NDArray[np.intp]

TRIES = 4
"""So many tips are looked at: a sac's side may be as far from the path as a limb."""
LIMB_MM = 12.0
"""Each limb goes on for at least this length after they part,"""
SLENDER = 1.5
"""and at least so many times its own width,"""
DOWN_MM = 8.0
"""and ends so far below the place where they part."""
EVEN = 0.4
"""A limb that goes down less than this share of the other's way is a sac that hangs beside the vessel."""
NARROW = 0.45
"""A limb at most this share as wide as the other is a tongue of the outline or a branch, no iliac artery."""


@dataclass(frozen=True)
class Limb:
    """The path into a second limb."""

    path: Path
    """(n, 3), from where it leaves the tube around the first path to its tip."""
    parts_at: int
    """Index of the first path beside which it leaves."""


def second_limb(inside: Inside, path: Path) -> Limb | None:
    """The longest limb below that is no part of `path` (n, 3), or None."""
    known, found = path, []
    for _ in range(TRIES):
        tip, away = farthest(inside.away_from(known))
        if away < LIMB_MM:
            break
        other = inside.path(path[0], tip)
        limb = _parted(inside, path, other)
        if limb is not None:
            found.append(limb)
        known = np.concatenate([known, other])
    return max(found, key=lambda one: len(one.path), default=None)


def _parted(inside: Inside, path: Path, other: Path) -> Limb | None:
    """What of a second path is a limb of its own; None where it is a bulge, goes up, or the first one ends there."""
    leaves, beside = _leaves(inside, path, other)
    branch, rest = other[leaves:], path[beside:]
    if not (_is_limb(inside, branch) and _is_limb(inside, rest)):
        return None
    shorter, longer = sorted((_down(inside, branch), _down(inside, rest)))
    narrower, wider = sorted((_width(inside, branch), _width(inside, rest)))
    return Limb(branch, beside) if narrower > NARROW * wider and shorter > EVEN * longer else None


def _leaves(inside: Inside, path: Path, other: Path) -> tuple[int, int]:
    """After which point `other` stays out of the spheres along `path`, and the index of `path` beside it."""
    depth = inside.depth[tuple(path.T)]
    distance, nearest = KDTree(path * inside.step).query(other * inside.step)
    within = np.flatnonzero(distance <= depth[nearest])
    last = int(within[-1]) if len(within) else 0
    return min(last + 1, len(other) - 1), int(nearest[last])


def _is_limb(inside: Inside, branch: Path) -> bool:
    if len(branch) < 3:
        return False
    length = float(lengths(branch.astype(np.float64) * inside.step)[-1])
    return length >= max(LIMB_MM, SLENDER * _width(inside, branch)) and _down(inside, branch) >= DOWN_MM


def _down(inside: Inside, path: Path) -> float:
    """From the first point of a path to its last, mm."""
    return float(path[0, 0] - path[-1, 0]) * inside.step


def _width(inside: Inside, path: Path) -> float:
    """Twice the median depth along a path, mm."""
    return 2 * float(np.median(inside.depth[tuple(path.T)]))

"""Curves along a vessel: points, tangents and radii, equally spaced; how a chain of points becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

EVERY_MM = 1.0
"""Points of a curve lie about this far apart."""


@dataclass(frozen=True)
class Curve:
    """A centreline from the top (towards the chest) down."""

    points: Numbers
    """(n, 3), LPS mm, equally spaced."""
    tangents: Numbers
    """(n, 3), unit, downwards along the vessel."""
    radii: Numbers
    """(n,), mm: of the largest sphere about the point that lies inside the wall."""

    @property
    def along_mm(self) -> Numbers:
        """(n,): length of the curve from its top to each point."""
        return lengths(self.points)

    @property
    def length_mm(self) -> float:
        """Length of the whole curve."""
        return float(self.along_mm[-1])

    def nearest(self, points: Numbers) -> NDArray[np.intp]:
        """(m,): the curve's point that is nearest to each of `points` (m, 3)."""
        from scipy.spatial import KDTree  # noqa: PLC0415 -- only those who ask pay for it

        return np.asarray(KDTree(self.points).query(np.asarray(points, float))[1], np.intp)


def lengths(points: Numbers) -> Numbers:
    """Length of a chain of points (n, 3) from its start to each of them, (n,)."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def spaced(points: Numbers, every: float = EVERY_MM) -> Numbers:
    """The chain as points at equal distances of about `every` mm along it, both ends kept."""
    along = lengths(points)
    wanted = np.linspace(0.0, along[-1], max(2, round(along[-1] / every) + 1))
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in range(3)], axis=1)


def smoothed(points: Numbers, sigma_mm: float) -> Numbers:
    """An equally spaced chain, each point the Gaussian mean of its neighbours; it goes straight on beyond its ends.

    Point reflection at the ends keeps them where they are and a straight line straight.
    """
    every = lengths(points)[-1] / max(1, len(points) - 1)
    pad = min(len(points) - 1, int(np.ceil(4 * sigma_mm / max(every, 1e-6))))
    if pad < 1:
        return points.copy()
    before = 2 * points[0] - points[pad:0:-1]
    after = 2 * points[-1] - points[-2 : -pad - 2 : -1]
    chain = np.concatenate([before, points, after])
    mean = ndimage.gaussian_filter1d(chain, sigma_mm / every, axis=0, mode="nearest")
    return np.asarray(mean[pad : pad + len(points)], np.float64)


def tangents_of(points: Numbers, over_mm: float = 9.0) -> Numbers:
    """Unit tangents (n, 3) of an equally spaced chain, as chords of about `over_mm`; shorter ones at the ends."""
    every = lengths(points)[-1] / max(1, len(points) - 1)
    half = max(1, round(over_mm / 2 / max(every, 1e-6)))
    index = np.arange(len(points))
    ahead, behind = np.minimum(index + half, len(points) - 1), np.maximum(index - half, 0)
    chords = points[ahead] - points[behind]
    return np.asarray(chords / np.maximum(np.linalg.norm(chords, axis=1, keepdims=True), 1e-12), np.float64)

"""Curves along a vessel: points, tangents and radii, equally spaced; how a chain of points becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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


def smoothed(points: Numbers, widths: Numbers) -> tuple[Numbers, Numbers]:
    """Points and unit tangents (n, 3) of straight lines fitted about every point of an equally spaced chain.

    Local linear regression with Gaussian weights (Cleveland 1979, doi:10.1080/01621459.1979.10481038); `widths` (n,)
    are the weights' standard deviations in mm. A straight chain stays as it is, its ends too.
    """
    along = lengths(points)
    apart = along[None] - along[:, None]
    weight = np.exp(-0.5 * (apart / widths[:, None]) ** 2)
    weight /= weight.sum(axis=1, keepdims=True)
    mean_at = (weight * apart).sum(axis=1, keepdims=True)
    mean = weight @ points
    lever = weight * (apart - mean_at)
    spread = np.maximum((lever * apart).sum(axis=1, keepdims=True), 1e-9)
    slope = lever @ points / spread
    return mean - mean_at * slope, slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-12)

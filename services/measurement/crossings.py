"""Whether another part of the vessel passes through a section: a limb beside it, or the same vessel further along."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import points_in_poly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.curves import Curve
    from services.measurement.sections import Section

    Numbers = NDArray[np.float64]

ALONG_MM = 25.0
"""What crosses the plane so far from the section along the same curve is another part of it,"""
RADII = 2.5
"""or so many radii, if that is more."""


def passes_through(section: Section, curve: Curve, others: Sequence[Curve]) -> Section:
    """The section, marked `second` where another part of `curve`, or one of `others`, passes through its outline."""
    near = int(np.argmin(np.abs(curve.along_mm - section.along_mm)))
    apart = max(ALONG_MM, RADII * float(curve.radii[near]))
    far = np.abs(curve.along_mm - section.along_mm) > apart
    crossed = _crosses(section, curve.points, far) or any(
        _crosses(section, other.points, np.ones(len(other.points), bool)) for other in others
    )
    return replace(section, second=True) if crossed else section


def _crosses(section: Section, points: Numbers, counted: NDArray[np.bool_]) -> bool:
    height = (points - section.centre) @ section.normal
    here = np.flatnonzero((height[:-1] * height[1:] <= 0) & counted[:-1] & counted[1:] & (height[:-1] != height[1:]))
    if not len(here):
        return False
    share = (height[here] / (height[here] - height[here + 1]))[:, None]
    met = points[here] + share * (points[here + 1] - points[here]) - section.centre
    return bool(points_in_poly(np.stack([met @ section.front, met @ section.left], axis=1), section.outline).any())

"""Where a point lies: which part of the vessel, how far along it, and at which hour around it.

Clock positions as vascular surgeons give them on CT, seen from the feet: 12 is to the patient's front, 3 to the
patient's left, 6 to the back, 9 to the right; in the plane perpendicular to the centreline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.measurement.neck import parts_of
from services.measurement.sections import frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.centreline import Centrelines
    from services.measurement.curves import Curve
    from services.measurement.names import Along
    from services.measurement.sections import Section

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Where n points lie."""

    part: tuple[Along, ...]
    along_mm: Numbers
    """(n,): mm along the aorta's curve from its top; of an iliac artery from the bifurcation."""
    clock: Numbers
    """(n,): hours, above 0 and up to 12; nan on the curve itself."""
    index: NDArray[np.intp]
    """(n,): the nearest point of the curve (the aorta's, or the limb's)."""


def clock_of(points: Numbers, centre: Numbers, normal: Numbers) -> Numbers:
    """Hours (n,) of points (n, 3) around `centre` (3,) in the plane with `normal` (3,)."""
    front, left = frame_of(normal)
    away = points - centre
    return _hours(away @ front, away @ left)


def _hours(front: Numbers, left: Numbers) -> Numbers:
    hours = np.degrees(np.arctan2(left, front)) / 30 % 12
    hours = np.where(hours < 1e-9, 12.0, hours)
    return np.where(np.hypot(front, left) < 1e-9, np.nan, hours)


def place_of(points: Numbers, centrelines: Centrelines, sections: Sequence[Section | None] = ()) -> Places:
    """Where each of `points` (n, 3), LPS mm, lies. With the aorta's `sections` neck and sac are told apart."""
    points = np.atleast_2d(np.asarray(points, float))
    curves: tuple[Curve, ...] = (centrelines.aorta, *centrelines.iliacs)
    index = np.stack([curve.nearest(points) for curve in curves])
    apart = np.stack(
        [
            np.linalg.norm(points - curve.points[i], axis=1) - curve.radii[i]
            for curve, i in zip(curves, index, strict=True)
        ]
    )
    which = np.argmin(apart, axis=0)
    chosen = index[which, np.arange(len(points))]
    parts = parts_of(centrelines, sections)
    return Places(
        tuple(parts[w][k] for w, k in zip(which, chosen, strict=True)),
        np.array([curves[w].along_mm[k] for w, k in zip(which, chosen, strict=True)]),
        np.array(
            [
                clock_of(point[None], curves[w].points[k], curves[w].tangents[k])[0]
                for point, w, k in zip(points, which, chosen, strict=True)
            ]
        ),
        chosen,
    )

"""Where along an aorta its largest diameter is sought, and when the widest place is not seen whole.

The abdominal aorta: from SPAN_MM above the bifurcation, or above the lower end of the outline, down to FORK_MM above
the fork. The whole outlined aorta where the lower end is not known: the scan ends first, or the outline has an arch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.measurement.names import Undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.centreline import Centrelines
    from services.measurement.curves import Curve
    from services.measurement.field import Field
    from services.measurement.sections import Section

SPAN_MM = 150.0
"""Longer than the aorta below the diaphragm, shorter than that with the chest."""
FORK_MM = 6.0
"""So near to the fork a section begins to show two vessels."""
ARCH_MM = 30.0
"""A curve that rises so far from its upper end goes round an arch."""
END_MM = 10.0
"""The widest section so near to an end may not be the widest there is,"""
RISE = 1.1
"""if it is so many times as wide as the vessel usually is."""
LOBED, OBLONG = 0.92, 1.6
"""An outline that fills less of its hull, and is so much longer than its largest inscribed circle: two lobes."""


@dataclass(frozen=True)
class Search:
    """The sections among which the widest is sought."""

    sections: tuple[Section, ...]
    """Whole ones, of one vessel."""
    cut: tuple[Section, ...]
    """Those that the scan cuts."""
    where: str
    """In words."""
    low_mm: float
    high_mm: float
    """From and to, along the curve."""


def search_of(field: Field, curves: Centrelines, along: Sequence[Section | None]) -> Search:
    """The sections of the abdominal aorta, or of the whole outlined one."""
    curve = curves.aorta
    end = curve.length_mm - (FORK_MM if curves.bifurcation else 0.0)
    start = search_from(curves)
    whole = start <= 0
    place = "the bifurcation" if curves.bifurcation else "the lower end of the outline"
    where = "the whole outlined aorta" if whole else f"up to {SPAN_MM:.0f} mm above {place}"
    held = [one for one in along if one is not None and start <= one.along_mm <= end]
    return Search(
        tuple(one for one in held if one.sound), tuple(one for one in held if one.cut), where, start, end
    )  # fmt: skip


def search_from(curves: Centrelines) -> float:
    """Where the searched part begins, mm from the top of the curve; 0 where the whole outlined aorta is searched."""
    curve = curves.aorta
    arch = float(curve.points[:, 2].max() - curve.points[0, 2]) > ARCH_MM
    if arch or curves.cut_below:
        return 0.0
    return max(0.0, curve.length_mm - SPAN_MM)


def near_the_edge(field: Field, point: NDArray[np.float64], margin_mm: float = 5.0) -> bool:
    """Whether the scan ends within so many millimetres of a point."""
    around = np.concatenate([np.eye(3), -np.eye(3)]) * margin_mm
    return bool(field.beyond_the_scan(point + around).any())


def without_lobes(curve: Curve, along: Sequence[Section | None]) -> tuple[Section | None, ...]:
    """The sections; those are marked `second` that have two lobes all the way down to the curve's lower end.

    Such are limbs that were outlined as one. A sac to one side has two lobes as well, but the vessel is single below it.
    """
    marked, gap = list(along), 0.0
    for number in range(len(along) - 1, -1, -1):
        one = along[number]
        if one is not None and _is_lobed(one, float(curve.radii[number])):
            marked[number], gap = replace(one, second=True), 0.0
        else:
            gap += float(curve.along_mm[min(number + 1, len(along) - 1)] - curve.along_mm[number])
            if gap > END_MM:
                break
    return tuple(marked)


def _is_lobed(section: Section, radius: float) -> bool:
    return section.solidity < LOBED and section.diameter_mm > OBLONG * 2 * max(radius, 1.0)


def not_whole(field: Field, curve: Curve, search: Search) -> tuple[Undefined, float] | None:
    """Why the widest section is not known to be the widest there is, with the lower bound in mm; or None."""
    if not search.sections:
        return Undefined("no section of the outline is whole and of one vessel"), np.nan
    widest = max(search.sections, key=lambda one: one.diameter_mm)
    least = max([widest.diameter_mm, *(_inside_the_scan(field, one) for one in search.cut)])
    beyond = max((one.diameter_mm for one in search.cut), default=0.0) > RISE * widest.diameter_mm
    usual = float(np.median([one.diameter_mm for one in search.sections]))
    at_an_end = min(widest.along_mm, curve.length_mm - widest.along_mm) < END_MM and search.where.startswith("the")
    at_a_cut = any(abs(one.along_mm - widest.along_mm) < END_MM for one in search.cut)
    rises = widest.diameter_mm > RISE * usual
    if beyond or (at_a_cut and rises):
        return Undefined(f"the scan ends at the widest place: at least {least:.1f} mm"), least
    if (at_an_end or _at_the_top(widest)) and rises:
        return Undefined(f"the outline ends at its widest place: at least {least:.1f} mm"), least
    return None


def _at_the_top(section: Section) -> bool:
    return section.along_mm < END_MM


def _inside_the_scan(field: Field, section: Section) -> float:
    """Calliper diameter of what of a cut outline lies in the scan."""
    from services.measurement.sections import calliper  # noqa: PLC0415 -- sections knows nothing of searching

    held = section.outline[~field.beyond_the_scan(section.lps(section.outline))]
    return calliper(held)[0] if len(held) >= 2 else 0.0

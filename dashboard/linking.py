"""How two viewers stand beside each other: by their place along the vessel. Pure functions from records to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.decision_cards import middle, voxel
from services.measurement.decided import CENTRELINE, CENTRELINES, decided

if TYPE_CHECKING:
    from db.records import CasePage, NewMeasurement

AT_THE_FORK = "Matched by the height above the bifurcation, along both centrelines."
AT_THE_WIDEST = "Matched at the widest place of each, along both centrelines."
AT_THE_ENDS = "Matched by the height above the lower ends of both centrelines, which may be two places."
UNMATCHED = "One of them has no centreline: go to the same place in both, then press Linked."


def link_data(page: CasePage, other: CasePage) -> dict[str, object]:
    """The aorta's centreline from the top down, LPS mm; without one, no points.

    `zero_mm`: the place that belongs to the other scan's, in mm above the curve's lower end.
    """
    row = _aorta(page)
    by_the_widest = matched_at(page, other) == AT_THE_WIDEST
    zero = _widest_mm(page) if by_the_widest else None
    return {"points": [list(point) for point in row.points] if row else [], "zero_mm": zero or 0.0}


def widest_place(page: CasePage) -> list[dict[str, object]]:
    """Where the shown diameter lies, as a place of the viewer, which begins at its first; none where there is none."""
    diameter = decided(page.measurements).diameter
    if diameter is None or diameter.value is None or not diameter.points:
        return []
    k, j, i = voxel(page.series, middle(diameter.points))
    text = f"{diameter.value:.1f} mm: {diameter.name}"
    return [{"k": k, "j": j, "i": i, "label": "widest", "text": text, "severity": 1}]


def matched_at(first: CasePage, second: CasePage) -> str:
    """Which place both viewers count from, in words."""
    if not (_aorta(first) and _aorta(second)):
        return UNMATCHED
    if _ends_at_the_bifurcation(first) and _ends_at_the_bifurcation(second):
        return AT_THE_FORK
    widest = _widest_mm(first), _widest_mm(second)
    return AT_THE_ENDS if None in widest else AT_THE_WIDEST


def _widest_mm(page: CasePage) -> float | None:
    """How far above the lower end of its centreline the shown diameter lies; None where they are not of one outline."""
    curve, diameter = _aorta(page), decided(page.measurements).diameter
    along = diameter.parameters.get("along_mm") if diameter else None
    if not (
        curve and curve.value and diameter and diameter.subject == curve.subject and isinstance(along, int | float)
    ):
        return None
    return curve.value - float(along)


def _aorta(page: CasePage) -> NewMeasurement | None:
    return next((row for row in _curves(page) if row.name == CENTRELINE), None)


def _curves(page: CasePage) -> list[NewMeasurement]:
    """Of one author: the shown one, or the first whose outline has a centreline."""
    rows = [one.spec for one in page.measurements if one.spec.name in CENTRELINES and one.spec.points]
    authors = [decided(page.measurements).author, *(row.subject for row in rows)]
    author = next((one for one in authors if any(row.subject == one for row in rows)), "")
    return [row for row in rows if row.subject == author]


def _ends_at_the_bifurcation(page: CasePage) -> bool:
    """The aorta's centreline ends where the iliac ones begin."""
    return any(row.name != CENTRELINE for row in _curves(page))

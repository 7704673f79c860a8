"""How two viewers stand beside each other: by their place along the vessel. Pure functions from records to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.measured import CENTRELINE, CENTRELINES, decided

if TYPE_CHECKING:
    from db.records import CasePage, NewMeasurement

MATCHED = {
    True: "Matched by the height above the bifurcation, along both centrelines.",
    False: "Matched by the height above the lower ends of both centrelines, which may be two places.",
}
UNMATCHED = "One of them has no centreline: go to the same place in both, then press Linked."


def link_data(page: CasePage) -> dict[str, object]:
    """The aorta's centreline from the top down, LPS mm; without one, no points."""
    row = _aorta(page)
    return {"points": [list(point) for point in row.points] if row else []}


def matched_at(first: CasePage, second: CasePage) -> str:
    """Which place both viewers count from, in words."""
    if not (_aorta(first) and _aorta(second)):
        return UNMATCHED
    return MATCHED[_ends_at_the_bifurcation(first) and _ends_at_the_bifurcation(second)]


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

"""How two viewers stand beside each other: by their place along the vessel. Pure functions from records to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.measured import CENTRELINE, decided

if TYPE_CHECKING:
    from db.measurement_records import NewMeasurement
    from db.records import CasePage

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
    return next((row for row in decided(page.measurements).curves if row.name == CENTRELINE and row.points), None)


def _ends_at_the_bifurcation(page: CasePage) -> bool:
    """The aorta's centreline ends where the iliac ones begin."""
    return any(row.name != CENTRELINE and row.points for row in decided(page.measurements).curves)

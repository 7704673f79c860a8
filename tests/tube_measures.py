"""What a program would have measured of a small case: the tube's centreline and its largest diameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import measurements
from db.measurement_records import Headline
from tests import factories
from tests.small_case import SHAPE, SPACING

if TYPE_CHECKING:
    from services.desk import Desk

AUTHOR = "A 1"
DIAMETER = 18 * SPACING[1]
"""The outer wall lies 9 voxels from the middle."""
TOP, BOTTOM = (SHAPE[0] - 1) * SPACING[0] - 30.0, -30.0
"""LPS mm of the last and the first slice; the tube runs straight down where x and y are 0."""
WIDEST = 0.0


def measure(desk: Desk, key: str) -> None:
    """Store both as a program's run."""
    down = tuple((0.0, 0.0, z) for z in (TOP, 12.0, 0.0, -15.0, BOTTOM))
    across = ((-DIAMETER / 2, 0.0, WIDEST), (DIAMETER / 2, 0.0, WIDEST))
    found = [
        factories.measured(TOP - BOTTOM, "centreline", subject=AUTHOR, points=down),
        factories.measured(DIAMETER, subject=AUTHOR, points=across, lower=26.0, upper=28.5),
    ]
    with desk.store.begin() as session:
        measurements.set_measurements(session, key, found, Headline(DIAMETER, 26.0, 28.5, 0.0), {"version": "1"})


def drawn(**changes: Any) -> dict[str, Any]:
    """A diameter as the viewer sends it: from wall to wall, front to back, across the middle of the tube."""
    usual = {
        "view": "perpendicular",
        "plane": {"point": [0.0, 0.0, WIDEST], "normal": [0.0, 0.0, -1.0]},
        "ends": [[0.0, -13.0, WIDEST], [0.0, 13.4, WIDEST]],
        "centreline": AUTHOR,
        "along_mm": TOP - WIDEST,
    }
    return usual | changes

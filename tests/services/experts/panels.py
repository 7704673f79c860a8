"""Boxes that readers and models drew, as a panel."""

from __future__ import annotations

import numpy as np

from db.records import Region
from services.experts.panel import Panel, panel_of
from services.measurement.drawn import LabelMap

SHAPE = (12, 20, 20)
SPACING = (2.0, 1.0, 1.0)
"""A voxel is 0.002 mL; 500 are one."""
BOTH = {1: "outer wall", 2: "thrombus", 3: "lumen"}
WALL_ALONE = {1: "outer wall"}


def drawn(low: int, high: int, *, lumen: bool = True) -> LabelMap:
    """Rows and columns from `low` up to `high` on slices 2 to 9: thrombus, with lumen in the inner rows; 12 wide."""
    k, size = 8, high - low
    array = np.full((k, size, size), 2 if lumen else 1, np.uint8)
    if lumen:
        array[:, 3:-3, 3:-3] = 3
    return LabelMap(array, BOTH if lumen else WALL_ALONE, Region((2, low, low), (k, size, size)), np.eye(4))


def panel(readers: list[LabelMap], models: list[LabelMap] | None = None) -> Panel:
    """Readers a, b, c, ... and models 'net 1', 'net 2', ..."""
    named = [(chr(ord("a") + number), one) for number, one in enumerate(readers)]
    nets = [(f"net {number}", one) for number, one in enumerate(models or [], start=1)]
    return panel_of(named, nets, SHAPE, SPACING)

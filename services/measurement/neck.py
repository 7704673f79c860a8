"""The parts of an aorta by its calibre: the neck, the sac below it, and what lies beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.measurement.places import Along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.measurement.centreline import Centrelines
    from services.measurement.sections import Section

FORK_MM = 6.0
"""So near to the fork a point lies at the bifurcation."""


def parts_of(centrelines: Centrelines, sections: Sequence[Section | None]) -> tuple[tuple[Along, ...], ...]:
    """The part each point of the aorta's curve, and of each limb, belongs to."""
    aorta = centrelines.aorta
    fork = centrelines.bifurcation is not None
    trunk = tuple(
        Along.BIFURCATION if fork and aorta.length_mm - along < FORK_MM else Along.AORTA for along in aorta.along_mm
    )
    sides = (Along.RIGHT_ILIAC, Along.LEFT_ILIAC)
    limbs = (
        tuple(Along.BIFURCATION if along < FORK_MM else side for along in limb.along_mm)
        for limb, side in zip(centrelines.iliacs, sides, strict=False)
    )
    return (trunk, *limbs)

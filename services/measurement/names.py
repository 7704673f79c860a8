"""What is measured, by name; and why a measure may be undefined. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """Names of measures as they are stored and shown."""

    ORTHOGONAL = "largest diameter, orthogonal"
    """Calliper diameter of the outer wall in a plane perpendicular to the centreline."""
    AXIAL = "largest diameter, axial"
    """Calliper diameter of the outer wall in an axial plane."""
    INSCRIBED = "largest inscribed sphere, diameter"
    EQUIVALENT = "largest diameter, circular-equivalent"
    """Of the circle with the area of the largest section."""
    LUMEN = "volume, lumen"
    THROMBUS = "volume, thrombus"
    SAC = "volume, sac"
    NECK_LENGTH = "neck, length"
    NECK_DIAMETER = "neck, diameter"
    NECK_ANGLE = "neck, angle"
    THICKEST = "thrombus, thickest"
    ILIAC_LEFT = "iliac diameter, left"
    ILIAC_RIGHT = "iliac diameter, right"
    TORTUOSITY = "tortuosity"


class Along(StrEnum):
    """Parts of the vessel, from the top down."""

    ABOVE = "above the neck"
    NECK = "neck"
    SAC = "sac"
    AORTA = "aorta"
    """Below the neck outside a sac, or anywhere where no sac was found."""
    BIFURCATION = "bifurcation"
    LEFT_ILIAC = "left iliac"
    RIGHT_ILIAC = "right iliac"


MM, ML, DEGREES, ONE = "mm", "mL", "degrees", "1"
UNITS = {
    Name.LUMEN: ML,
    Name.THROMBUS: ML,
    Name.SAC: ML,
    Name.NECK_ANGLE: DEGREES,
    Name.TORTUOSITY: ONE,
}
"""Of the measures that are not in millimetres."""


@dataclass(frozen=True)
class Undefined:
    """Stands where there is no value, with the reason in one sentence."""

    reason: str


def unit_of(name: Name) -> str:
    """The unit a measure is in."""
    return UNITS.get(name, MM)

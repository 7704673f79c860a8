"""A straight tube of known diameter through a small scan, whatever way its voxels run, and what is stored of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Affine = NDArray[np.float64]

SHAPE = (48, 60, 56)
SPACING = (1.5, 1.0, 1.2)
DIAMETER = 24.0
TILT = 35.0
"""Degrees between the tube and the head-foot axis."""
AUTHOR = "Model A 2"
ORTHOGONAL = "largest diameter, orthogonal"


def centred(affine: Affine) -> Affine:
    """The middle of the scan at the origin of the patient."""
    moved = affine.copy()
    moved[:3, 3] = -affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    return moved


def flipped() -> Affine:
    """Slices that run towards the feet, and rows that run towards the front."""
    return centred(axial(SPACING) @ np.diag([-1.0, -1.0, 1.0, 1.0]))


def turned(degrees: float = 20.0) -> Affine:
    """A scan whose rows do not run left to right."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rotation = np.eye(4)
    rotation[:2, :2] = [[cosine, -sine], [sine, cosine]]
    return centred(rotation @ axial(SPACING))


def direction(degrees: float = TILT) -> NDArray[np.float64]:
    """Down the tube: towards the feet and the patient's left."""
    return np.array([np.sin(np.radians(degrees)), 0.0, -np.cos(np.radians(degrees))])


def tube(affine: Affine, degrees: float = TILT) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Image (300 HU inside, 0 outside, half of it at the wall) and label map (1 inside)."""
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    point = index @ affine[:3, :3].T + affine[:3, 3]
    along = direction(degrees)
    radius = np.linalg.norm(point - (point @ along)[..., None] * along, axis=-1)
    inside = np.clip(DIAMETER / 2 - radius + 0.5, 0, 1)
    return (300 * inside).round().astype(np.int16), (radius <= DIAMETER / 2).astype(np.uint8)


def line(degrees: float = TILT, reach: float = 34.0) -> list[list[float]]:
    """Its centreline as it is stored: from the top down, a point every 2 mm."""
    return [(step * direction(degrees)).tolist() for step in np.arange(-reach, reach + 1, 2.0)]


def stored(degrees: float = TILT, **changes: Any) -> dict[str, Any]:
    """What the viewer is told: the centreline, and a diameter across its middle from front to back."""
    across = [[0.0, -DIAMETER / 2, 0.0], [0.0, DIAMETER / 2, 0.0]]
    diameter = {
        "id": "7", "name": ORTHOGONAL, "subject": AUTHOR, "value": DIAMETER, "lower": 22.5, "upper": 25.5,
        "points": across, "reader": "", "main": True,
    }  # fmt: skip
    curve = {"name": "centreline", "subject": AUTHOR, "points": line(degrees)}
    return {"curves": [curve], "diameters": [diameter], "reason": ""} | changes

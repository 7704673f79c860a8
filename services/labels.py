"""Structures of the abdominal aorta, and what a label map says about the outer wall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.vocabulary import LayerKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Labels = NDArray[np.uint8] | NDArray[np.uint16]

    from db.records import NewLayer
    from services.prepared import PreparedLayer

LUMEN, THROMBUS, OUTER_WALL = "lumen", "thrombus", "outer wall"
DEFAULT = {1: LUMEN, 2: THROMBUS}
"""What the values of a label map mean when nothing else is said."""
INSIDE_WALL = frozenset({LUMEN, THROMBUS, OUTER_WALL})
"""The outer wall is the surface of these together."""
_SIDES = (
    "iliac artery", "iliac vein", "renal artery", "kidney", "kidney cyst", "adrenal gland", "lung", "psoas muscle",
    "back muscle", "femur", "hip bone",
)  # fmt: skip
_LEVELS = [
    f"{part}{number}" for part, count in {"C": 7, "T": 12, "L": 5, "S": 1}.items() for number in range(1, count + 1)
]
STRUCTURES = frozenset({
    LUMEN, THROMBUS, OUTER_WALL, "calcification", "true lumen", "false lumen", "stent graft",
    "coeliac trunk", "superior mesenteric artery", "inferior mesenteric artery", "pulmonary artery", "pulmonary vein",
    "inferior vena cava", "superior vena cava", "portal vein", "heart", "trachea", "oesophagus", "stomach", "duodenum",
    "small bowel", "colon", "bowel", "liver", "gallbladder", "spleen", "pancreas", "urinary bladder", "prostate",
    "spinal cord", "vertebra", "sacrum", "ribs",
    *(f"vertebra {level}" for level in _LEVELS),
    *(f"{name}{side}" for name in _SIDES for side in ("", " left", " right")),
})  # fmt: skip
"""What a label may stand for: foreign names are mapped to these (see services/presets)."""


def inside_wall(array: Labels, classes: Mapping[int, str]) -> NDArray[np.bool_]:
    """Voxels inside the outer wall: lumen, thrombus and voxels labelled as outer wall. Same shape as `array`."""
    return of_structures(array, classes, INSIDE_WALL)


def of_structures(array: Labels, classes: Mapping[int, str], structures: frozenset[str]) -> NDArray[np.bool_]:
    """Voxels of any of the named structures. Same shape as `array`."""
    return np.isin(array, [value for value, name in classes.items() if name in structures])


def draws_the_wall(layer: PreparedLayer | NewLayer) -> bool:
    """Whether a layer is a label map that outlines the aorta."""
    return layer.kind is LayerKind.LABELS and not INSIDE_WALL.isdisjoint(layer.classes.values())

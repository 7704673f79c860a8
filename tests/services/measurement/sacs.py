"""A standing vessel with a sac, as a mask, as a probability and as sections: what intervals are tested on."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from services.measurement.curves import Curve
from services.measurement.sections import Section, sections

STEP = 1.5
SHAPE = (72, 50, 50)
NECK_MM, SAC_MM, LENGTH_MM = 9.0, 20.0, 18.0
AFFINE = np.zeros((4, 4))
AFFINE[2, 0], AFFINE[1, 1], AFFINE[0, 2], AFFINE[3, 3] = STEP, STEP, STEP, 1.0
AFFINE[:3, 3] = -37.0, -37.0, 100.0
MIDDLE_MM = 100.0 + STEP * 36


def outwards_mm() -> np.ndarray:
    """(k, j, i): how far out of the wall every voxel lies, across the axis; the sac is round, its middle at k = 36."""
    k, j, i = np.indices(SHAPE, dtype=float)
    z = AFFINE[2, 3] + STEP * k
    across = np.hypot(AFFINE[1, 3] + STEP * j, AFFINE[0, 3] + STEP * i)
    return np.asarray(across - radius_at(z))


def radius_at(z: np.ndarray) -> np.ndarray:
    return np.asarray(NECK_MM + (SAC_MM - NECK_MM) * np.exp(-(((z - MIDDLE_MM) / LENGTH_MM) ** 2)))


def mask(shift_mm: float = 0.0) -> np.ndarray:
    """The inside of the wall, moved outwards."""
    return np.asarray(outwards_mm() < shift_mm)


def probability(softness_mm: float, shift_mm: float = 0.0) -> np.ndarray:
    """Normal: the wall lies `shift_mm` farther out, with this standard deviation."""
    return np.asarray(norm.sf(outwards_mm(), shift_mm, softness_mm), dtype=np.float32)


def axis() -> Curve:
    """The true centreline, from the top down, away from the scan's ends."""
    z = np.arange(MIDDLE_MM + 36, MIDDLE_MM - 36, -1.0)
    points = np.stack([np.zeros_like(z), np.zeros_like(z), z], axis=1)
    return Curve(points, np.tile([0.0, 0.0, -1.0], (len(z), 1)), radius_at(z))


def along(wall: np.ndarray | None = None) -> list[Section]:
    """Sections of a mask across the axis; of the sac itself where none is given."""
    found = sections(mask() if wall is None else wall, AFFINE, axis())
    return [one for one in found if one is not None]

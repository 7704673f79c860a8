"""The SYNTHETIC scan that the viewers show: a noisy body with an aorta, three uint8 layers over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from services.volume import bounding_region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.records import Region

SPACING = (1.5, 0.8, 0.8)
MARGIN = (20, 38, 38)
"""30 mm around the masks, in voxels."""


@dataclass(frozen=True)
class Scene:
    """An int16 volume [k, j, i] in HU and its layers on the same grid."""

    hounsfield: NDArray[np.int16]
    labels: NDArray[np.uint8]
    reader: NDArray[np.uint8]
    probability: NDArray[np.uint8]

    @property
    def layers(self) -> tuple[NDArray[np.uint8], ...]:
        return self.labels, self.reader, self.probability

    @property
    def region(self) -> Region:
        found = bounding_region(self.labels)
        assert found is not None
        return found


def make_scene(slices: int, side: int = 512, seed: int = 5) -> Scene:
    """The same seed gives the same scene; noise makes it compress as a CT does."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side].astype(np.float32) - side / 2
    body = np.hypot(rows / (0.36 * side), columns / (0.46 * side)) < 1
    plane = np.where(body, gaussian_filter(rng.normal(40, 220, (side, side)), 9), -1000)
    hounsfield = np.empty((slices, side, side), dtype=np.int16)
    labels = np.zeros(hounsfield.shape, dtype=np.uint8)
    reader, probability = np.zeros_like(labels), np.zeros_like(labels)
    for k in range(slices):
        radius = 13 + 22 * np.exp(-(((k - slices / 2) / (0.2 * slices)) ** 2))
        away = np.hypot(rows - 20 * np.sin(k / 40), columns - 14 * np.cos(k / 55))
        picture = np.where(away < radius, np.where(away < 0.55 * radius, 300, 35), plane)
        hounsfield[k] = np.rint(picture + rng.normal(0, 14, (side, side)))
        labels[k] = (away < radius) + (away < radius) * (away >= 0.55 * radius)
        reader[k] = (away < radius + 2) + (away < radius + 2) * (away >= 0.6 * radius)
        probability[k] = np.rint(255 / (1 + np.exp(np.clip(away - radius, -20, 20) / 2)))
    return Scene(hounsfield, labels, reader, probability)

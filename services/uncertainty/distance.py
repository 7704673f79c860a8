"""How far a scan lies from those that the shipped networks learnt from, by six statistics of its image. Our own design.

The box around what is called aorta, with 24 mm around it, on voxels of 2 mm as the networks see it: four percentiles of
HU, the noise within slices, and what of it is left between them. Their Mahalanobis distance from the training scans
(Mahalanobis 1936), before these were varied by chance in training: 0 is their mean, and a training scan's square is
about 6. It knows nothing of anatomy, so that a small distance is no promise; and it takes the mask for right.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services import volume
from services.evaluation.measures import Measured
from services.segmentation.grids import Grid, Scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SHIPPED = "training_statistics.toml"
"""In services/presets; written by `python -m scripts.training_statistics`."""
METHOD, VERSION = "Mahalanobis distance of image statistics", "1"
PERCENTILES = (10, 50, 90, 99)
NAMES = (
    *(f"{percentile}th percentile, HU" for percentile in PERCENTILES),
    "logarithm of the noise within slices, HU",
    "logarithm of the noise between slices, relative to that within",
)
MARGIN_MM, STEP_MM = 24.0, 2.0
WINDOW_HU = (-200.0, 500.0)
QUIETEST_HU = 0.5
"""Noise is taken to be at least this in a logarithm."""
NO_MASK = "nothing is called aorta in this scan"


@dataclass(frozen=True)
class TrainingStatistics:
    """Mean and covariance of NAMES over training scans."""

    version: str
    scans: int
    first_seed: int
    mean: Numbers
    covariance: Numbers

    def distance(self, statistics: Numbers) -> float:
        """Mahalanobis distance, at least 0, without a unit."""
        apart = statistics - self.mean
        return math.sqrt(max(float(apart @ np.linalg.solve(self.covariance, apart)), 0.0))


def distance_from_training(
    hounsfield: NDArray[np.int16], mask: NDArray[np.bool_], spacing: Sequence[float], known: TrainingStatistics
) -> Measured:
    """Of a scan HU [k, j, i] and what is called aorta in it; spacing in mm. nan with the reason for an empty mask."""
    found = statistics_of(hounsfield, mask, spacing)
    return Measured(math.nan, NO_MASK) if found is None else Measured(known.distance(found))


def statistics_of(hounsfield: NDArray[np.int16], mask: NDArray[np.bool_], spacing: Sequence[float]) -> Numbers | None:
    """(6,): NAMES of a scan, which is only read; None where the mask is empty."""
    box = volume.bounding_region(mask)
    if box is None:
        return None
    k, j, i = volume.slices_of(volume.widened(box, MARGIN_MM, spacing, mask.shape))
    k_mm, j_mm, i_mm = (float(length) for length in spacing)
    scan = Scan(hounsfield[k, j, i], (k_mm, j_mm, i_mm))
    grid = Grid.over(scan, (STEP_MM, STEP_MM, STEP_MM))
    seen = np.clip(grid.sample(scan.hounsfield, Region((0, 0, 0), grid.shape)), *WINDOW_HU)
    within = max(_noise(seen, 1), _noise(seen, 2))
    levels = np.percentile(seen, PERCENTILES)
    return np.array([*levels, math.log(within), math.log(_noise(seen, 0) / within)])


def shipped() -> TrainingStatistics:
    """Of the scans that the shipped ensemble learnt from."""
    said = tomllib.loads((files("services") / "presets" / SHIPPED).read_text(encoding="utf-8"))
    mean, covariance = np.array(said["mean"], np.float64), np.array(said["covariance"], np.float64)
    return TrainingStatistics(said["version"], said["scans"], said["first_seed"], mean, covariance)


def _noise(seen: NDArray[np.float32], axis: int) -> float:
    """Median size of the second difference along an axis, as the standard deviation of white noise would give it."""
    if seen.shape[axis] < 3:
        return QUIETEST_HU
    second = np.abs(np.diff(seen, n=2, axis=axis))
    return max(float(np.median(second)) * 1.4826 / math.sqrt(6), QUIETEST_HU)

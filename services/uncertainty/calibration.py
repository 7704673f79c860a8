"""Whether probabilities are as often right as they say, and what one temperature for all scans changes.

Expected calibration error: sum over bins of (voxels of the bin / all) |share that is right - mean confidence|. Bins of
equal width say most where confidence is spread; bins of equal mass (Nixon et al. 2019, arXiv:1904.01685) do not leave
nearly all voxels in one bin, as segmentation does. Temperature: p_c^(1/T) / sum_c p_c^(1/T), T fitted to the negative
log-likelihood of other scans (Guo et al. 2017, arXiv:1706.04599; ours acts on the mean probability of an ensemble).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Mask = NDArray[np.bool_]

BINS = 15
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
LEAST = 1e-7
"""Probabilities are taken to be at least this in a logarithm: what rounding made 0 is not impossible."""
COLDEST, HOTTEST = 0.125, 8.0
NOTHING = "the region has no voxel"
VERSION = "1"


@dataclass(frozen=True)
class Reliability:
    """The bins of a reliability diagram, from low confidence to high; a bin without voxels has nan, nan."""

    count: NDArray[np.int64]
    """Voxels of the bin."""
    confidence: NDArray[np.float64]
    """Mean of the bin."""
    right: NDArray[np.float64]
    """Share of its voxels that are what was said."""

    def error(self) -> Measured:
        """Expected calibration error, 0 to 1; nan without voxels."""
        filled = self.count > 0
        if not filled.any():
            return Measured(math.nan, NOTHING)
        apart = np.abs(self.right[filled] - self.confidence[filled])
        return Measured(float((apart * self.count[filled]).sum() / self.count.sum()))


def equal_width(confidence: Floats, right: Mask, *, bins: int = BINS) -> Reliability:
    """Bins [b/B, (b+1)/B), the last one with 1, of confidences (voxel,) from 0 to 1."""
    return _binned(confidence, right, np.minimum((confidence * bins).astype(np.intp), bins - 1), bins)


def equal_mass(confidence: Floats, right: Mask, *, bins: int = BINS) -> Reliability:
    """Bins of as many voxels each, as far as equal confidences allow, which always share one; some may be empty."""
    if not confidence.size:
        return _binned(confidence, right, np.zeros(0, np.intp), bins)
    edges = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
    return _binned(confidence, right, np.searchsorted(edges, confidence, side="left"), bins)


def tempered(probability: Floats, temperature: float) -> NDArray[np.float64]:
    """Probabilities (class, ...) at a temperature: above 1 less sure, below 1 more. Sums to 1; 1 changes nothing."""
    logarithm = np.log(np.maximum(probability, LEAST, dtype=np.float64)) / temperature
    power = np.exp(logarithm - logarithm.max(axis=0))
    return np.asarray(power / power.sum(axis=0), np.float64)


def log_loss(probability: Floats, reference: NDArray[np.integer], temperature: float = 1.0) -> float:
    """Mean negative log-likelihood in nats of the reference classes (voxel,) under (class, voxel)."""
    given = np.take_along_axis(tempered(probability, temperature), reference[None].astype(np.intp), axis=0)
    return float(-np.log(np.maximum(given, LEAST)).mean())


def at_temperatures(
    probability: Floats, reference: NDArray[np.integer], temperatures: Sequence[float]
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """`log_loss`, and the confidence (voxel,) of the most probable class, at each temperature: the logarithm once."""
    logarithm = np.log(np.maximum(probability, LEAST, dtype=np.float64))
    logarithm -= logarithm.max(axis=0)
    given = np.take_along_axis(logarithm, reference[None].astype(np.intp), axis=0)[0]
    for temperature in temperatures:
        whole = np.exp(logarithm / temperature).sum(axis=0)
        told = np.minimum(np.log(whole) - given / temperature, -math.log(LEAST))
        yield float(told.mean()), 1 / whole


def fit_temperature(scans: Sequence[tuple[Floats, NDArray[np.integer]]]) -> Measured:
    """The temperature with the least mean loss over scans, each counting alike: (class, voxel) and classes (voxel,).

    Between COLDEST and HOTTEST. Fit it to scans that are not judged with it.
    """
    told = [scan for scan in scans if scan[1].size]
    if not told:
        return Measured(math.nan, "no scan to fit a temperature to")

    def loss(logarithm: float) -> float:
        return float(np.mean([log_loss(*scan, math.exp(logarithm)) for scan in told]))

    found = minimize_scalar(loss, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    return Measured(math.exp(float(found.x)))


def threshold_sweep(
    probability: Floats, reference: Mask, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[float, ...]:
    """Dice of {p >= t} with a reference mask, both (voxel,), for each t; nan where both are empty."""
    ordered, inside = np.sort(probability), np.sort(probability[reference])
    marked = ordered.size - np.searchsorted(ordered, thresholds, side="left")
    both = inside.size - np.searchsorted(inside, thresholds, side="left")
    whole = marked + inside.size
    return tuple(np.divide(2 * both, whole, out=np.full(len(thresholds), np.nan), where=whole > 0).tolist())


def _binned(confidence: Floats, right: Mask, place: NDArray[np.intp], bins: int) -> Reliability:
    count = np.bincount(place, minlength=bins).astype(np.int64)
    sums = [np.bincount(place, np.asarray(each, np.float64), bins) for each in (confidence, right)]
    means = [np.divide(each, count, out=np.full(bins, np.nan), where=count > 0) for each in sums]
    return Reliability(count, means[0], means[1])

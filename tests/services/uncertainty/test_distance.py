"""The distance from the training scans: its statistics on images that are known, and its scale."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.segmentation.training_set import TRAINING_SEED
from services.uncertainty.distance import (
    NAMES,
    NO_MASK,
    TrainingStatistics,
    distance_from_training,
    shipped,
    statistics_of,
)

SHAPE, SPACING = (60, 60, 60), (2.0, 2.0, 2.0)


def noise(seed: int, sigma: float = 20.0, mean: float = 40.0) -> np.ndarray:
    return np.rint(np.random.default_rng(seed).normal(mean, sigma, SHAPE)).astype(np.int16)


def middle() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[28:32, 28:32, 28:32] = True
    return mask


def test_statistics_of_white_noise() -> None:
    """40 HU with a standard deviation of 20: percentiles at -1.28, 0, 1.28 and 2.33 of it; as much between slices."""
    found = statistics_of(noise(1), middle(), SPACING)
    assert found is not None
    assert found[:4] == pytest.approx([14.4, 40, 65.6, 86.5], abs=2)
    assert math.exp(found[4]) == pytest.approx(20, rel=0.03)
    assert found[5] == pytest.approx(0, abs=0.03)


def test_thick_slices_show_between_slices_alone() -> None:
    thick = np.repeat(noise(2)[::3], 3, axis=0)
    found, plain = statistics_of(thick, middle(), SPACING), statistics_of(noise(2), middle(), SPACING)
    assert found is not None
    assert plain is not None
    assert found[5] < plain[5] - 0.2
    assert found[4] == pytest.approx(plain[4], abs=0.05)


def test_only_what_lies_around_the_aorta_is_looked_at() -> None:
    scan = noise(3)
    far = scan.copy()
    far[:8] = 3000
    np.testing.assert_array_equal(statistics_of(scan, middle(), SPACING), statistics_of(far, middle(), SPACING))


def test_a_distance_by_hand() -> None:
    """(3, 4) from the mean with variances 9 and 4: the root of 1 + 4."""
    known = TrainingStatistics("1", 2, 0, np.array([1.0, 1.0]), np.diag([9.0, 4.0]))
    assert known.distance(np.array([4.0, 5.0])) == pytest.approx(math.sqrt(5))


def test_without_a_mask_there_is_no_distance() -> None:
    found = distance_from_training(noise(4), np.zeros(SHAPE, bool), SPACING, shipped())
    assert math.isnan(found.value)
    assert found.reason == NO_MASK


def test_what_is_shipped_is_of_training_scans() -> None:
    known = shipped()
    assert known.first_seed == TRAINING_SEED
    assert known.covariance.shape == (len(NAMES), len(NAMES))
    assert (np.linalg.eigvalsh(known.covariance) > 0).all()


def test_white_noise_is_further_away_than_a_training_scan() -> None:
    """A training scan's square is about 6, by the number of statistics."""
    assert distance_from_training(noise(5), middle(), SPACING, shipped()).value > 2 * math.sqrt(6)

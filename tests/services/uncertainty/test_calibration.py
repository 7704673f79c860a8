"""Calibration worked by hand, and a temperature that is found again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.uncertainty.calibration import (
    at_temperatures,
    equal_mass,
    equal_width,
    fit_temperature,
    log_loss,
    tempered,
    threshold_sweep,
)


def test_two_bins_by_hand() -> None:
    """Below one half: confidence 0.3, 1 of 2 right; above: 0.8, 2 of 3. ECE = 2/5 * 0.2 + 3/5 * 0.1333."""
    confidence = np.array([0.2, 0.4, 0.7, 0.8, 0.9])
    found = equal_width(confidence, np.array([True, False, True, True, False]), bins=2)
    assert found.count.tolist() == [2, 3]
    assert found.confidence.tolist() == pytest.approx([0.3, 0.8])
    assert found.right.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert found.error().value == pytest.approx(2 / 5 * 0.2 + 3 / 5 * (0.8 - 2 / 3))


def test_an_empty_bin_is_undefined_and_counts_for_nothing() -> None:
    found = equal_width(np.array([0.9, 1.0]), np.array([True, True]), bins=4)
    assert found.count.tolist() == [0, 0, 0, 2]
    assert math.isnan(found.right[0])
    assert found.error().value == pytest.approx(0.05)


def test_bins_of_equal_mass_hold_as_many_voxels_each() -> None:
    found = equal_mass(np.arange(30) / 30, np.ones(30, bool), bins=5)
    assert found.count.tolist() == [6, 6, 6, 6, 6]


def test_equal_confidences_share_a_bin() -> None:
    """Edges of four bins: the 2nd, 4th and 6th of eight confidences; five of them are 0.9."""
    confidence = np.array([0.1, 0.2, 0.3, 0.9, 0.9, 0.9, 0.9, 0.9])
    assert equal_mass(confidence, np.ones(8, bool), bins=4).count.tolist() == [2, 6, 0, 0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_every_voxel_is_in_one_bin_and_no_error_leaves_0_to_1(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, right = rng.random(size).round(1), rng.random(size) < 0.5
    for found in (equal_width(confidence, right), equal_mass(confidence, right)):
        assert found.count.sum() == size
        assert 0 <= found.error().value <= 1


def test_no_voxel_no_error() -> None:
    assert math.isnan(equal_width(np.zeros(0), np.zeros(0, bool)).error().value)
    assert "no voxel" in equal_mass(np.zeros(0), np.zeros(0, bool)).error().reason


def test_a_temperature_of_two_by_hand() -> None:
    """(0.8, 0.2) at T = 2: roots 2 : 1."""
    np.testing.assert_allclose(tempered(np.array([[0.8], [0.2]]), 2.0).ravel(), [2 / 3, 1 / 3])
    np.testing.assert_allclose(tempered(np.array([[0.8], [0.2]]), 1.0).ravel(), [0.8, 0.2])


def test_the_temperature_that_spoiled_probabilities_is_found_again() -> None:
    """Labels drawn from p; p at T = 0.5 is too sure, and T = 2 brings it back."""
    rng = np.random.default_rng(5)
    sure = rng.uniform(0.05, 0.95, 4000)
    true = np.stack([sure, 1 - sure])
    labels = (rng.random(4000) >= sure).astype(np.uint8)
    scans = [(tempered(true, 0.5), labels)]
    assert fit_temperature(scans).value == pytest.approx(2.0, rel=0.1)
    assert fit_temperature([(true, labels)]).value == pytest.approx(1.0, rel=0.1)


@given(st.integers(0, 2**32 - 1))
def test_many_temperatures_at_once_say_what_each_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power = rng.random((3, 20)) ** 8
    probability, labels = power / power.sum(axis=0), rng.integers(3, size=20)
    for temperature, (loss, confidence) in zip(
        (0.5, 1.0, 3.0), at_temperatures(probability, labels, (0.5, 1.0, 3.0)), strict=True
    ):
        assert loss == pytest.approx(log_loss(probability, labels, temperature))
        np.testing.assert_allclose(confidence, tempered(probability, temperature).max(axis=0))


def test_there_is_no_temperature_of_no_scan() -> None:
    assert "no scan" in fit_temperature([]).reason


def test_a_threshold_sweep_by_hand() -> None:
    """Three voxels, two in the reference: at 0.5 both are marked; at 0.7 one; at 0.95 none."""
    found = threshold_sweep(np.array([0.2, 0.6, 0.9]), np.array([False, True, True]), (0.1, 0.5, 0.7, 0.95))
    assert found == pytest.approx((4 / 5, 1, 2 / 3, 0))


def test_a_sweep_of_two_empty_masks_is_undefined() -> None:
    assert math.isnan(threshold_sweep(np.array([0.2]), np.array([False]), (0.5,))[0])

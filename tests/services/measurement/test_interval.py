"""Intervals of few and of many values, their score by hand, and what conformal prediction promises."""

from __future__ import annotations

import numpy as np
import pytest

from services.measurement.conformal import error_quantile, normalised_quantile
from services.measurement.interval import interval_score, percentile_bounds, prediction_bounds


def test_one_more_value_of_five() -> None:
    """Mean 50, s = sqrt(2.5), t(4, 0.975) = 2.776: 50 -+ 2.776 * 1.5811 * sqrt(1.2) = 50 -+ 4.809."""
    lower, upper = prediction_bounds([48.0, 49.0, 50.0, 51.0, 52.0])
    assert (lower, upper) == pytest.approx((45.191, 54.809), abs=1e-3)


def test_two_values_tell_very_little() -> None:
    """t(1, 0.975) = 12.706, s = sqrt(0.5), sqrt(1.5): 11.0 to either side of the middle of 50 and 51."""
    assert prediction_bounds([50.0, 51.0]) == pytest.approx((50.5 - 11.004, 50.5 + 11.004), abs=1e-3)


def test_one_more_value_of_a_normal_distribution_is_held_as_often_as_is_said() -> None:
    """Standard error of the share: 0.0049 with 2,000 draws."""
    draws = np.random.default_rng(1).normal(50, 2, size=(2000, 6))
    held = [lower <= one[-1] <= upper for one in draws for lower, upper in [prediction_bounds(one[:-1])]]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_the_middle_of_many_samples() -> None:
    assert percentile_bounds(np.arange(1001.0)) == pytest.approx((25, 975))


@pytest.mark.parametrize(("make", "values"), [(prediction_bounds, [50.0]), (percentile_bounds, [])])
def test_too_few_values_are_refused(make: object, values: list[float]) -> None:
    with pytest.raises(ValueError, match="Found"):
        make(values)  # type: ignore[operator]


@pytest.mark.parametrize(("truth", "score"), [(55.0, 6.0), (52.0, 6.0), (50.0, 6.0 + 40 * 2), (58.5, 6.0 + 40 * 0.5)])
def test_the_interval_score_by_hand(truth: float, score: float) -> None:
    """From 52 to 58 at 95 %: the width, and 2 / 0.05 = 40 times what the truth lies outside."""
    assert interval_score(52.0, 58.0, truth) == pytest.approx(score)


def test_the_interval_score_is_best_for_the_interval_that_is_believed_in() -> None:
    truths = np.random.default_rng(2).normal(0, 1, 20_000)
    scores = {reach: np.mean([interval_score(-reach, reach, truth) for truth in truths]) for reach in (1.2, 1.96, 2.9)}
    assert min(scores, key=lambda reach: scores[reach]) == 1.96


def test_the_conformal_quantile_by_hand() -> None:
    """Of 39 errors 1 to 39, (39 + 1) 0.95 = 38: the 38th smallest, signs aside."""
    errors = np.arange(1.0, 40.0) * np.where(np.arange(39) % 2, 1, -1)
    assert error_quantile(errors[::-1], 0.95) == 38.0
    assert error_quantile(errors[:19], 0.95) == 19.0
    assert error_quantile(errors[:18], 0.95) == float("inf")


def test_normalised_errors_are_counted_in_spreads() -> None:
    errors, spreads = [1.0, -4.0, 2.0], [0.5, 1.5, 0.5]
    assert normalised_quantile(errors, spreads, 0.5, 0.75) == 2.0


def test_a_conformal_interval_holds_the_next_error_as_often_as_it_promises() -> None:
    """Whatever the distribution: between 0.95 and 0.95 + 1 / 60 with 59 errors; here a long-tailed one."""
    rng = np.random.default_rng(3)
    errors = rng.standard_t(2, size=(6000, 60)) * 3 + 1
    held = [abs(one[-1]) <= error_quantile(one[:-1], 0.95) for one in errors]
    assert 0.95 - 0.009 < np.mean(held) < 0.95 + 1 / 60 + 0.009

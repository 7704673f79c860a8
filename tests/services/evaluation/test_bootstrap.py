"""The interval of a mean: what must hold whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.bootstrap import mean_with_interval

numbers = st.lists(st.floats(0, 1), min_size=3, max_size=12)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@settings(max_examples=30)
@given(numbers)
def test_the_interval_lies_within_the_numbers_and_around_their_mean_where_they_are_alike(values: list[float]) -> None:
    one = mean_with_interval(values, range(len(values)), rng())
    assert one.value == pytest.approx(np.mean(values))
    assert one.lower is not None
    assert one.upper is not None
    assert min(values) - 1e-9 <= one.lower <= one.upper <= max(values) + 1e-9


@settings(max_examples=20)
@given(numbers)
def test_the_same_seed_gives_the_same_interval(values: list[float]) -> None:
    assert mean_with_interval(values, range(len(values)), rng()) == mean_with_interval(
        values, range(len(values)), rng()
    )


def test_of_many_numbers_the_interval_is_the_normal_one() -> None:
    values = rng().normal(0.8, 0.1, 400)
    one = mean_with_interval(values.tolist(), range(400), rng())
    half = 1.96 * float(values.std()) / math.sqrt(400)
    assert one.lower == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert one.upper == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_two_scans_of_a_person_are_one_witness() -> None:
    """Each person's scans agree: twice as many scans of the same persons say no more about other persons."""
    values = [0.5, 0.6, 0.7, 0.9]
    once, twice = (mean_with_interval(values * times, [0, 1, 2, 3] * times, rng()) for times in (1, 2))
    assert (twice.lower, twice.upper) == (pytest.approx(once.lower), pytest.approx(once.upper))
    assert (once.cases, twice.cases, twice.patients) == (4, 8, 4)


def test_below_three_persons_there_is_no_interval_and_a_reason() -> None:
    one = mean_with_interval([0.5, 0.7, 0.6], [1, 2, 2], rng())
    assert (one.value, one.lower, one.upper) == (pytest.approx(0.6), None, None)
    assert one.reason == "no interval: fewer than 3 persons"


def test_undefined_numbers_are_counted_and_left_out() -> None:
    one = mean_with_interval([0.5, math.nan, 0.7, 0.6], [1, 2, 3, 4], rng())
    assert (one.value, one.cases, one.undefined) == (pytest.approx(0.6), 3, 1)


@pytest.mark.parametrize(("values", "reason"), [([], "no such scan"), ([math.nan], "undefined in every scan")])
def test_without_a_number_there_is_no_value_and_a_reason(values: list[float], reason: str) -> None:
    one = mean_with_interval(values, range(len(values)), rng())
    assert (one.value, one.reason) == (None, reason)

"""Differences of paired scores, and what their intervals must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.segmentation.paired import Difference, paired_difference
from services.segmentation.transfer_results import Verdict, verdict

GAIN, LOSS, UNCLEAR = Difference(0.2, 0.1, 0.3), Difference(-0.2, -0.3, -0.1), Difference(0.1, -0.1, 0.3)
scores = arrays(float, (3, 4), elements=st.floats(0, 1))
FEW = 200


def test_a_constant_difference_has_an_interval_of_no_width() -> None:
    reference = np.random.default_rng(0).random((3, 5))
    found = paired_difference(reference + 0.25, reference, resamples=FEW)
    assert (found.mean, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert found.is_gain


def test_where_every_other_seed_gains_the_interval_spans_from_nothing_to_the_whole_gain() -> None:
    found = paired_difference(np.array([[1.0, 1.0], [0.0, 0.0]] * 2), np.zeros((4, 2)), resamples=FEW)
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)
    assert not found.is_gain


@settings(max_examples=20, deadline=None)
@given(scores, scores)
def test_exchanging_the_sides_turns_the_sign(first: np.ndarray, second: np.ndarray) -> None:
    there, back = (paired_difference(*pair, resamples=FEW) for pair in ((first, second), (second, first)))
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(scores, scores)
def test_the_interval_lies_within_the_differences(first: np.ndarray, second: np.ndarray) -> None:
    found, all_of_them = paired_difference(first, second, resamples=FEW), first - second
    assert all_of_them.min() - 1e-9 <= found.low <= found.high <= all_of_them.max() + 1e-9


def test_two_seeds_have_a_mean_and_no_interval() -> None:
    found = paired_difference(np.ones((2, 9)), np.zeros((2, 9)))
    assert (found.mean, found.is_known, found.is_gain) == (1.0, False, False)
    assert verdict([found]) is Verdict.NOT_TESTED


def test_nothing_to_compare_is_undefined() -> None:
    assert np.isnan(paired_difference(np.empty((0, 0)), np.empty((0, 0))).mean)


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.full((3, 4), np.nan)])
def test_what_is_not_paired_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be"):
        paired_difference(wrong, np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("differences", "held"),
    [
        ([], Verdict.NOT_TESTED),
        ([GAIN, GAIN], Verdict.REPRODUCED),
        ([GAIN, UNCLEAR], Verdict.PARTLY),
        ([UNCLEAR, UNCLEAR], Verdict.NOT_REPRODUCED),
        ([GAIN, LOSS], Verdict.NOT_REPRODUCED),
    ],
)
def test_a_claim_holds_as_far_as_its_intervals_do(differences: list[Difference], held: Verdict) -> None:
    assert verdict(differences) is held

"""Scores that find bad or strange scans: answers worked by hand, and what size alone explains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.measures import Measured
from services.failure.detection import (
    auroc,
    auroc_within,
    bounded,
    drawings,
    interval_of,
    mean_ranks,
    percentile,
    tertile_of,
)

OUTSIDE = np.array([False, False, False, True, True, True])


def test_a_score_that_puts_every_strange_scan_above_every_other_has_auroc_1() -> None:
    assert auroc(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), OUTSIDE).value == 1.0


def test_one_pair_of_nine_in_the_wrong_order_and_one_tied_give_7_5_of_9() -> None:
    assert auroc(np.array([1.0, 2.0, 4.0, 3.0, 4.0, 5.0]), OUTSIDE).value == pytest.approx(7.5 / 9)


def test_scans_without_a_score_do_not_count_and_too_few_have_a_reason() -> None:
    found = auroc(np.array([1.0, 2.0, 3.0, 4.0, 5.0, math.nan]), OUTSIDE)
    assert math.isnan(found.value)
    assert found.reason == "2 of 5 scans are of that kind: fewer than 3 of one"


@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_turning_a_score_round_turns_its_auroc_round(values: list[float]) -> None:
    score = np.array(values)
    assert auroc(-score, OUTSIDE).value == pytest.approx(1 - auroc(score, OUTSIDE).value)


def test_tertiles_are_thirds_and_equal_sizes_stay_together() -> None:
    assert tertile_of(np.array([5.0, 1.0, 3.0, 6.0, 2.0, 4.0])).tolist() == [2, 0, 1, 2, 0, 1]
    assert len(set(tertile_of(np.full(7, 3.0)).tolist())) == 1


def test_size_seems_to_find_failures_until_scans_of_like_size_are_compared() -> None:
    size = np.repeat([1.0, 2.0, 3.0], 6)
    failed = np.isin(np.arange(18), [0, 6, 12, 13, 14, 15])  # one small scan, one middling, four large ones
    assert auroc(size, failed).value == (2.5 + (5 + 2.5) + 4 * (5 + 5 + 1)) / (6 * 12)
    assert auroc_within(size, failed, size).value == 0.5


def test_within_tertiles_pairs_of_all_thirds_count_together() -> None:
    size = np.repeat([1.0, 2.0, 3.0], 3)
    failed = np.array([True, False, False] * 3)
    score = np.array([3.0, 1.0, 2.0, 2.0, 1.0, 3.0, 1.0, 2.0, 3.0])  # wins 2, 1 and 0 of 2 pairs each
    assert auroc_within(score, failed, size).value == 0.5


def test_within_tertiles_a_lone_failure_is_too_few() -> None:
    found = auroc_within(np.arange(6.0), np.arange(6) == 2, np.arange(6.0))
    assert math.isnan(found.value)
    assert "too few" in found.reason


def test_mean_ranks_share_ties_and_leave_out_what_is_undefined_somewhere() -> None:
    values = {"a": [0.9, 0.5], "b": [0.8, 0.5], "c": [0.7, 0.9], "d": [0.1, math.nan]}
    found = mean_ranks(values, highest_first=True)
    assert found.ranks == {"a": 1.75, "c": 2.0, "b": 2.25}
    assert found.left_out == {"d": "undefined in 1 of 2 settings"}


def test_without_a_setting_nothing_is_ranked() -> None:
    found = mean_ranks({"a": [], "b": []}, highest_first=True)
    assert (found.ranks, found.left_out) == ({}, {"a": "no setting", "b": "no setting"})


def test_lowest_first_is_the_same_as_highest_first_of_the_negative() -> None:
    values = {"a": [3.0, 1.0], "b": [2.0, 2.0], "c": [1.0, 3.0]}
    turned = {name: [-value for value in each] for name, each in values.items()}
    assert mean_ranks(values, highest_first=False).ranks == mean_ranks(turned, highest_first=True).ranks


def test_persons_are_drawn_with_all_their_scans() -> None:
    person = np.array([7, 7, 8, 9])
    for places in drawings(person, np.random.default_rng(1), 50):
        assert (places == 0).sum() == (places == 1).sum()
    assert drawings(np.array([1, 1, 2]), np.random.default_rng(1), 50) == []


def test_a_bootstrap_interval_holds_its_figure_and_an_undefined_one_has_none() -> None:
    score = np.random.default_rng(2).normal(size=40)
    drawn = drawings(np.arange(40), np.random.default_rng(3), 400)
    mean, nothing = bounded(lambda at: (Measured(float(score[at].mean())), Measured(math.nan, "why")), 40, drawn)
    assert mean.lower < mean.value < mean.upper
    assert mean.upper - mean.lower == pytest.approx(2 * 1.96 * score.std() / math.sqrt(40), rel=0.15)
    assert math.isnan(nothing.lower)
    assert nothing.reason == "why"
    assert all(map(math.isnan, interval_of(np.array([math.nan]))))


def test_a_percentile_counts_equal_scores_half() -> None:
    assert percentile(2.0, np.array([1.0, 2.0, 3.0, 4.0])).value == 37.5
    assert percentile(math.nan, np.array([1.0])).reason

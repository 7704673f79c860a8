"""Rejection curves worked by hand, and what holds for every map."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.uncertainty.rejection import KEPT, accuracy_rejection, best_area, dice_rejection

Judged = tuple[NDArray[np.float64], NDArray[np.bool_]]


@st.composite
def judged(draw: st.DrawFn) -> Judged:
    """Uncertainty with many ties, and which voxels are wrong."""
    size, levels = draw(st.integers(1, 60)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(levels, size=size).astype(np.float64) / 8, rng.random(size) < draw(st.floats(0, 1))


def test_four_voxels_by_hand() -> None:
    """The most uncertain of four is wrong: W(n)/n is 0 up to n = 3, then (n - 3)/n, with the integral 1 - 3 ln(4/3)."""
    found = accuracy_rejection(np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, False, True]))
    assert found.aac.value == pytest.approx((1 - 3 * math.log(4 / 3)) / 4)
    assert found.accuracy[0] == pytest.approx(0.75)
    assert found.accuracy[KEPT.index(0.88)] == pytest.approx(3 / (4 * 0.88))
    assert found.accuracy[KEPT.index(0.5)] == 1


def test_the_share_to_throw_away_lies_on_the_line_between_two_voxels() -> None:
    """n kept of four, (n - 3)/n = 0.01 at n = 3/0.99: thrown away are 1 - 3/0.99/4 = 0.2424."""
    found = accuracy_rejection(np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, False, True]))
    assert found.tra.value == pytest.approx(1 - 3 / 0.99 / 4)


def test_a_prediction_that_is_right_everywhere_needs_nothing_thrown_away() -> None:
    found = accuracy_rejection(np.array([0.3, 0.1]), np.zeros(2, bool))
    assert (found.aac.value, found.tra.value) == (0, 0)


def test_an_accuracy_that_is_never_reached_is_undefined_and_says_so() -> None:
    found = accuracy_rejection(np.array([0.1, 0.2, 0.3]), np.array([True, False, False]))
    assert math.isnan(found.tra.value)
    assert "99%" in found.tra.reason


def test_an_empty_region_has_no_figures() -> None:
    found = accuracy_rejection(np.zeros(0), np.zeros(0, bool))
    assert math.isnan(found.aac.value)
    assert "no voxel" in found.aac.reason
    assert "no voxel" in dice_rejection(np.zeros(0), np.zeros(0, bool), np.zeros(0, bool)).trd.reason


def test_a_map_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        accuracy_rejection(np.array([0.1, math.nan]), np.zeros(2, bool))


@given(judged())
def test_a_map_that_is_the_same_everywhere_gains_nothing(given: Judged) -> None:
    _, wrong = given
    found = accuracy_rejection(np.zeros(wrong.size), wrong)
    assert found.aac.value == pytest.approx(wrong.mean())
    assert found.accuracy == pytest.approx([1 - wrong.mean()] * len(KEPT))


@given(judged())
def test_no_map_is_better_than_one_that_knows_what_is_wrong(given: Judged) -> None:
    uncertainty, wrong = given
    best = best_area(float(wrong.mean()))
    assert accuracy_rejection(wrong.astype(float), wrong).aac.value == pytest.approx(best, abs=1e-12)
    assert accuracy_rejection(uncertainty, wrong).aac.value >= best - 1e-12


@given(judged())
def test_only_the_order_of_a_map_counts(given: Judged) -> None:
    uncertainty, wrong = given
    before = uncertainty.copy()
    assert accuracy_rejection(uncertainty, wrong) == accuracy_rejection(np.exp(3 * uncertainty) - 7, wrong)
    assert np.array_equal(uncertainty, before)


@given(judged(), st.integers(0, 2**32 - 1))
def test_where_a_voxel_lies_in_memory_does_not_count(given: Judged, seed: int) -> None:
    uncertainty, wrong = given
    shuffled = np.random.default_rng(seed).permutation(wrong.size)
    one, other = accuracy_rejection(uncertainty, wrong), accuracy_rejection(uncertainty[shuffled], wrong[shuffled])
    assert one.aac.value == pytest.approx(other.aac.value, abs=1e-12)
    assert one.tra.value == pytest.approx(other.tra.value, abs=1e-12, nan_ok=True)


@given(judged())
def test_the_area_is_that_below_a_fine_curve(given: Judged) -> None:
    """Beside a sum over 20,000 shares of the line between the ends of tied groups."""
    uncertainty, wrong = given
    levels = np.unique(uncertainty)
    ends = np.concatenate([[0], [(uncertainty <= level).sum() for level in levels]])
    errors = np.concatenate([[0], [wrong[uncertainty <= level].sum() for level in levels]])
    kept = (np.arange(20_000) + 0.5) / 20_000 * wrong.size
    expected = (np.interp(kept, ends, errors) / kept).mean()
    assert accuracy_rejection(uncertainty, wrong).aac.value == pytest.approx(expected, abs=1e-3)


def test_dice_of_what_is_kept_by_hand() -> None:
    """Both have voxel 0, one alone has 1, nobody 2 and 3. Voxel 1 is thrown away first: Dice 2/3, then 1.

    With n = 3 + s kept, Dice is 2/(2 + s), which is 0.95 at s = 2/19: thrown away are (1 - 2/19)/4.
    """
    predicted, reference = np.array([True, True, False, False]), np.array([True, False, False, False])
    found = dice_rejection(np.array([0.1, 0.9, 0.2, 0.3]), predicted, reference)
    assert found.dice[0] == pytest.approx(2 / 3)
    assert found.dice[KEPT.index(0.5)] == 1
    assert found.trd.value == pytest.approx((1 - 2 / 19) / 4)


def test_a_structure_that_is_thrown_away_whole_has_no_dice() -> None:
    mask = np.array([False, True])
    found = dice_rejection(np.array([0.1, 0.9]), mask, ~mask)
    assert math.isnan(found.dice[-1]) is False
    assert math.isnan(found.trd.value)
    alone = dice_rejection(np.array([0.1, 0.9]), mask, mask)
    assert math.isnan(alone.dice[-1])
    assert alone.trd.value == 0

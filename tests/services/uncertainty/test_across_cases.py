"""Many cases as one picture, worked by hand on three of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.uncertainty.across_cases import COLUMNS, Bin, band, histogram, pooled, standing

CURVES = [{"at": [1.0, 0.5], "y": [value, value + 0.1]} for value in (0.5, 0.6, 0.8)]
NUMBERS = st.floats(-1e6, 1e6)


def test_a_value_stands_above_those_below_and_shares_with_its_equals() -> None:
    found = standing(3.0, [1.0, 2.0, 3.0, 9.0])
    assert (found.below, found.same, found.others, found.percentile) == (2, 1, 4, 62.5)


def test_without_others_there_is_no_percentile() -> None:
    assert standing(3.0, []).percentile is None


@given(NUMBERS, st.lists(NUMBERS, min_size=1))
def test_a_percentile_lies_between_0_and_100_and_mirrors(value: float, others: list[float]) -> None:
    share = standing(value, others).percentile
    mirrored = standing(-value, [-other for other in others]).percentile
    assert share is not None
    assert mirrored is not None
    assert 0 <= share <= 100
    assert share + mirrored == pytest.approx(100)


def test_a_band_holds_the_middle_of_the_curves_at_each_point() -> None:
    """Percentiles of 0.5, 0.6 and 0.8: between them as numpy has it."""
    found = band(CURVES, "at", "y")
    assert found is not None
    assert (found.at, found.cases) == ((1.0, 0.5), 3)
    assert found.low == pytest.approx((0.52, 0.62))
    assert found.middle == pytest.approx((0.6, 0.7))
    assert found.high == pytest.approx((0.76, 0.86))


def test_a_point_without_a_value_is_left_out_there_and_a_curve_on_other_points_everywhere() -> None:
    found = band([*CURVES, {"at": [1.0, 0.5], "y": [None, 0.9]}, {"at": [1.0], "y": [0.1]}, {}], "at", "y")
    assert found is not None
    assert found.cases == 4
    assert found.middle == pytest.approx((0.6, 0.8))
    nowhere = band([{"at": [1.0], "y": [None]}], "at", "y")
    assert nowhere is not None
    assert nowhere.middle == (None,)
    assert band([], "at", "y") is None


def test_bins_of_all_cases_are_weighted_by_their_voxels() -> None:
    one = {"count": [10, 0, 5], "confidence": [0.1, None, 0.9], "right": [0.2, None, 1.0]}
    two = {"count": [30, 0, 0], "confidence": [0.2, None, None], "right": [0.0, None, None]}
    first, last = pooled([one, two, {}])
    assert (first.count, first.cases, last) == (40, 2, Bin(5, 0.9, 1.0, 1))
    assert [first.confidence, first.right] == pytest.approx([0.175, 0.05])
    assert pooled([]) == ()


def test_a_histogram_counts_every_value_once_from_0_on() -> None:
    edges, counts = histogram({"generated": [0.0, 0.5, 1.0], "real": [1.0], "nobody": []})
    assert (edges[0], edges[-1], len(edges)) == (0.0, 1.0, COLUMNS + 1)
    assert {name: sum(of_group) for name, of_group in counts.items()} == {"generated": 3, "real": 1}
    assert counts["real"][-1] == 1
    assert histogram({"generated": []}) == ((), {})
    assert histogram({"generated": [0.0]})[0][-1] == 1.0

"""Scores of small maps worked by hand, and what holds for every map."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.aggregation import strategies
from services.aggregation.maps import EMPTY, DoubtMap

Pair = tuple[NDArray[np.float64], NDArray[np.uint8]]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """A map with ties, 2D or 3D, and predicted classes of which some voxel is no background."""
    shape = tuple(draw(st.lists(st.integers(2, 6), min_size=2, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(3, size=shape).astype(np.uint8)
    labels.flat[0] = 1
    return rng.integers(draw(st.integers(1, 9)), size=shape) / 8, labels


def padded(pair: Pair, margin: int) -> Pair:
    return np.pad(pair[0], margin), np.pad(pair[1], margin)


def of(values: list[list[float]], labels: list[list[int]] | None = None) -> DoubtMap:
    found = np.array(values)
    return DoubtMap.of(found, np.array(labels or np.zeros(found.shape), np.uint8))


def test_four_voxels_by_hand() -> None:
    """Quantile 0.5 of 0, 0.2, 0.4, 0.8 is 0.3; half is predicted, so the foreground-ratio quantile is the same."""
    doubt = of([[0.0, 0.2], [0.4, 0.8]], [[0, 0], [1, 2]])
    assert strategies.mean(doubt).value == pytest.approx(0.35)
    assert strategies.above_threshold(doubt, 0.2).value == pytest.approx(1.4 / 3)
    assert strategies.above_quantile(doubt, 0.5).value == pytest.approx(0.6)
    assert strategies.foreground_quantile(doubt).value == pytest.approx(0.6)
    assert strategies.class_mean(doubt, by_size=False).value == pytest.approx(0.6)
    assert strategies.patch_maximum(doubt, (1, 2)).value == pytest.approx(0.6)


def test_a_large_class_weighs_more_only_by_size() -> None:
    doubt = of([[0.9, 0.1, 0.1, 0.1]], [[1, 2, 2, 2]])
    assert strategies.class_mean(doubt, by_size=False).value == pytest.approx(0.5)
    assert strategies.class_mean(doubt, by_size=True).value == pytest.approx(0.3)


def test_the_border_is_what_has_a_neighbour_outside_and_the_interior_the_rest() -> None:
    values, labels = np.full((5, 5, 5), 0.5), np.zeros((5, 5, 5), np.uint8)
    labels[1:4, 1:4, 1:4], values[2, 2, 2] = 1, 0.1
    doubt = DoubtMap.of(values, labels)
    assert strategies.boundary_mean(doubt).value == pytest.approx(0.5)
    assert strategies.interior_mean(doubt).value == pytest.approx(0.1)
    assert strategies.interior_mean(DoubtMap.of(values, (values < 0.2).astype(np.uint8))).reason.endswith("interior")


def test_raising_doubt_can_lower_the_mean_above_a_threshold_and_never_lowers_the_mean() -> None:
    """The paper's example: one voxel more is above the threshold, and lowers the mean of those."""
    before, after = of([[0.9, 0.4]]), of([[0.9, 0.6]])
    assert strategies.above_threshold(after, 0.5).value < strategies.above_threshold(before, 0.5).value
    assert strategies.mean(after).value > strategies.mean(before).value


def test_where_nothing_is_predicted_what_rests_on_it_is_undefined() -> None:
    doubt = of([[0.3, 0.4]])
    rest = (strategies.foreground_quantile, strategies.boundary_mean, strategies.interior_mean)
    found = [*(one(doubt) for one in rest), *(strategies.class_mean(doubt, by_size=one) for one in (False, True))]
    assert all(math.isnan(one.value) and one.reason == EMPTY for one in found)
    assert strategies.mean(doubt).value == pytest.approx(0.35)


def test_where_no_voxel_counts_nothing_is_defined() -> None:
    doubt = DoubtMap.of(np.ones((2, 2)), np.ones((2, 2), np.uint8), inside=np.zeros((2, 2), bool))
    found = (strategies.mean(doubt), strategies.above_quantile(doubt, 0.5), strategies.patch_maximum(doubt, (1, 1)))
    assert all(math.isnan(one.value) and one.reason == strategies.NOTHING_COUNTS for one in found)


def test_maps_of_other_shapes_or_without_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="share one grid"):
        DoubtMap.of(np.zeros((2, 2)), np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match="must hold numbers"):
        DoubtMap.of(np.array([[np.nan]]), np.zeros((1, 1), np.uint8))


@given(pairs(), st.sampled_from([0.0, 0.25, 0.6, 0.9, 1.0]))
def test_quantiles_are_those_of_numpy(pair: Pair, q: float) -> None:
    assert DoubtMap.of(*pair).quantile(q) == pytest.approx(np.quantile(pair[0], q), abs=1e-15)


@given(pairs())
def test_scores_lie_between_the_lowest_and_the_highest_value_and_rise_with_the_quantile(pair: Pair) -> None:
    doubt = DoubtMap.of(*pair)
    above = [strategies.above_quantile(doubt, q).value for q in (0.0, 0.6, 0.75, 0.9, 1.0)]
    assert above == sorted(above)
    assert above[0] == pytest.approx(strategies.mean(doubt).value)
    assert above[-1] == pytest.approx(pair[0].max())
    classes = [strategies.class_mean(doubt, by_size=one).value for one in (False, True)]
    assert all(pair[0].min() - 1e-12 <= one <= pair[0].max() + 1e-12 for one in classes)


@given(pairs(), st.integers(0, 2**32 - 1))
def test_where_voxels_lie_changes_neither_the_mean_nor_quantiles_nor_class_means(pair: Pair, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(pair[0].size)
    moved = pair[0].ravel()[order].reshape(pair[0].shape), pair[1].ravel()[order].reshape(pair[1].shape)
    for one in (
        strategies.mean,
        strategies.foreground_quantile,
        lambda doubt: strategies.class_mean(doubt, by_size=False),
    ):
        assert one(DoubtMap.of(*moved)).value == pytest.approx(one(DoubtMap.of(*pair)).value)


@given(pairs(), st.integers(1, 4))
def test_background_around_it_changes_the_mean_and_no_class_mean(pair: Pair, margin: int) -> None:
    wider = DoubtMap.of(*padded(pair, margin))
    for by_size in (False, True):
        found = strategies.class_mean(wider, by_size=by_size)
        assert found.value == pytest.approx(strategies.class_mean(DoubtMap.of(*pair), by_size=by_size).value)
    assert strategies.mean(wider).value <= strategies.mean(DoubtMap.of(*pair)).value


@given(pairs(), st.integers(1, 4))
def test_an_image_beyond_the_box_counts_as_if_its_zeros_were_there(pair: Pair, margin: int) -> None:
    wide = padded(pair, margin)
    box = DoubtMap.of(*padded(pair, 1), image=wide[0].shape)
    for q in (0.5, 0.9):
        assert strategies.above_quantile(box, q).value == pytest.approx(
            strategies.above_quantile(DoubtMap.of(*wide), q).value
        )
    for one in (strategies.mean, strategies.foreground_quantile):
        assert one(box).value == pytest.approx(one(DoubtMap.of(*wide)).value)


@given(pairs(), st.integers(1, 3))
def test_the_patch_maximum_is_that_of_all_windows_within_the_map(pair: Pair, side: int) -> None:
    size = tuple(min(side, length) for length in pair[0].shape)
    windows = np.lib.stride_tricks.sliding_window_view(pair[0], size)
    expected = windows.mean(axis=tuple(range(pair[0].ndim, 2 * pair[0].ndim))).max()
    assert strategies.patch_maximum(DoubtMap.of(*pair), size).value == pytest.approx(expected)


@given(pairs())
def test_nothing_is_written_into_what_is_given(pair: Pair) -> None:
    before = pair[0].copy(), pair[1].copy()
    doubt = DoubtMap.of(*pair)
    strategies.foreground_quantile(doubt)
    strategies.patch_maximum(doubt, (2,) * pair[0].ndim)
    assert np.array_equal(pair[0], before[0])
    assert np.array_equal(pair[1], before[1])

"""Majority, STAPLE and opinion pool: by hand, against SimpleITK, and above the numbers that float32 can count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.experts.consensus import logarithmic_opinion_pool, majority, staple
from services.experts.votes import Votes, count_votes, disputed_region

TABLE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 1, 1]], np.uint8)
SENSITIVITY = (0.7099321351263529, 0.9999999999999785, 0.5976368359180019)
SPECIFICITY = (1.0, 0.9404395344977173, 0.982120620412116)
masks = arrays(np.uint8, (4, 2, 3, 4), elements=st.integers(0, 1))


def drawn_by_three() -> np.ndarray:
    """A ball, one a voxel wider, and one moved to a side with a lapse."""
    k, j, i = np.indices((12, 16, 16))
    ball = (k - 6) ** 2 + (j - 8) ** 2 + (i - 8) ** 2
    moved = ((k - 6) ** 2 + (j - 8) ** 2 + (i - 10) ** 2 < 20) & (k != 5)
    return np.stack([ball < 18, ball < 27, moved]).astype(np.uint8)


@given(arrays(np.uint8, (3, 2, 3, 3), elements=st.integers(0, 2)))
def test_votes_are_counted_and_found_again(drawn: np.ndarray) -> None:
    votes = count_votes(drawn, classes=3)
    assert votes.counts.sum() == drawn[0].size
    for reader, one in enumerate(drawn):
        np.testing.assert_array_equal(votes.on_voxels(votes.table[:, reader]), one)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="below the number of classes"):
        count_votes(np.full((1, 1, 1, 1), 2, np.uint8), classes=2)
    with pytest.raises(ValueError, match="different votes"):
        count_votes(np.zeros((40, 1, 1, 1), np.uint8), classes=2)
    with pytest.raises(ValueError, match="came from voxels"):
        Votes(TABLE, np.ones(5, np.int64), 2).on_voxels(np.zeros(5))
    assert disputed_region(np.zeros((2, 3, 3, 3), np.uint8)) is None


def test_of_equally_many_the_lowest_class_and_it_is_said() -> None:
    drawn = np.array([[0, 1, 2, 2], [0, 1, 1, 2]], np.uint8).reshape(2, 1, 1, 4)
    votes = count_votes(drawn, classes=3)
    found = majority(votes)
    np.testing.assert_array_equal(votes.on_voxels(found.labels).ravel(), [0, 1, 1, 2])
    np.testing.assert_array_equal(votes.on_voxels(found.tied).ravel(), [False, False, True, False])
    assert found.tied_voxels == 1


def test_one_round_of_staple_by_hand() -> None:
    """Two readers, equal trust 0.9: two against none 0.9^2 to 0.1^2, and the prior 1/2 falls out."""
    votes = Votes(np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.uint8), np.array([4, 1, 1, 4]), 2)
    first = staple(votes, trust=0.9, most_rounds=1)
    np.testing.assert_allclose(first.probability[:, 1], [0.01 / 0.82, 0.5, 0.5, 0.81 / 0.82])
    weight = 4 * 0.01 / 0.82 + 1 + 4 * 0.81 / 0.82
    np.testing.assert_allclose(first.sensitivity, (0.5 + 4 * 0.81 / 0.82) / weight)
    assert (first.rounds, first.converged) == (1, False)


def test_staple_agrees_with_simpleitk() -> None:
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK comes with the extra bench")
    drawn = drawn_by_three()
    reference = sitk.STAPLEImageFilter()
    reference.SetForegroundValue(1)
    truth = sitk.GetArrayFromImage(reference.Execute([sitk.GetImageFromArray(one) for one in drawn]))
    votes = count_votes(drawn, classes=2)
    ours = staple(votes)
    assert ours.converged
    np.testing.assert_allclose(votes.on_voxels(ours.probability[:, 1]), truth, atol=1e-5)
    np.testing.assert_allclose(ours.sensitivity, reference.GetSensitivity(), atol=1e-5)
    np.testing.assert_allclose(ours.specificity, reference.GetSpecificity(), atol=1e-5)


def test_staple_gives_what_simpleitk_gave() -> None:
    """The figures of SimpleITK 2.5.7 for the same three masks, for where it is not installed."""
    ours = staple(count_votes(drawn_by_three(), classes=2))
    np.testing.assert_allclose(ours.sensitivity, SENSITIVITY, atol=1e-4)
    np.testing.assert_allclose(ours.specificity, SPECIFICITY, atol=1e-4)


def test_counts_beyond_what_float32_can_hold_are_exact() -> None:
    """2^24 + 1 is no float32: adding ones there stops. The same shares of many and of few voxels give the same."""
    assert np.float32(2**24) + np.float32(1) == np.float32(2**24)
    few = np.array([900, 12, 60, 300, 7], np.int64)
    many = few * (2**24 + 1)
    one, other = (staple(Votes(TABLE, counts, 2)) for counts in (few, many))
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-12)
    np.testing.assert_allclose(one.prior, other.prior, rtol=1e-15)
    lone = np.array([2**26, 1, 0, 2**26, 0], np.int64)
    kept = lone > 0
    assert staple(Votes(TABLE[kept], lone[kept], 2)).prior[1] == (2**26 * 3 + 1) / (3 * (2 * 2**26 + 1))


@given(masks)
def test_readers_who_agree_are_the_truth(drawn: np.ndarray) -> None:
    drawn = np.repeat(drawn[:1], 3, axis=0)
    votes = count_votes(drawn, classes=2)
    estimated = votes.on_voxels(staple(votes).probability.argmax(axis=1))
    np.testing.assert_array_equal(estimated, drawn[0])


@given(masks, st.permutations(range(4)))
def test_the_order_of_readers_changes_nothing(drawn: np.ndarray, order: list[int]) -> None:
    first, second = (count_votes(some, classes=2) for some in (drawn, drawn[order]))
    one, other = (votes.on_voxels(staple(votes, most_rounds=9).probability[:, 1]) for votes in (first, second))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_staple_of_three_classes_trusts_the_two_who_agree() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, (1, 20, 20)).astype(np.uint8)
    wrong = np.where(rng.random(truth.shape) < 0.4, (truth + 1) % 3, truth).astype(np.uint8)
    votes = count_votes(np.stack([truth, truth, wrong]), classes=3)
    found = staple(votes)
    np.testing.assert_array_equal(votes.on_voxels(found.probability.argmax(axis=1)), truth)
    np.testing.assert_allclose(np.trace(found.theta[2]) / 3, (wrong == truth).mean(), atol=0.03)


def test_a_class_that_nobody_drew_has_no_sensitivity() -> None:
    found = staple(count_votes(np.zeros((2, 2, 2, 2), np.uint8), classes=2))
    assert np.isnan(found.sensitivity).all()
    np.testing.assert_array_equal(found.specificity, 1)


def test_the_opinion_pool_by_hand() -> None:
    """sqrt(0.9 * 0.5) to sqrt(0.1 * 0.5): 3 to 1."""
    shares = np.array([[0.1, 0.9], [0.5, 0.5]]).reshape(2, 2, 1, 1, 1)
    np.testing.assert_allclose(logarithmic_opinion_pool(shares).ravel(), [0.25, 0.75], rtol=1e-6)
    alone = logarithmic_opinion_pool(shares, weights=np.array([1.0, 0.0]))
    np.testing.assert_allclose(alone.ravel(), [0.1, 0.9], rtol=1e-6)


def test_nobody_has_a_veto() -> None:
    """One of two is certain, the other says 0.9: (1 * 0.1) to (0.001 * 0.9), square roots."""
    shares = np.array([[1.0, 0.0], [0.1, 0.9]]).reshape(2, 2, 1, 1, 1)
    ratio = np.divide(*logarithmic_opinion_pool(shares, floor=1e-3).ravel())
    assert ratio == pytest.approx(np.sqrt(0.1 / (1e-3 * 0.9)), rel=1e-5)
    with pytest.raises(ValueError, match="sum to 1"):
        logarithmic_opinion_pool(shares, weights=np.array([1.0, 1.0]))

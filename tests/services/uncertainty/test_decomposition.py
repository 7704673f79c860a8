"""Doubt of an ensemble: known answers, and what holds for every ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.uncertainty.decomposition import ONE_MEMBER, Decomposition, Uncertainty, softmax_response

LN2 = float(np.log(2))
Samples = NDArray[np.float32]


def decomposed(samples: Samples) -> Uncertainty:
    sums = Decomposition()
    for probability in samples:
        sums.add(probability)
    return sums.result()


def voxel(*probabilities: float) -> Samples:
    """One voxel, (class, 1, 1, 1)."""
    return np.array(probabilities, dtype=np.float32).reshape(-1, 1, 1, 1)


@st.composite
def ensembles(draw: st.DrawFn) -> Samples:
    members, classes = draw(st.integers(2, 6)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sharpness = draw(st.sampled_from([0.01, 1.0, 30.0, 300.0]))
    logits = sharpness * rng.standard_normal((members, classes, 2, 3, 4))
    power = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (power / power.sum(axis=1, keepdims=True)).astype(np.float32)


def test_members_that_are_sure_of_opposites_disagree_and_doubt_nothing_themselves() -> None:
    found = decomposed(np.stack([voxel(1, 0), voxel(0, 1)]))
    assert found.predictive_entropy.item() == pytest.approx(LN2)
    assert found.expected_entropy.item() == 0
    assert found.mutual_information is not None
    assert found.mutual_information.item() == pytest.approx(LN2)


def test_members_that_all_toss_a_coin_doubt_and_do_not_disagree() -> None:
    found = decomposed(np.stack([voxel(0.5, 0.5)] * 5))
    assert found.expected_entropy.item() == pytest.approx(LN2)
    assert found.mutual_information is not None
    assert found.mutual_information.item() == 0


def test_three_members_worked_by_hand() -> None:
    """Mean (0.5, 0.3, 0.2): H = 0.3466 + 0.3612 + 0.3219; the members' own are 0, ln 2 and 0.9433."""
    found = decomposed(np.stack([voxel(1, 0, 0), voxel(0, 0.5, 0.5), voxel(0.5, 0.4, 0.1)]))
    np.testing.assert_allclose(found.mean.ravel(), [0.5, 0.3, 0.2], atol=1e-7)
    assert found.predictive_entropy.item() == pytest.approx(1.029653, abs=1e-5)
    assert found.expected_entropy.item() == pytest.approx((0 + LN2 + 0.943348) / 3, abs=1e-5)


def test_one_member_has_no_mutual_information_rather_than_none_of_it() -> None:
    found = decomposed(voxel(0.9, 0.1)[None])
    assert found.mutual_information is None
    assert found.predictive_entropy.item() == found.expected_entropy.item() > 0
    assert "at least two members" in ONE_MEMBER
    assert found.member_variance is None
    assert found.bernoulli_variance.item() == pytest.approx(2 * 0.9 * 0.1, abs=1e-7)


def test_variances_of_three_members_worked_by_hand() -> None:
    """Class 1: 1, 0, 0.5, whose variance is 1/6; class 2: 0, 0.5, 0.4, 0.14/3; class 3: 0, 0.5, 0.1, 0.14/3.

    p (1 - p) summed over classes: 0; 0.5; 0.25 + 0.24 + 0.09.
    """
    found = decomposed(np.stack([voxel(1, 0, 0), voxel(0, 0.5, 0.5), voxel(0.5, 0.4, 0.1)]))
    assert found.member_variance is not None
    assert found.member_variance.item() == pytest.approx(1 / 6 + 2 * 0.14 / 3, abs=1e-6)
    assert found.bernoulli_variance.item() == pytest.approx((0 + 0.5 + 0.58) / 3, abs=1e-6)


def test_the_softmax_response_is_how_far_the_most_probable_class_is_from_certain() -> None:
    assert softmax_response(voxel(0.5, 0.3, 0.2)).item() == pytest.approx(0.5)
    assert softmax_response(voxel(1, 0)).item() == 0


@given(ensembles())
def test_all_doubt_is_what_members_doubt_and_what_they_disagree_about(samples: Samples) -> None:
    found = decomposed(samples)
    assert found.mutual_information is not None
    parts = found.expected_entropy.astype(np.float64) + found.mutual_information
    np.testing.assert_allclose(found.predictive_entropy, parts, atol=1e-6)
    assert found.mutual_information.min() >= 0
    assert found.predictive_entropy.max() <= np.log(samples.shape[1]) + 1e-6


@given(ensembles())
def test_all_variance_is_that_within_members_and_that_between_them(samples: Samples) -> None:
    """The law of total variance: sum_c p (1 - p) of the mean p; numpy's variance divides by the number of members."""
    found, exact = decomposed(samples), samples.astype(np.float64)
    assert found.member_variance is not None
    np.testing.assert_allclose(found.member_variance, exact.var(axis=0).sum(axis=0), atol=1e-6)
    mean = exact.mean(axis=0)
    parts = found.bernoulli_variance.astype(np.float64) + found.member_variance
    np.testing.assert_allclose(parts, (mean - mean**2).sum(axis=0), atol=1e-6)
    assert min(found.bernoulli_variance.min(), found.member_variance.min()) >= 0
    assert max(found.bernoulli_variance.max(), found.member_variance.max()) <= 1 - 1 / samples.shape[1] + 1e-6


@given(ensembles())
def test_what_lies_below_zero_is_rounding_only(samples: Samples) -> None:
    exact = samples.astype(np.float64)
    mean = exact.mean(axis=0)
    difference = -np.sum(mean * np.log(np.maximum(mean, 1e-300)), axis=0) + np.mean(
        np.sum(exact * np.log(np.maximum(exact, 1e-300)), axis=1), axis=0
    )
    assert difference.min() > -1e-12


@given(ensembles())
def test_the_order_of_members_does_not_matter_and_they_are_only_read(samples: Samples) -> None:
    before = samples.copy()
    forwards, backwards = decomposed(samples), decomposed(samples[::-1])
    np.testing.assert_array_equal(samples, before)
    np.testing.assert_allclose(forwards.predictive_entropy, backwards.predictive_entropy, atol=1e-6)
    np.testing.assert_allclose(forwards.mean, backwards.mean, atol=1e-6)


@given(ensembles(), st.sampled_from([1, 2, 3]))
def test_a_mirrored_ensemble_has_mirrored_maps(samples: Samples, axis: int) -> None:
    found, mirrored = decomposed(samples), decomposed(np.flip(samples, axis + 1))
    np.testing.assert_array_equal(np.flip(found.expected_entropy, axis - 1), mirrored.expected_entropy)


def test_running_sums_are_those_of_all_members_at_once() -> None:
    rng = np.random.default_rng(0)
    samples = rng.dirichlet([0.5, 0.5, 0.5], size=(10, 4, 5, 6)).transpose(0, 4, 1, 2, 3)
    found = decomposed(samples.astype(np.float32))
    mean = samples.mean(axis=0)
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.predictive_entropy, -(mean * np.log(mean)).sum(axis=0), atol=1e-5)


@pytest.mark.parametrize("wrong", [voxel(2, -1), voxel(0.2, 0.2), voxel(np.nan, 0.5), voxel(3.0, 9.0)])
def test_logits_and_holes_are_refused_and_leave_the_sums_as_they_were(wrong: Samples) -> None:
    sums = Decomposition()
    sums.add(voxel(0.5, 0.5))
    with pytest.raises(ValueError, match="sum to 1"):
        sums.add(wrong)
    assert sums.result().members == 1


def test_members_of_other_shapes_are_refused() -> None:
    sums = Decomposition()
    with pytest.raises(ValueError, match="background first"):
        sums.add(np.ones((1, 2, 2, 2)))
    sums.add(voxel(0.5, 0.5))
    with pytest.raises(ValueError, match="one grid"):
        sums.add(voxel(0.5, 0.25, 0.25))
    with pytest.raises(ValueError, match="must have a member"):
        Decomposition().result()


def test_probabilities_that_were_stored_in_255_steps_are_taken() -> None:
    stored = np.round(voxel(1 / 3, 1 / 3, 1 / 3) * 255).astype(np.uint8) / 255
    assert decomposed(np.stack([stored, stored])).members == 2

"""Soft labels by hand: shares of readers, and the kernel of SVLS as published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.experts.soft_labels import mean_one_hot, smoothed, svls, svls_kernel

maps = arrays(np.uint8, (3, 3, 4, 5), elements=st.integers(0, 2))


def test_a_share_is_the_readers_who_said_so() -> None:
    drawn = np.array([0, 1, 1, 2], np.uint8).reshape(4, 1, 1, 1)
    np.testing.assert_array_equal(mean_one_hot(drawn, classes=3).ravel(), [0.25, 0.5, 0.25])


def test_the_kernel_by_hand() -> None:
    kernel = svls_kernel()
    faces, edges, corners = np.exp(-0.5), np.exp(-1.0), np.exp(-1.5)
    around = 6 * faces + 12 * edges + 8 * corners
    assert kernel[1, 1, 1] == 0.5
    assert kernel.sum() == pytest.approx(1)
    assert kernel[0, 1, 1] == pytest.approx(faces / around / 2)
    assert kernel[0, 0, 1] == pytest.approx(edges / around / 2)
    assert kernel[2, 0, 2] == pytest.approx(corners / around / 2)


def test_smoothing_as_the_authors_code_does_it() -> None:
    """Gaussian normalised, its middle set to the sum of the rest, all divided by its new sum; edges repeated."""
    grid = np.stack(np.meshgrid(*3 * [np.arange(3)], indexing="ij"), axis=-1) - 1
    weights = np.exp(-(grid**2).sum(axis=-1) / 2)
    weights /= weights.sum()
    weights[1, 1, 1] = 1 - weights[1, 1, 1]
    weights /= weights.sum()
    drawn = np.random.default_rng(1).integers(0, 2, (1, 3, 3, 3)).astype(np.uint8)
    padded = np.pad(drawn[0] == 1, 1, mode="edge")
    by_hand = [(padded[k : k + 3, 1:4, 2:5] * weights).sum() for k in range(3)]
    np.testing.assert_allclose(svls(drawn, classes=2)[1, :, 1, 2], by_hand, rtol=1e-6)


@given(maps)
def test_classes_sum_to_1_and_nobody_loses_half_of_his_label(drawn: np.ndarray) -> None:
    before = drawn.copy()
    soft = svls(drawn, classes=3)
    np.testing.assert_allclose(soft.sum(axis=0), 1, atol=1e-5)
    assert (soft >= mean_one_hot(drawn, classes=3) / 2 - 1e-6).all()
    np.testing.assert_array_equal(drawn, before)


@given(maps)
def test_smoothing_the_mean_is_the_mean_of_the_smoothed(drawn: np.ndarray) -> None:
    apart = np.mean([svls(one[None], classes=3) for one in drawn], axis=0)
    np.testing.assert_allclose(smoothed(mean_one_hot(drawn, classes=3)), apart, atol=1e-6)


def test_nothing_changes_where_one_class_is_all_around() -> None:
    np.testing.assert_allclose(svls(np.ones((2, 4, 4, 4), np.uint8), classes=2)[1], 1, atol=1e-6)


def test_nobody_and_no_width_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_one_hot(np.zeros((0, 1, 1, 1), np.uint8), classes=2)
    with pytest.raises(ValueError, match="above 0"):
        svls_kernel(0)

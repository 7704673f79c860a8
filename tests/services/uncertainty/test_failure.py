"""Failure detection worked by hand, and what holds for every score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.uncertainty.failure import augrc, aurc, auroc_of, failure_figures
from services.uncertainty.rejection import best_area

Scored = tuple[NDArray[np.float64], NDArray[np.float64]]


@st.composite
def scored(draw: st.DrawFn) -> Scored:
    size = draw(st.integers(8, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(draw(st.integers(1, 12)), size=size).astype(float), rng.random(size)


def test_three_scans_by_hand() -> None:
    """Risks 0.1, 0.4, 0.1 in the order of the score: means 0.1, 0.25, 0.2; running sums 0, 0.1, 0.5, 0.6."""
    score, risk = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.4, 0.1])
    assert aurc(score, risk) == pytest.approx((0.1 + 0.25 + 0.2) / 3)
    assert augrc(score, risk) == pytest.approx((0.05 + 0.3 + 0.55) / 9)


def test_the_best_augrc_of_failures_that_are_all_or_nothing() -> None:
    """Half the square of the share that fails (Traub et al. 2024)."""
    failed = np.repeat([0.0, 1.0], [70, 30])
    assert augrc(failed, failed) == pytest.approx(0.5 * 0.3**2)


def test_the_best_aurc_of_many_failures_nears_its_formula() -> None:
    """e + (1 - e) ln(1 - e) for e = 0.3, as for voxels."""
    failed = np.repeat([0.0, 1.0], [70_000, 30_000])
    assert aurc(failed, failed) == pytest.approx(best_area(0.3), abs=1e-4)


def test_auroc_by_hand() -> None:
    """Pairs (failed, not): 3 failed scores 4, 2, 2 and others 1, 2, 3: 4 beats all; each 2 beats 1 and ties with 2."""
    failed = np.array([True, True, True, False, False, False])
    assert auroc_of(np.array([4.0, 2, 2, 1, 2, 3]), failed).value == pytest.approx((3 + 1.5 + 1.5) / 9)


def test_too_few_failures_have_no_auroc_and_the_other_figures_stand() -> None:
    found = failure_figures(np.arange(8.0), np.full(8, 0.9), failed_below=0.8)
    assert math.isnan(found.auroc.value)
    assert found.auroc.reason == "0 of 8 scans failed: fewer than 3 of a kind"
    assert found.aurc.value == pytest.approx(0.1)


def test_too_few_scans_have_no_figures() -> None:
    found = failure_figures(np.array([1.0] * 7 + [math.nan]), np.full(8, 0.9), failed_below=0.8)
    assert {one.reason for one in found} == {"fewer than 8 scans"}


@given(scored())
def test_no_score_is_better_than_the_risk_itself(given: Scored) -> None:
    score, risk = given
    found = failure_figures(score, 1 - risk, failed_below=0.5)
    assert found.excess.value >= -1e-12
    assert failure_figures(risk, 1 - risk, failed_below=0.5).excess.value == pytest.approx(0, abs=1e-12)
    assert augrc(risk, risk) <= augrc(score, risk) + 1e-12


@given(scored())
def test_a_score_that_says_nothing_has_the_mean_risk(given: Scored) -> None:
    _, risk = given
    same = np.zeros(len(risk))
    assert aurc(same, risk) == pytest.approx(risk.mean())
    assert augrc(same, risk) == pytest.approx(risk.mean() / 2)


@given(scored())
def test_only_the_order_of_a_score_counts(given: Scored) -> None:
    score, risk = given
    one, other = (failure_figures(each, 1 - risk, failed_below=0.5) for each in (score, np.exp(score) + 3))
    assert [figure.value for figure in one] == pytest.approx([figure.value for figure in other], nan_ok=True)

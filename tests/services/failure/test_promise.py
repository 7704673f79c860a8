"""What is promised of a threshold holds in repeated draws; what cannot be promised is refused with what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.failure.promise import (
    BENTKUS,
    BINOMIAL,
    NONE_DRAWN,
    NONE_KEEPS,
    ONLY_ALL,
    Audited,
    fewest,
    last_rejected,
    p_values,
    promised,
)

ALPHA, DELTA, SHARE, CASES, DRAWS = 0.05, 0.10, 0.25, 1200, 1000
GRID = np.linspace(0, 1, 101)


def risk_of(threshold: np.ndarray) -> np.ndarray:
    """Scores are even on [0, 1], and a case with score s is unacceptable with probability 0.3 s: R(t) = 0.15 t^2."""
    return 0.15 * threshold**2


def drawn_losses(rng: np.random.Generator) -> np.ndarray:
    """(draw, threshold): how many of CASES were drawn, unacceptable, and below each threshold."""
    scores = rng.random((DRAWS, CASES))
    bad = rng.random((DRAWS, CASES)) < 0.3 * scores
    counted = bad & (rng.random((DRAWS, CASES)) < SHARE)
    return np.stack(
        [
            np.bincount(_first_above(row[one]), minlength=102)[:101].cumsum()
            for row, one in zip(scores, counted, strict=True)
        ]
    )


def _first_above(scores: np.ndarray) -> np.ndarray:
    """The first place of GRID whose threshold lies above each score."""
    return np.searchsorted(GRID, scores, side="right")


def test_in_1000_draws_the_true_risk_exceeds_alpha_in_at_most_delta_and_three_standard_errors() -> None:
    losses = drawn_losses(np.random.default_rng(20261125))
    chosen = last_rejected(p_values(losses, CASES, SHARE * ALPHA, exact=True), DELTA)
    broken = (risk_of(GRID[chosen]) > ALPHA).mean()
    assert broken <= DELTA + 3 * math.sqrt(DELTA * (1 - DELTA) / DRAWS)
    assert np.median(risk_of(GRID[chosen])) > ALPHA / 2, "a threshold that flags everything would keep any promise"


def test_the_same_draws_break_a_threshold_that_is_chosen_by_its_estimate_alone() -> None:
    losses = drawn_losses(np.random.default_rng(20261125))
    naive = (losses / (CASES * SHARE) <= ALPHA).cumprod(axis=1).sum(axis=1) - 1
    assert (risk_of(GRID[naive]) > ALPHA).mean() > 0.3


def test_unequal_probabilities_keep_the_promise_too() -> None:
    rng = np.random.default_rng(7)
    likely = np.where(rng.random((DRAWS, CASES)) < 0.5, SHARE, 2 * SHARE)
    scores = rng.random((DRAWS, CASES))
    counted = (rng.random((DRAWS, CASES)) < 0.3 * scores) & (rng.random((DRAWS, CASES)) < likely)
    losses = np.stack([(SHARE / likely * (counted & (scores < threshold))).sum(axis=1) for threshold in GRID], axis=1)
    chosen = last_rejected(p_values(losses, CASES, SHARE * ALPHA, exact=False), DELTA)
    broken = (risk_of(GRID[chosen]) > ALPHA).mean()
    assert broken <= DELTA + 3 * math.sqrt(DELTA * (1 - DELTA) / DRAWS)
    assert np.median(risk_of(GRID[chosen])) > 0.01


def test_one_loss_in_a_hundred_trials_is_the_binomial_by_hand() -> None:
    """P(at most 1 of 100 at 0.05) = 0.95^100 + 100 * 0.05 * 0.95^99."""
    found = p_values(np.array([0.0, 1.0]), 100, 0.05, exact=True)
    assert found == pytest.approx([0.95**100, 0.95**100 + 5 * 0.95**99])


@given(st.integers(0, 40), st.floats(0.01, 0.4))
def test_the_bound_for_unequal_draws_is_never_finer_than_the_exact_one(losses: int, mean: float) -> None:
    exact, wider = (p_values(np.array([float(losses)]), 200, mean, exact=one)[0] for one in (True, False))
    assert wider >= exact * (1 - 1e-9)


def test_tests_go_on_until_the_first_that_cannot_be_rejected() -> None:
    assert last_rejected(
        np.array([[0.01, 0.05, 0.2, 0.01], [0.5, 0.0, 0.0, 0.0], [0.1, 0.1, 0.1, 0.1]]), 0.1
    ).tolist() == [
        1,
        -1,
        3,
    ]


def test_45_drawn_cases_without_failure_are_needed_at_alpha_5_and_delta_10_per_cent() -> None:
    assert fewest(0.05, 0.10, 1.0) == 45  # 0.95^44 = 0.105, 0.95^45 = 0.099
    assert fewest(0.05, 0.10, 0.05) == 920


def audits(count: int, *, bad: tuple[float, ...] = ()) -> list[Audited]:
    fine = [Audited(place / count, 1.0, unacceptable=False) for place in range(count)]
    return [*fine, *(Audited(score, 1.0, unacceptable=True) for score in bad)]


def test_without_random_draws_nothing_is_promised_and_what_is_missing_is_said() -> None:
    found = promised([], 300, probability=0.05)
    assert (found.threshold, found.needed, found.reason) == (None, 620, NONE_DRAWN)


def test_too_few_cases_are_refused_with_the_number_still_needed() -> None:
    found = promised(audits(40), 40, probability=0.05)
    assert (found.threshold, found.needed) == (None, 5)
    assert found.reason.startswith("5 more cases are needed, about 5 of them drawn and judged")


def test_without_failures_the_threshold_that_flags_nothing_is_chosen() -> None:
    found = promised(audits(45), 45, probability=1.0)
    assert (found.threshold, found.risk, found.method, found.reason) == (1.0, 0.0, BINOMIAL, "")


def test_a_failure_with_little_doubt_moves_the_threshold_below_it() -> None:
    assert promised(audits(50, bad=(0.405,)), 51, probability=1.0).threshold == 0.4
    assert promised(audits(50, bad=(0.0,)), 51, probability=1.0).reason == ONLY_ALL


def test_a_grid_that_begins_too_high_keeps_no_promise() -> None:
    found = promised(audits(50, bad=(0.1,) * 9), 59, probability=1.0, grid=(0.5, 1.0))
    assert (found.threshold, found.reason) == (None, NONE_KEEPS)


def test_a_drawn_case_that_waits_for_its_review_counts_as_unacceptable() -> None:
    waiting = [*audits(50), Audited(0.405, 1.0, None)]
    found = promised(waiting, 51, probability=1.0)
    assert (found.threshold, found.waiting) == (0.4, 1)


def test_a_case_without_a_score_is_flagged_at_every_threshold() -> None:
    assert promised([*audits(50), Audited(math.nan, 1.0, unacceptable=True)], 51, probability=1.0).threshold == 1.0


def test_probabilities_that_differ_are_tested_by_the_wider_bound() -> None:
    mixed = [*audits(200), *(Audited(0.5, 0.5, unacceptable=False) for _ in range(100))]
    found = promised(mixed, 400, probability=1.0)
    assert (found.method, found.threshold) == (BENTKUS, 1.0)


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.0}, {"delta": 1.0}, {"probability": 0.0}, {"grid": (0.5, 0.5)}, {"grid": ()}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        promised(audits(50), 50, **({"probability": 1.0} | wrong))  # type: ignore[arg-type]


def test_more_draws_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="one of all cases"):
        promised(audits(50), 49, probability=1.0)

"""What stays unseen at a budget: counted by hand, and what must hold for any score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.failure.budget import BY_PERSONS, BY_WILSON, FEWEST, NOTHING_LEFT, NOTHING_WRONG, Judged, best, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

RISING = np.arange(20.0)
BAD = np.isin(RISING, [4, 17, 18, 19])
"""The three most doubtful of twenty cases are unacceptable, and one that looks sure."""


def judged(bad: NDArray[np.bool_] = BAD, persons: list[int] | None = None) -> Judged:
    return Judged.of(bad, persons or list(range(len(bad))), np.random.default_rng(1))


def test_two_of_twenty_reviewed_leave_two_of_four_unseen() -> None:
    left = judged().by(RISING).left(2 / 20)
    assert left.risk.value == pytest.approx(2 / 18)
    assert left.unseen.value == pytest.approx(2 / 4)
    assert left.last == 4


def test_half_a_case_is_half_reviewed() -> None:
    assert judged().by(RISING).left(2.5 / 20).unseen.value == pytest.approx(1.5 / 4)


def test_a_score_that_says_nothing_finds_as_many_as_chance() -> None:
    left = judged().by(np.zeros(20)).left(0.25)
    assert (left.risk.value, left.unseen.value) == pytest.approx((4 / 20, 0.75))


def test_the_curve_counts_what_is_left_and_names_the_most_doubtful_case_of_it() -> None:
    curve = judged().by(RISING).curve
    assert curve.coverage == pytest.approx([rank / 20 for rank in range(1, 21)])
    assert curve.risk[3:6] == pytest.approx((0, 1 / 5, 1 / 6))
    assert (curve.risk[16], curve.risk[-1]) == pytest.approx((1 / 17, 4 / 20))
    assert curve.case == tuple(range(20))
    assert all(low <= middle <= high for low, middle, high in zip(curve.lower, curve.risk, curve.upper, strict=True))


def test_with_everything_reviewed_there_is_no_risk_to_speak_of_and_nothing_is_unseen() -> None:
    left = judged().by(RISING).left(60 / 60)
    assert math.isnan(left.risk.value)
    assert left.risk.by == NOTHING_LEFT
    assert left.unseen.value == 0


def test_without_an_unacceptable_case_none_is_unseen_and_wilson_says_how_sure_that_is() -> None:
    left = judged(np.zeros(20, np.bool_)).by(RISING).left(0)
    assert (left.unseen.by, left.last) == (NOTHING_WRONG, None)
    assert left.risk == (0, *wilson(0, 20), BY_WILSON)


def test_wilsons_interval_of_one_in_ten_is_the_published_one() -> None:
    """Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I: 81/263 and 0/20."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_two_scans_of_one_person_are_one_witness() -> None:
    """Twenty persons scanned twice alike say no more than twenty scans of them."""
    twice = judged(np.tile(BAD, 2), [*range(20), *range(20)]).by(np.tile(RISING, 2)).left(0.1).risk
    once = judged().by(RISING).left(0.1).risk
    apart = judged(np.tile(BAD, 2)).by(np.tile(RISING, 2)).left(0.1).risk
    assert twice.by == BY_PERSONS
    assert twice.upper - twice.lower == pytest.approx(once.upper - once.lower, rel=0.15)
    assert apart.upper - apart.lower < twice.upper - twice.lower


def test_the_better_score_is_named_and_a_tie_is_said() -> None:
    rng = np.random.default_rng(3)
    bad = rng.random(300) < 0.3
    cases = judged(bad)
    ranked = {"sharp": cases.by(bad + rng.normal(0, 0.2, 300)), "blind": cases.by(rng.normal(0, 1, 300))}
    assert best(ranked, 0.3).startswith("Least is left unseen by sharp")
    assert "do not tell" not in best(ranked, 0.3)
    assert "do not tell the two apart" in best({"one": ranked["sharp"], "same": ranked["sharp"]}, 0.3)


@pytest.mark.parametrize(
    ("bad", "words"), [(BAD[:19], "19 of the 20"), (RISING > 17, "2 of 20"), (RISING > 1, "18 of 20")]
)
def test_too_few_cases_are_counted(bad: NDArray[np.bool_], words: str) -> None:
    assert judged(bad).too_few.startswith(words)
    assert judged(BAD).too_few == ""
    assert len(BAD) == FEWEST


@given(scores=st.lists(st.integers(0, 5), min_size=2, max_size=30), share=st.floats(0, 1), data=st.data())
@settings(max_examples=60, deadline=None)
def test_unseen_falls_with_the_budget_and_intervals_hold_shares(
    scores: list[int], share: float, data: st.DataObject
) -> None:
    bad = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    before = np.array(scores, np.float64)
    ranked = Judged.of(bad, list(range(len(bad))), np.random.default_rng(0), draws=20).by(before)
    some, more = ranked.left(share), ranked.left(min(1.0, share + 0.1))
    assert before.tolist() == scores
    if bad.any():
        assert 0 <= more.unseen.value <= some.unseen.value + 1e-12 <= 1 + 1e-9
        assert 0 <= some.unseen.lower <= some.unseen.upper <= 1

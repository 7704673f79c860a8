"""The chart of weekly means: worked by hand, silent while nothing changes, loud when something does."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import t as student

from services.failure.drift import ALARM, REFERENCE_WEEKS, Week, chart, evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MONDAY = date(2026, 6, 1)
WEEKS = 20


def weeks(values: Iterable[list[float] | NDArray[np.float64]]) -> list[Week]:
    """One week after the other, with the values of its cases."""
    return [
        Week(MONDAY + timedelta(weeks=number), len(cases), float(np.sum(cases)), float(np.sum(np.square(cases))))
        for number, cases in enumerate(values)
    ]


STEADY = [[1.0, 3.0]] * REFERENCE_WEEKS
"""Sixteen cases of mean 2 and variance 16/15."""


def test_one_week_worked_by_hand() -> None:
    *_, point = chart(weeks([*STEADY, [4.0] * 4])).points
    reach = student.isf(ALARM / 2, 15) * math.sqrt(16 / 15) * math.sqrt(0.2**2 / 4 + 0.2**2 / 16)
    assert point.smoothed == pytest.approx(0.2 * 4 + 0.8 * 2)
    assert (point.lower, point.upper) == pytest.approx((2 - reach, 2 + reach))
    assert not point.alarm


def test_a_lasting_change_raises_an_alarm_with_its_weeks() -> None:
    found = chart(weeks([*STEADY, *[[4.0] * 4] * 3]))
    assert [point.alarm for point in found.points[REFERENCE_WEEKS:]] == [False, True, True]
    said = evidence(found)
    assert said.startswith("Alarm in 2 weeks, first in that of 2026-08-03, 8 cases since then.")
    assert "lies above its limits" in said
    assert "16 cases of the weeks of 2026-06-01 to 2026-07-20, has 2.00" in said


def test_a_week_without_cases_is_passed_over_and_shown_as_such() -> None:
    with_gap = chart(weeks([*STEADY, [4.0] * 4, [], [4.0] * 4]))
    without = chart(weeks([*STEADY, [4.0] * 4, [4.0] * 4]))
    assert math.isnan(with_gap.points[-2].smoothed)
    assert with_gap.points[-1][1:] == without.points[-1][1:]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "hold 0 of the 10"),
        ([[1.0]] * 12, "hold 8 of the 10"),
        (STEADY, "no week with cases comes after the reference"),
        ([[2.0, 2.0]] * 12, "the same value"),
    ],
)
def test_without_a_reference_there_are_no_limits_and_no_alarm(values: list[list[float]], words: str) -> None:
    found = chart(weeks(values))
    assert words in found.reason
    assert found.alarms == ()
    assert evidence(found).startswith("No limits: ")
    assert all(math.isnan(point.upper) for point in found.points)


def test_a_share_of_none_in_the_reference_has_limits() -> None:
    quiet, loud = [[0.0] * 4] * REFERENCE_WEEKS, [[1.0] * 4] * 4
    assert chart(weeks([*quiet, *loud])).reason
    found = chart(weeks([*quiet, *loud]), share=True)
    assert found.alarms
    assert found.points[-1].lower == 0 < found.points[-1].upper < 1


def false_alarms(cases: NDArray[np.float64], *, share: bool = False) -> float:
    """Share of weeks with an alarm; cases: (run, week, case), in control."""
    charts = [chart(weeks(run), share=share) for run in cases]
    return sum(len(one.alarms) for one in charts) / (len(charts) * (WEEKS - REFERENCE_WEEKS))


@pytest.mark.parametrize("number", [2, 8])
def test_normal_cases_raise_false_alarms_as_seldom_as_promised(number: int) -> None:
    """0.27 % of weeks; weeks of one run hang together, so that the runs are counted for the standard error."""
    runs = 1_000
    found = false_alarms(np.random.default_rng(number).normal(50, 8, (runs, WEEKS, number)))
    assert found == pytest.approx(ALARM, abs=3 * math.sqrt(ALARM / runs))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_rare_events_raise_at_most_three_times_as_many(share: float) -> None:
    drawn = np.random.default_rng(5).random((600, WEEKS, 5)) < share
    assert false_alarms(drawn.astype(np.float64), share=True) <= 3 * ALARM


def test_long_tails_raise_ten_times_as_many_and_that_is_known() -> None:
    """Three cases a week whose logarithms are normal with a standard deviation of 0.8."""
    found = false_alarms(np.random.default_rng(5).lognormal(0, 0.8, (600, WEEKS, 3)))
    assert 5 * ALARM < found < 15 * ALARM


def test_a_change_of_one_deviation_is_found_within_eight_weeks_of_ten_cases() -> None:
    rng = np.random.default_rng(8)
    cases = rng.normal(0, 1, (200, WEEKS, 10))
    cases[:, REFERENCE_WEEKS + 4 :] += 1
    found = [chart(weeks(run)).alarms for run in cases]
    late = [(one[0].week.monday - MONDAY).days // 7 >= REFERENCE_WEEKS + 4 for one in found if one]
    assert len(late) == 200
    assert np.mean(late) > 0.97

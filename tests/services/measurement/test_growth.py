"""Growth per year, its interval and the dates of a crossing: worked by hand, and what always holds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.measurement import growth
from services.measurement.growth import Dated, Pace, between, crossing, growths

START = date(2020, 1, 1)
FOUR_YEARS = START + timedelta(days=1461)
RAPID = 10.0


def scan(mm: float, day: date | None = START, sd: float | None = 1.0, subject: str = "A", key: str = "P-1") -> Dated:
    return Dated(key, day, mm, sd, subject)


def later(mm: float, days: int, sd: float | None = 1.0) -> Dated:
    return scan(mm, START + timedelta(days=days), sd)


def test_growth_per_year_has_the_errors_of_both_scans() -> None:
    """8 mm in 1461 days = 4 years of 365.25: 2 mm a year, 1.96 x sqrt(0.6^2 + 0.8^2) / 4 = 0.49 to either side."""
    found = between(scan(40.0, sd=0.6), scan(48.0, FOUR_YEARS, sd=0.8), rapid_mm_per_year=RAPID)
    assert (found.years, found.mm_per_year) == (4.0, 2.0)
    assert (found.lower, found.upper) == (pytest.approx(2 - 0.489991), pytest.approx(2 + 0.489991))
    assert (found.pace, found.reason, found.remarks) == (Pace.SLOW, "", ())


@pytest.mark.parametrize(
    ("gain", "sd", "pace"),
    [
        (60.0, 1.0, Pace.RAPID),
        (44.0, 4.0, Pace.UNSURE),
        (40.0, 0.1, Pace.SLOW),
        (0.0, 1.0, Pace.SLOW),
        (-2.0, 4.0, Pace.SLOW),
        (-12.0, 1.0, Pace.SHRINKING),
    ],
)
def test_only_growth_beyond_its_error_is_called_rapid(gain: float, sd: float, pace: Pace) -> None:
    found = between(scan(40.0, sd=sd), scan(40.0 + gain, FOUR_YEARS, sd=sd), rapid_mm_per_year=RAPID)
    assert found.pace is pace


def test_where_no_samples_say_the_error_the_published_one_is_used_and_said() -> None:
    found = between(scan(40.0, sd=None), scan(48.0, FOUR_YEARS, sd=None), rapid_mm_per_year=RAPID)
    assert found.upper == pytest.approx(2 + 1.959964 * 3.7 * 2**0.5 / 4)
    assert "3.7 mm" in found.remarks[0]
    assert pytest.approx((2.8**2 + 4.4**2) ** 0.5 / 2**0.5, abs=0.05) == growth.OBSERVER_SD_MM


def test_two_authors_are_said() -> None:
    found = between(scan(40.0, subject="A"), scan(48.0, FOUR_YEARS, subject="B 2"), rapid_mm_per_year=RAPID)
    assert "by A and by B 2" in found.remarks[0]


@pytest.mark.parametrize(("day", "reason"), [(None, growth.NO_DATE), (START, growth.SAME_DAY)])
def test_without_time_between_there_is_no_growth(day: date | None, reason: str) -> None:
    found = between(scan(40.0), scan(48.0, day), rapid_mm_per_year=RAPID)
    assert (found.mm_per_year, found.lower, found.pace, found.reason) == (None, None, None, reason)
    assert crossing(found, 55.0) == growth.Crossing(55.0, None, None, None, reason)


def test_each_two_scans_that_follow_and_the_first_with_the_last() -> None:
    scans = [later(44.0, 730), later(40.0, 0), later(42.0, 365), scan(1.0, None)]
    found = growths(scans, rapid_mm_per_year=RAPID)
    assert [(one.first.diameter_mm, one.last.diameter_mm) for one in found] == [(40, 42), (42, 44), (40, 44)]
    assert growths(scans[:1], rapid_mm_per_year=RAPID) == ()


def test_a_crossing_without_error_is_where_the_line_meets_the_threshold() -> None:
    """2 mm a year from 48 mm: 51 mm after 1.5 years = 548 days."""
    found = crossing(between(scan(40.0, sd=0), scan(48.0, FOUR_YEARS, sd=0), rapid_mm_per_year=RAPID), 51.0)
    wanted = FOUR_YEARS + timedelta(days=548)
    assert found.expected == wanted
    assert found.earliest is not None
    assert found.latest is not None
    assert abs((found.earliest - wanted).days) <= 1
    assert abs((found.latest - wanted).days) <= 1
    assert found.reason == ""


def test_a_growth_that_may_be_none_leaves_the_end_open() -> None:
    found = crossing(between(scan(44.0, sd=3), scan(48.0, FOUR_YEARS, sd=3), rapid_mm_per_year=RAPID), 55.0)
    assert found.expected is not None
    assert found.earliest is not None
    assert found.latest is None
    assert found.reason == "the interval of the growth holds 0: the threshold may never be reached"


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        (50.0, 56.0, "the last diameter lies above the threshold already"),
        (60.0, 50.0, "the diameter shrinks, as after a repair"),
        (30.0, 30.1, "not within 20 years of the last scan"),
    ],
)
def test_where_nothing_can_be_said_there_is_no_date(first: float, last: float, reason: str) -> None:
    found = crossing(between(scan(first, sd=0.1), scan(last, FOUR_YEARS, sd=0.1), rapid_mm_per_year=RAPID), 55.0)
    assert (found.expected, found.earliest, found.latest, found.reason) == (None, None, None, reason)


errors = st.floats(0.05, 5)


@given(st.floats(30, 54), st.floats(30, 54), st.integers(30, 3000), errors, errors)
def test_dates_come_in_their_order_and_never_before_the_last_scan(
    first: float, last: float, days: int, sd: float, other: float
) -> None:
    found = crossing(between(scan(first, sd=sd), later(last, days, other), rapid_mm_per_year=RAPID), 55.0)
    dates = [day for day in (found.earliest, found.expected, found.latest) if day is not None]
    assert dates == sorted(dates)
    assert all(day >= START + timedelta(days=days) for day in dates)
    assert found.latest is not None or found.reason


@given(st.floats(30, 60), st.floats(5, 40), st.integers(30, 600), errors, errors, st.floats(0, 1))
def test_surer_scans_never_make_rapid_growth_doubtful(
    first: float, gain: float, days: int, sd: float, other: float, less: float
) -> None:
    unsure, sure = (
        between(scan(first, sd=sd * by), later(first + gain, days, other * by), rapid_mm_per_year=RAPID)
        for by in (1, less)
    )
    assert sure.pace is Pace.RAPID or unsure.pace is not Pace.RAPID


@given(st.floats(30, 60), st.floats(30, 60), st.integers(1, 3000))
def test_seen_from_the_other_end_growth_is_the_same(first: float, last: float, days: int) -> None:
    forth = between(scan(first), later(last, days), rapid_mm_per_year=RAPID)
    back = between(later(last, days), scan(first), rapid_mm_per_year=RAPID)
    assert (forth.mm_per_year, forth.lower, forth.upper) == (back.mm_per_year, back.lower, back.upper)

"""Whether weekly means leave what they were: an EWMA chart whose limits know that its reference is short.

The first weeks are the reference: mean m and standard deviation s of its n cases. From then on, for a week t with n_t
cases and mean x_t,

    E_t = w x_t + (1 - w) E_(t-1),  E_0 = m                         w = 0.2
    v_t = sum_i (w (1 - w)^(t-i))^2 / n_i  +  (1 - (1 - w)^t)^2 / n
    alarm where |E_t - m| > q s sqrt(v_t)

Roberts 1959, doi:10.1080/00401706.1959.10489860; Lucas and Saccucci 1990, doi:10.1080/00401706.1990.10484583. The
second term of v_t is the uncertainty of m, and q is a quantile of Student's t with n - 1 degrees of freedom: our own
addition, since limits of a chart with an estimated reference are too narrow (Jones, Champ and Rigdon 2001,
Technometrics 43, pp. 156-167). For independent normal cases the chance of a false alarm is then ALARM in every week
(0.27 %, one week in 370), whatever the size of the reference. Weeks without a case are skipped. Of a share, whose cases
are 0 or 1, s^2 is p (1 - p) with p = (events + 2) / (n + 4) (Agresti and Coull 1998,
doi:10.1080/00031305.1998.10480550), so that a reference without any event has limits too.

Misleads where a case is not independent of the last one (the same patient again, one campaign), where the reference
weeks were out of control themselves, and for few cases a week with rare events or values far from normal: see
tests/services/failure/test_drift.py for how many more false alarms there are then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from scipy.stats import t as student

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

METHOD, VERSION = "EWMA chart", "1"
WEIGHT = 0.2
ALARM = 0.0027
"""Chance of a false alarm in a week and statistic, as of three standard deviations."""
REFERENCE_WEEKS = 8
FEWEST_CASES = 10
"""Of the reference, below which there are no limits."""


class Week(NamedTuple):
    """What is known of one week's cases: how many, and the sums of their values and of the squares."""

    monday: date
    cases: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Undefined, nan, without a case."""
        return self.total / self.cases if self.cases else math.nan


class Point(NamedTuple):
    """One week of the chart; nan where it is undefined."""

    week: Week
    smoothed: float
    lower: float
    upper: float
    alarm: bool


@dataclass(frozen=True)
class Chart:
    """One statistic over time."""

    points: tuple[Point, ...]
    """All weeks; those of the reference have no limits."""
    mean: float
    deviation: float
    reference: tuple[Week, ...]
    reason: str = ""
    """Why there are no limits; '' where there are."""

    @property
    def alarms(self) -> tuple[Point, ...]:
        """The weeks that lie outside, oldest first."""
        return tuple(point for point in self.points if point.alarm)


def chart(weeks: Sequence[Week], *, reference: int = REFERENCE_WEEKS, share: bool = False) -> Chart:
    """Of weeks in order of time; the first `reference` ones that have a case are what the others are compared with.

    share: every case is 0 or 1.
    """
    filled = [week for week in weeks if week.cases]
    first = tuple(filled[:reference])
    mean, deviation = _moments(first, share=share)
    reason = _why_not(first, len(filled) - len(first), deviation)
    later = [] if reason else _follow(filled[len(first) :], first, mean, deviation)
    if share:
        later = [point._replace(lower=max(0.0, point.lower), upper=min(1.0, point.upper)) for point in later]
    known = {point.week.monday: point for point in later}
    blank = (math.nan, math.nan, math.nan, False)
    return Chart(tuple(known.get(week.monday, Point(week, *blank)) for week in weeks), mean, deviation, first, reason)


def evidence(found: Chart, digits: int = 2) -> str:
    """In words: why there is an alarm, why there is none, or why that cannot be said."""
    if found.reason:
        return f"No limits: {found.reason}."
    first, last = found.reference[0].monday, found.reference[-1].monday
    count = sum(week.cases for week in found.reference)
    was = f"the reference, {count} cases of the weeks of {first} to {last}, has {found.mean:.{digits}f}"
    if not found.alarms:
        return f"Within its limits in every week; {was}."
    point = found.alarms[-1]
    side = "above" if point.smoothed > point.upper else "below"
    weeks = f"{len(found.alarms)} week{'s' if len(found.alarms) > 1 else ''}"
    since = sum(one.week.cases for one in found.points if one.week.monday >= found.alarms[0].week.monday)
    between = f"{point.lower:.{digits}f} to {point.upper:.{digits}f}"
    return (
        f"Alarm in {weeks}, first in that of {found.alarms[0].week.monday}, {since} cases since then. In the week of "
        f"{point.week.monday} the smoothed mean, {point.smoothed:.{digits}f}, lies {side} its limits, {between}; {was}."
    )


def _follow(weeks: Sequence[Week], first: Sequence[Week], mean: float, deviation: float) -> list[Point]:
    count = sum(week.cases for week in first)
    limit = float(student.isf(ALARM / 2, count - 1)) * deviation
    smoothed, squared, fading = mean, 0.0, 1.0
    points = []
    for week in weeks:
        smoothed = WEIGHT * week.mean + (1 - WEIGHT) * smoothed
        squared = WEIGHT**2 / week.cases + (1 - WEIGHT) ** 2 * squared
        fading *= 1 - WEIGHT
        reach = limit * math.sqrt(squared + (1 - fading) ** 2 / count)
        points.append(Point(week, smoothed, mean - reach, mean + reach, abs(smoothed - mean) > reach))
    return points


def _moments(weeks: Sequence[Week], *, share: bool) -> tuple[float, float]:
    """Mean and standard deviation of all cases of these weeks; nan where there are too few."""
    count = sum(week.cases for week in weeks)
    if not count:
        return math.nan, math.nan
    total = math.fsum(week.total for week in weeks)
    mean = total / count
    if share:
        likely = (total + 2) / (count + 4)
        return mean, math.sqrt(likely * (1 - likely))
    spread = math.fsum(week.squares for week in weeks) - count * mean**2
    return mean, math.sqrt(max(spread, 0.0) / (count - 1)) if count > 1 else math.nan


def _why_not(first: Sequence[Week], later: int, deviation: float) -> str:
    count = sum(week.cases for week in first)
    if count < FEWEST_CASES:
        return f"the reference weeks hold {count} of the {FEWEST_CASES} cases that are needed"
    if not later:
        return f"no week with cases comes after the reference, {len(first)} of the weeks before"
    if not deviation > 1e-9 * max(1.0, abs(first[0].mean)):
        return "all cases of the reference weeks have the same value"
    return ""

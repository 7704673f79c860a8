"""Growth of one patient's diameter from scan to scan, with its interval, and when it may cross a threshold.

Our own design, on textbook error propagation. Two diameters with independent errors of SD s1 and s2, taken T years
apart, grow by r = (d2 - d1) / T per year with SD sqrt(s1^2 + s2^2) / T; intervals are normal ones at 95 %. The dates of
a crossing are where the line through both diameters, with the error that it has there, may meet the threshold
(Fieller 1954): an extrapolation, which takes for granted that the growth goes on as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD, VERSION = "growth between scans", "1"
LEVEL, Z = 0.95, 1.959964
DAYS_A_YEAR = 365.25
OBSERVER_SD_MM = 3.7
"""The error of one diameter where no samples say it. Eight readers of one CT differed by 2.8 mm on average, SD 4.4 mm
(Cayne 2004, doi:10.1016/j.jvs.2003.11.042). These are of absolute differences, so 4.4 mm is no SD of an error: the root
mean square of the differences is sqrt(2.8^2 + 4.4^2) = 5.2 mm, which two readings share: 5.2 / sqrt 2."""
HORIZON_YEARS = 20.0
"""Nothing is said about later years."""
NO_DATE = "a scan has no date"
SAME_DAY = "both scans are of the same day"


class Pace(StrEnum):
    """Growth against the limit that is called rapid."""

    RAPID = "faster than the limit"
    UNSURE = "faster than the limit, but within measurement error"
    SLOW = "not faster than the limit"
    SHRINKING = "shrinking"
    """The interval lies below 0, as after a repair."""


@dataclass(frozen=True)
class Dated:
    """One scan's diameter. sd_mm: its error; None: OBSERVER_SD_MM is used and said."""

    key: str
    day: date | None
    diameter_mm: float
    sd_mm: float | None = None
    subject: str = ""
    """Who drew what was measured."""

    @property
    def error_mm(self) -> float:
        """The SD that is used."""
        return OBSERVER_SD_MM if self.sd_mm is None else self.sd_mm


@dataclass(frozen=True)
class Growth:
    """Between two scans. Every figure is None only with a reason; `remarks` say what to keep in mind."""

    first: Dated
    last: Dated
    years: float | None
    mm_per_year: float | None
    lower: float | None
    upper: float | None
    pace: Pace | None
    reason: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Crossing:
    """When a diameter that goes on growing reaches the threshold: extrapolated, never observed."""

    threshold_mm: float
    expected: date | None
    earliest: date | None
    latest: date | None
    """None: the end is open."""
    reason: str = ""
    """Why there is no date, or why the end is open."""


def between(first: Dated, last: Dated, *, rapid_mm_per_year: float) -> Growth:
    """Growth per year between two scans, in mm, with its 95 % interval."""
    remarks = _remarks(first, last)
    if first.day is None or last.day is None or first.day == last.day:
        reason = SAME_DAY if first.day and last.day else NO_DATE
        return Growth(first, last, None, None, None, None, None, reason, remarks)
    years = (last.day - first.day).days / DAYS_A_YEAR
    rate = (last.diameter_mm - first.diameter_mm) / years
    margin = Z * math.hypot(first.error_mm, last.error_mm) / abs(years)
    lower, upper = rate - margin, rate + margin
    pace = pace_of(rate, lower, upper, rapid_mm_per_year)
    return Growth(first, last, years, rate, lower, upper, pace, "", remarks)


def pace_of(rate: float, lower: float, upper: float, rapid: float) -> Pace:
    """Rapid only where the whole interval lies above the limit."""
    if upper < 0:
        return Pace.SHRINKING
    if lower > rapid:
        return Pace.RAPID
    return Pace.UNSURE if rate > rapid else Pace.SLOW


def in_order(scans: Sequence[Dated]) -> tuple[Dated, ...]:
    """By date, those without one left out."""
    return tuple(sorted((scan for scan in scans if scan.day is not None), key=lambda scan: scan.day or date.min))


def growths(scans: Sequence[Dated], *, rapid_mm_per_year: float) -> tuple[Growth, ...]:
    """Between each two scans that follow each other, then from the first to the last where there are more than two."""
    dated = in_order(scans)
    pairs = list(pairwise(dated))
    if len(pairs) > 1:
        pairs.append((dated[0], dated[-1]))
    return tuple(between(first, last, rapid_mm_per_year=rapid_mm_per_year) for first, last in pairs)


def crossing(growth: Growth, threshold_mm: float) -> Crossing:
    """When the threshold is reached if the growth goes on as it was, from the later scan on.

    Where the interval of the growth holds 0, the end is open: it may never be.
    """
    last = growth.last
    if growth.mm_per_year is None or growth.lower is None or growth.years is None or last.day is None:
        return Crossing(threshold_mm, None, None, None, growth.reason)
    if last.diameter_mm >= threshold_mm:
        return Crossing(threshold_mm, None, None, None, "the last diameter lies above the threshold already")
    if growth.pace is Pace.SHRINKING:
        return Crossing(threshold_mm, None, None, None, "the diameter shrinks, as after a repair")
    expected = _expected(growth.mm_per_year, threshold_mm - last.diameter_mm)
    earliest = _reached(growth, growth.years, threshold_mm, 1)
    latest = _reached(growth, growth.years, threshold_mm, -1) if growth.lower > 0 else None
    if earliest is None:
        reason = f"not within {HORIZON_YEARS:.0f} years of the last scan"
        return Crossing(threshold_mm, None, None, None, reason)
    reason = "" if latest is not None else _open_end(growth.lower)
    start = last.day
    return Crossing(threshold_mm, _day(start, expected), _day(start, earliest), _day(start, latest), reason)


def _remarks(first: Dated, last: Dated) -> tuple[str, ...]:
    said = []
    if first.subject != last.subject:
        said.append(f"outlined by {first.subject} and by {last.subject}: what sets them apart counts as growth here")
    if first.sd_mm is None or last.sd_mm is None:
        said.append(f"an error of {OBSERVER_SD_MM} mm (SD) is taken from the literature where no samples say it")
    return tuple(said)


def _expected(rate: float, missing_mm: float) -> float | None:
    years = missing_mm / rate if rate > 0 else math.inf
    return years if years <= HORIZON_YEARS else None


def _reached(growth: Growth, span: float, threshold_mm: float, sign: int) -> float | None:
    """Years after the last scan until the upper (sign 1) or lower (-1) border of the line reaches the threshold.

    The line at time t is d2 + r t; its variance s2^2 (1 + t / T)^2 + s1^2 (t / T)^2. Found by halving: the upper border
    is convex and the lower one rises wherever growth is sure, so each crosses once.
    """

    def border(years: float) -> float:
        share = years / span
        sd = math.hypot(growth.last.error_mm * (1 + share), growth.first.error_mm * share)
        return growth.last.diameter_mm + (growth.mm_per_year or 0.0) * years + sign * Z * sd

    if border(0.0) >= threshold_mm:
        return 0.0
    if border(HORIZON_YEARS) < threshold_mm:
        return None
    low, high = 0.0, HORIZON_YEARS
    while high - low > 0.5 / DAYS_A_YEAR:
        middle = (low + high) / 2
        low, high = (low, middle) if border(middle) >= threshold_mm else (middle, high)
    return high


def _open_end(lower: float) -> str:
    if lower <= 0:
        return "the interval of the growth holds 0: the threshold may never be reached"
    return f"the latest date lies more than {HORIZON_YEARS:.0f} years after the last scan"


def _day(start: date, years: float | None) -> date | None:
    return None if years is None else start + timedelta(days=round(years * DAYS_A_YEAR))

"""Growth in words and a table: how fast, whether that is sure, when the threshold may be reached. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard.cards import DASH, escaped, table
from dashboard.decision_cards import value
from services.measurement.growth import LEVEL

if TYPE_CHECKING:
    from datetime import date

    from services.growing import Course, Followed
    from services.measurement.growth import Crossing, Growth

EXTRAPOLATED = "This is extrapolation: it takes for granted that growth goes on as it was."
SHIFTED = "Dates are shifted, all scans of a patient by the same days."


def sentences(course: Course) -> str:
    """The growth over the whole time, and what would follow from it."""
    if not course.growths:
        return '<p class="sl-muted">Growth needs two dated scans with a diameter; there are not two.</p>'
    return _growth(course) + (_crossing(course.crossing) if course.crossing else "")


def scans(course: Course, key: str) -> str:
    """Every scan of the patient with its diameter, the way to its case, and the way to both beside each other."""
    lines = [
        [
            f'<span class="sl-whole">{_day(scan.day)}</span>',
            _diameter(scan),
            _case(scan.key, key),
            "" if scan.key == key else _beside(key, scan.key),
        ]
        for scan in course.scans
    ]
    return table("Scans of this patient", ("Date (shifted)", "Diameter", "Case", ""), lines, numeric_from=99)


def of_scan(scan: Followed) -> str:
    """The line above one of two scans that stand beside each other."""
    day = f"{_day(scan.day)} (shifted)" if scan.day else _day(None)
    badge = ", SYNTHETIC" if scan.synthetic else ""
    return f'<p class="sl-decision">{day}{badge}: {_diameter(scan)}, {_case(scan.key, "")}</p>'


def between(course: Course) -> str:
    """Growth from scan to scan; '' for two scans, whose growth is said already."""
    if len(course.growths) < 2:
        return ""
    lines = [[f"{_day(one.first.day)} to {_day(one.last.day)}", _rate(one)] for one in course.growths]
    return table("Growth from scan to scan", ("From scan to scan", "Growth"), lines)


def _growth(course: Course) -> str:
    growth = course.growths[-1]
    remarks = "".join(f" {escaped(_capital(remark))}." for remark in growth.remarks)
    limit = f"(limit: {course.rapid_mm_per_year:g} mm per year, an example)"
    pace = f" {escaped(_capital(str(growth.pace)))} {limit}." if growth.pace else ""
    when = f"from {_day(growth.first.day)} to {_day(growth.last.day)}"
    muted = f'<span class="sl-muted">{pace}{remarks} {SHIFTED}</span>'
    return f'<p class="sl-decision">Growth {_rate(growth)}, {when}.{muted}</p>'


def _rate(growth: Growth) -> str:
    if growth.mm_per_year is None or growth.lower is None or growth.upper is None:
        return f'<span class="sl-why">{DASH} {escaped(growth.reason)}</span>'
    interval = f"({100 * LEVEL:g} %: {growth.lower:+.1f} to {growth.upper:+.1f})"
    return f"<strong>{growth.mm_per_year:+.1f} mm per year</strong> {interval}"


def _crossing(crossing: Crossing) -> str:
    reason = f" {escaped(_capital(crossing.reason))}." if crossing.reason else ""
    if crossing.earliest is None:
        return f'<p class="sl-muted">No date for the threshold of {crossing.threshold_mm:g} mm.{reason}</p>'
    expected = f" (expected {_month(crossing.expected)})" if crossing.expected else ""
    reach = f"between {_month(crossing.earliest)} and {_month(crossing.latest)}"
    if crossing.latest is None:
        reach = f"from {_month(crossing.earliest)} on, with an open end"
    said = f"At this pace it would reach {crossing.threshold_mm:g} mm {reach}{expected}.{reason} {EXTRAPOLATED}"
    return f'<p class="sl-muted">{said}</p>'


def _diameter(scan: Followed) -> str:
    return value(scan.decided.diameter) if scan.decided.diameter else f'<span class="sl-why">{DASH} not measured</span>'


def _case(key: str, current: str) -> str:
    if key == current:
        return f"{escaped(key)} (this one)"
    return f'<a href="/case?{escaped(urlencode({"case": key}))}" target="_self">{escaped(key)}</a>'


def _beside(key: str, other: str) -> str:
    return f'<a href="/beside?{escaped(urlencode({"case": key, "other": other}))}" target="_self">beside this one</a>'


def _day(day: date | None) -> str:
    return day.isoformat() if day else "no date"


def _month(day: date | None) -> str:
    return f"{day:%Y-%m}" if day else DASH


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

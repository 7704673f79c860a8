"""The use-case of the section Drift: do scans, masks, doubt or verdicts of late differ from before? See workflow.

Sums by week come from the database; nothing else is read, however many cases there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from db import weeks
from db.failure_records import CaseTrait
from db.vocabulary import Verdict
from services.aggregation import names
from services.uncertainty.figure_names import DISTANCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.weeks import Source, WeekSum
    from services.desk import Desk
    from services.failure.drift import Chart

MOST_WEEKS = 52
WEEK = timedelta(weeks=1)
OVERRIDING = frozenset({Verdict.MINOR_EDIT, Verdict.MAJOR_EDIT, Verdict.REJECT})
"""Verdicts by which a reader does not leave an outline as it was."""


class Statistic(StrEnum):
    """What is followed over the weeks."""

    THICKNESS = "slice thickness"
    DENSITY = "lumen density"
    DISTANCE = "distance of the images from the training data"
    VOLUME = "predicted volume"
    THROMBUS = "thrombus share"
    DIAMETER = "largest diameter"
    DOUBT = "uncertainty"
    OVERRIDE = "override rate"

    @property
    def unit(self) -> str:
        """Of its mean; '' without one."""
        return _UNITS.get(self, "")

    @property
    def is_share(self) -> bool:
        """Whether every case is 0 or 1."""
        return self is Statistic.OVERRIDE

    @property
    def source(self) -> Source:
        """Where its values are stored."""
        if self is Statistic.OVERRIDE:
            return weeks.verdicts(OVERRIDING)
        if self is Statistic.THICKNESS:
            return weeks.fact("slice_thickness_mm")
        return weeks.diameter() if self is Statistic.DIAMETER else weeks.score(_SCORES[self])


_UNITS = {
    Statistic.THICKNESS: "mm",
    Statistic.DENSITY: "HU",
    Statistic.VOLUME: "mL",
    Statistic.DIAMETER: "mm",
}
_SCORES = {
    Statistic.DENSITY: CaseTrait.DENSITY.value,
    Statistic.DISTANCE: DISTANCE,
    Statistic.VOLUME: names.SIZE,
    Statistic.THROMBUS: CaseTrait.THROMBUS.value,
    Statistic.DOUBT: names.DEFAULT,
}


@dataclass(frozen=True)
class Drifted:
    """One statistic over the weeks."""

    statistic: Statistic
    chart: Chart
    evidence: str
    """In words: the alarm and its weeks, or why there is none."""


def drifts(desk: Desk) -> tuple[Drifted, ...]:
    """Every statistic that any case has, over the weeks of the last year that ends with the newest case or review."""
    with desk.store.read() as session:
        span = weeks.span(session)
        if span is None:
            return ()
        edges = _edges(*span)
        found = {one: weeks.sums(session, edges, one.source) for one in Statistic}
    return tuple(_drifted(one, edges, sums) for one, sums in found.items() if sums)


def has_generated(desk: Desk) -> bool:
    """Whether any case is generated."""
    with desk.store.read() as session:
        return weeks.has_generated(session)


def farthest(desk: Desk, statistic: Statistic, monday: date, *, high: bool) -> str | None:
    """The key of the case of a week with the highest value, or the lowest one; None without cases."""
    begin = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    with desk.store.read() as session:
        return weeks.farthest(session, begin, begin + WEEK, statistic.source, descending=high)


def _edges(first: datetime, last: datetime) -> list[datetime]:
    """The Mondays (UTC) around all weeks from the first case on, at most so many."""
    end = _monday(last) + WEEK
    count = min(MOST_WEEKS, round((end - _monday(first)) / WEEK))
    return [end - number * WEEK for number in range(count, -1, -1)]


def _monday(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _drifted(statistic: Statistic, edges: Sequence[datetime], sums: Sequence[WeekSum]) -> Drifted:
    from services.failure.drift import Week, chart, evidence  # noqa: PLC0415 -- loads scipy.stats, once asked for

    known = {one.number: one for one in sums}
    filled = [
        Week(begin.date(), one.cases, one.total, one.squares)
        if (one := known.get(number))
        else Week(begin.date(), 0, 0, 0)
        for number, begin in enumerate(edges[:-1])
    ]
    found = chart(filled, share=statistic.is_share)
    return Drifted(statistic, found, evidence(found, 1 if statistic.unit else 2))

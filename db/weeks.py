"""Counts and sums by week: a row a week, however many cases there are. Each takes the session first."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Float, and_, case, cast, func, literal, select, union_all

from db import models
from db.moments import UtcDateTime
from db.vocabulary import LabelSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Select, Subquery
    from sqlalchemy.orm import Session

CASE, VALUES, REVIEW = models.Case, models.CaseValue, models.Review


class WeekSum(NamedTuple):
    """How many values a week has, their sum and that of their squares; weeks without any are left out."""

    number: int
    """Of the week, from 0."""
    cases: int
    total: float
    squares: float


def span(session: Session) -> tuple[datetime, datetime] | None:
    """When the first and the last case or review came; None without cases."""
    first, last = session.execute(select(func.min(CASE.created_at), func.max(CASE.created_at))).one()
    newest = session.scalar(select(func.max(REVIEW.created_at)))
    return None if first is None else (first, max(last, newest or last))


def has_generated(session: Session) -> bool:
    """Whether any case is generated."""
    return bool(session.scalar(select(select(CASE.id).where(CASE.source == LabelSource.SYNTHETIC).exists())))


class Source(NamedTuple):
    """Where a number of a case, or of a review, comes from, and when that came."""

    value: Any
    """A column, or what is made of some."""
    table: type[models.Case | models.Review]
    """Its `created_at` says the week."""
    joined: Callable[[Select[Any]], Select[Any]]
    """From that table to the value."""


def score(name: str) -> Source:
    """The newest values of a score, by when their cases came."""
    ours = and_(VALUES.case_id == CASE.id, VALUES.name == name)
    return Source(VALUES.value, CASE, lambda wanted: wanted.join(VALUES, ours))


def fact(name: str) -> Source:
    """A number above 0 among the facts of the scanner, by when the cases came."""
    said, series = models.Series.facts[name].as_float(), models.Series
    return Source(said, CASE, lambda wanted: wanted.join(series, series.id == CASE.series_id).where(said > 0))


def diameter() -> Source:
    """The largest diameter, mm, by when the cases came."""
    return Source(CASE.diameter_mm, CASE, lambda wanted: wanted.where(CASE.diameter_mm.is_not(None)))


def verdicts(overriding: Collection[Verdict]) -> Source:
    """1 for a review with one of these verdicts and 0 for another one, by when it was given; not those of no use."""
    said = case((REVIEW.verdict.in_(overriding), 1.0), else_=0.0)
    useful = REVIEW.verdict != Verdict.NOT_ASSESSABLE
    return Source(said, REVIEW, lambda wanted: wanted.where(useful))


def sums(session: Session, edges: Sequence[datetime], source: Source) -> tuple[WeekSum, ...]:
    """Of the weeks between rising edges; a week holds the edge that it begins with."""
    weeks, number = _weeks(edges), cast(source.value, Float)
    columns = (weeks.c.number, func.count(), func.sum(number), func.sum(number * number))
    moment = source.table.created_at
    within = and_(moment >= weeks.c.begin, moment < weeks.c.end)
    wanted = source.joined(select(*columns).select_from(weeks).join(source.table, within))
    found = session.execute(wanted.group_by(weeks.c.number).order_by(weeks.c.number))
    return tuple(WeekSum(*row) for row in found)


def farthest(session: Session, begin: datetime, end: datetime, source: Source, *, descending: bool) -> str | None:
    """The key of the case with the largest (or smallest) value between two moments; None where there is none."""
    moment = source.table.created_at
    wanted = source.joined(select(CASE.key).select_from(source.table))
    if source.table is REVIEW:
        wanted = wanted.join(CASE, CASE.id == REVIEW.case_id)
    order = source.value.desc() if descending else source.value
    found: str | None = session.scalar(wanted.where(moment >= begin, moment < end).order_by(order, CASE.id).limit(1))
    return found


def _weeks(edges: Sequence[datetime]) -> Subquery:
    moment = UtcDateTime()
    rows = [
        select(
            literal(number).label("number"), literal(begin, moment).label("begin"), literal(end, moment).label("end")
        )
        for number, (begin, end) in enumerate(pairwise(edges))
    ]
    return union_all(*rows).subquery("weeks")

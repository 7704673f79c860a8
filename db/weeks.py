"""Counts and sums by week: a row a week, however many cases there are. Each takes the session first."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Float, and_, case, cast, func, literal, select, union_all

from db import models
from db.moments import UtcDateTime
from db.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.orm import InstrumentedAttribute, Session

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


def of_score(session: Session, edges: Sequence[datetime], name: str) -> tuple[WeekSum, ...]:
    """The newest values of a score, by when their cases came. Weeks lie between rising edges; the first is theirs."""
    weeks = _weeks(edges)
    wanted = _sums(weeks, VALUES.value).join(CASE, _within(weeks, CASE.created_at))
    return _read(session, wanted.join(VALUES, and_(VALUES.case_id == CASE.id, VALUES.name == name)))


def of_fact(session: Session, edges: Sequence[datetime], name: str) -> tuple[WeekSum, ...]:
    """A number among the facts of the scanner, by when the cases came."""
    weeks, fact = _weeks(edges), models.Series.facts[name]
    wanted = _sums(weeks, fact.as_float()).join(CASE, _within(weeks, CASE.created_at))
    return _read(session, wanted.join(models.Series, models.Series.id == CASE.series_id).where(fact.as_float() > 0))


def of_diameter(session: Session, edges: Sequence[datetime]) -> tuple[WeekSum, ...]:
    """The largest diameter, mm, by when the cases came."""
    weeks = _weeks(edges)
    wanted = _sums(weeks, CASE.diameter_mm).join(CASE, _within(weeks, CASE.created_at))
    return _read(session, wanted.where(CASE.diameter_mm.is_not(None)))


def of_verdicts(session: Session, edges: Sequence[datetime], overriding: Collection[Verdict]) -> tuple[WeekSum, ...]:
    """1 for a review with one of these verdicts and 0 for another one, by when it was given; not those of no use."""
    weeks, said = _weeks(edges), case((REVIEW.verdict.in_(overriding), 1.0), else_=0.0)
    wanted = _sums(weeks, said).join(REVIEW, _within(weeks, REVIEW.created_at))
    return _read(session, wanted.where(REVIEW.verdict != Verdict.NOT_ASSESSABLE))


def _weeks(edges: Sequence[datetime]) -> Subquery:
    moment = UtcDateTime()
    rows = [
        select(
            literal(number).label("number"), literal(begin, moment).label("begin"), literal(end, moment).label("end")
        )
        for number, (begin, end) in enumerate(pairwise(edges))
    ]
    return union_all(*rows).subquery("weeks")


def _within(weeks: Subquery, moment: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    return and_(moment >= weeks.c.begin, moment < weeks.c.end)


def _sums(weeks: Subquery, value: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Select[Any]:
    number = cast(value, Float)
    columns = (func.count(), func.sum(number), func.sum(number * number))
    return select(weeks.c.number, *columns).select_from(weeks).group_by(weeks.c.number).order_by(weeks.c.number)


def _read(session: Session, wanted: Select[Any]) -> tuple[WeekSum, ...]:
    return tuple(WeekSum(*row) for row in session.execute(wanted))

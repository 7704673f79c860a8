"""The worklist in the order of one score, by keyset. Each takes the session first.

Cases without a value come last in either direction. They are a list of their own behind that of the others, so that
both are read along an index, and a page may hold the end of the one and the beginning of the other.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from db import models
from db.keyset import MOST_ROWS, filtered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from db.records import WorklistQuery

PREFIX = "score:"
"""Before the name of a score, as `WorklistQuery.sort` says it."""
LONGEST_NAME = 100
VALUES, CASE = models.CaseValue, models.Case
Place = tuple[float | None, int]
"""Value and number of a case."""


def name_in(sort: str) -> str | None:
    """The score that a list is sorted by; None where it is sorted otherwise."""
    name = sort.removeprefix(PREFIX)
    return name if sort.startswith(PREFIX) and 0 < len(name) <= LONGEST_NAME else None


def page_of(session: Session, query: WorklistQuery, name: str) -> tuple[Sequence[models.Case], str]:
    """The rows of one page and the cursor of the next ('' at the end). Raises ValueError for a damaged cursor."""
    limit = max(1, min(query.limit, MOST_ROWS))
    found = _after(session, query, name, _read_cursor(query.after, name) if query.after else None, limit + 1)
    rows = found[:limit]
    return [row for row, _ in rows], _cursor(name, *rows[-1]) if len(found) > limit else ""


def before_and_after(
    session: Session, case: models.Case, query: WorklistQuery, name: str
) -> tuple[str | None, str | None]:
    """The keys of the cases around `case` in the order of `query`."""
    place = (_value(session, name, case.id), case.id)
    after = _after(session, query, name, place, 1)
    before = _before(session, query, name, place)
    return before.key if before else None, after[0][0].key if after else None


def names(session: Session) -> tuple[str, ...]:
    """The names of all values, in the database's order of letters: one look along the index each, whatever there is."""
    least = func.min(VALUES.name)
    first = select(least.label("name")).cte("names", recursive=True)
    following = select(least).where(VALUES.name > first.c.name).correlate(first).scalar_subquery()
    every = first.union_all(select(following).where(first.c.name.is_not(None)))
    return tuple(session.scalars(select(every.c.name).where(every.c.name.is_not(None))))


def values_of(session: Session, name: str, case_keys: Sequence[str]) -> dict[str, float]:
    """The values of these cases, by key, as far as they have one."""
    wanted = select(CASE.key, VALUES.value).join(VALUES, VALUES.case_id == CASE.id)
    found = session.execute(wanted.where(VALUES.name == name, CASE.key.in_(case_keys)))
    return {key: value for key, value in found}  # noqa: C416 -- a row is no pair for the type checker


def _after(
    session: Session, query: WorklistQuery, name: str, place: Place | None, limit: int
) -> list[tuple[models.Case, float | None]]:
    """At most `limit` cases that follow a place, from the beginning where None."""
    found: list[tuple[models.Case, float | None]] = []
    if place is None or place[0] is not None:
        with_value = _with_value(query, name, place, descending=query.descending)
        found += [(row, value) for row, value in session.execute(with_value.limit(limit))]
        place = None
    if len(found) < limit:
        rest = _without_value(query, name, place[1] if place else None, descending=query.descending)
        found += [(row, None) for row in session.scalars(rest.limit(limit - len(found)))]
    return found


def _before(session: Session, query: WorklistQuery, name: str, place: Place) -> models.Case | None:
    """The case before a place."""
    value, number = place
    if value is None:
        above = _without_value(query, name, number, descending=not query.descending)
        if (found := session.scalar(above.limit(1))) is not None:
            return found
    known = _with_value(query, name, None if value is None else place, descending=not query.descending)
    first: models.Case | None = session.scalar(known.limit(1))
    return first


def _with_value(
    query: WorklistQuery, name: str, place: Place | None, *, descending: bool
) -> Select[models.Case, float]:
    ours = and_(VALUES.case_id == CASE.id, VALUES.name == name)
    wanted = filtered(query).join(VALUES, ours).add_columns(VALUES.value)
    if place is not None:
        value, number = place
        if descending:
            wanted = wanted.where(VALUES.value <= value, or_(VALUES.value < value, VALUES.case_id < number))
        else:
            wanted = wanted.where(VALUES.value >= value, or_(VALUES.value > value, VALUES.case_id > number))
    columns = (VALUES.value, VALUES.case_id)
    return wanted.order_by(*(column.desc() if descending else column.asc() for column in columns))


def _without_value(query: WorklistQuery, name: str, number: int | None, *, descending: bool) -> Select[models.Case]:
    there = select(VALUES.case_id).where(VALUES.case_id == CASE.id, VALUES.name == name)
    wanted = filtered(query).where(~there.exists())
    if number is not None:
        wanted = wanted.where(CASE.id < number if descending else CASE.id > number)
    return wanted.order_by(CASE.id.desc() if descending else CASE.id.asc())


def _value(session: Session, name: str, case_id: int) -> float | None:
    return session.scalar(select(VALUES.value).where(VALUES.name == name, VALUES.case_id == case_id))


def _cursor(name: str, row: models.Case, value: float | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([PREFIX + name, value, row.id]).encode()).decode()


def _read_cursor(cursor: str, name: str) -> Place:
    try:
        said: list[Any] = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        sort, value, number = said
        if sort != PREFIX + name or isinstance(number, bool):
            raise ValueError(sort)  # noqa: TRY301 -- one message for every damaged cursor
        return (None if value is None else _finite(value)), int(number)
    except (ValueError, TypeError, binascii.Error) as error:
        message = "A page's cursor must be the one that the page before gave; start again at the first page."
        raise ValueError(message) from error


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)

"""Keyset paging of the worklist: a page begins after the last row of the one before, never at a row number.

Every sort column is free of NULL and ends with the id, so the order is total and portable between databases.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from db import models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from db.records import WorklistQuery

MOST_ROWS = 200
SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "priority": models.Case.priority,
    "case": models.Case.key,
    "added": models.Case.created_at,
    "agreement": models.Case.agreement_rank,
    "slices": models.Case.slices,
    "diameter": models.Case.diameter_rank,
    "flip": models.Case.flip_rank,
}


def page_of(session: Session, query: WorklistQuery) -> tuple[Sequence[models.Case], str]:
    """The rows of one page and the cursor of the next ('' at the end). Raises ValueError."""
    limit = max(1, min(query.limit, MOST_ROWS))
    column = _column(query)
    wanted = filtered(query)
    if query.after:
        wanted = wanted.where(_beyond(column, *_read_cursor(query.after, column), descending=query.descending))
    found = session.scalars(_ordered(wanted, column, descending=query.descending).limit(limit + 1)).all()
    rows = found[:limit]
    return rows, _cursor(column, rows[-1]) if len(found) > limit else ""


def filtered(query: WorklistQuery) -> Select[models.Case]:
    """The cases that a query asks for, in no order yet."""
    case = models.Case
    wanted = select(case)
    if query.search.strip():
        wanted = wanted.where(case.search_text.contains(query.search.strip().lower(), autoescape=True))
    if query.flagged is not None:
        wanted = wanted.where(case.flag_count > 0 if query.flagged else case.flag_count == 0)
    if query.flag_reason is not None:
        wanted = wanted.where(case.flag_reasons.contains(f"|{query.flag_reason}|", autoescape=True))
    if query.synthetic is not None:
        wanted = wanted.where(case.source == "synthetic" if query.synthetic else case.source.is_(None))
    if query.agreement_below is not None:
        wanted = wanted.where(case.agreement < query.agreement_below)
    same = {"status": query.status, "verdict": query.verdict, "reviewer": query.reviewer}
    return wanted.filter_by(**{name: value for name, value in same.items() if value is not None})


def before_and_after(session: Session, case: models.Case, query: WorklistQuery) -> tuple[str | None, str | None]:
    """The keys of the cases around `case` in the order of `query`."""
    column = _column(query)
    value = getattr(case, column.key)
    keys = []
    for descending in (not query.descending, query.descending):
        beyond = filtered(query).where(_beyond(column, value, case.id, descending=descending))
        found = session.scalar(_ordered(beyond, column, descending=descending).limit(1))
        keys.append(found.key if found else None)
    return keys[0], keys[1]


def _column(query: WorklistQuery) -> InstrumentedAttribute[Any]:
    if query.sort not in SORTS:
        message = f"The list is sorted by one of {', '.join(SORTS)}; there is no '{query.sort[:20]}'."
        raise ValueError(message)
    return SORTS[query.sort]


def _ordered(
    wanted: Select[models.Case], column: InstrumentedAttribute[Any], *, descending: bool
) -> Select[models.Case]:
    order = (column.desc(), models.Case.id.desc()) if descending else (column.asc(), models.Case.id.asc())
    return wanted.order_by(*order)


def _beyond(column: InstrumentedAttribute[Any], value: object, number: int, *, descending: bool) -> ColumnElement[bool]:
    """Rows after (value, number). The first condition alone lets the index be used; the second settles ties."""
    if descending:
        return and_(column <= value, or_(column < value, models.Case.id < number))
    return and_(column >= value, or_(column > value, models.Case.id > number))


def _cursor(column: InstrumentedAttribute[Any], row: models.Case) -> str:
    value = getattr(row, column.key)
    shown = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([column.key, shown, row.id]).encode()).decode()


def _read_cursor(cursor: str, column: InstrumentedAttribute[Any]) -> tuple[object, int]:
    try:
        name, value, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if name != column.key or isinstance(number, bool):
            raise ValueError(name)  # noqa: TRY301 -- one message for every damaged cursor
        kind = column.type.python_type
        return (datetime.fromisoformat(value) if kind is datetime else kind(value)), int(number)
    except (ValueError, TypeError, binascii.Error) as error:
        message = "A page's cursor must be the one that the page before gave; start again at the first page."
        raise ValueError(message) from error

"""The newest value of every score of every case, for sorting and counting. Each takes the session first.

What is undefined has no row: its reason stays with the score. Nothing here reads more rows than it is asked for.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db import models
from db.failure_records import Cell, Pair, ValuedCase
from db.vocabulary import LabelSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from db.failure_models import CaseValue

VALUES = models.CaseValue


def set_values(session: Session, case_key: str, values: Mapping[str, float | None]) -> None:
    """Replace what these names say of a case; None, and what is no finite number, takes it away. Raises KeyError."""
    number = session.scalar(select(models.Case.id).where(models.Case.key == case_key))
    if number is None:
        raise KeyError(case_key)
    session.execute(delete(VALUES).where(VALUES.case_id == number, VALUES.name.in_(values)))
    defined = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
    session.add_all(VALUES(name=name, case_id=number, value=float(value)) for name, value in defined.items())
    session.flush()


def names(session: Session) -> dict[str, int]:
    """All names in the order of letters, with how many cases have a value."""
    counted = select(VALUES.name, func.count()).group_by(VALUES.name).order_by(VALUES.name)
    return dict(session.execute(counted).all())


def of_case(session: Session, case_key: str) -> dict[str, float]:
    """All values of a case, by name."""
    wanted = select(VALUES.name, VALUES.value).join(models.Case).where(models.Case.key == case_key)
    return dict(session.execute(wanted.order_by(VALUES.name)).all())


def of_cases(session: Session, name: str, case_keys: Sequence[str]) -> dict[str, float]:
    """The value of one name of each of these cases that has one."""
    wanted = select(models.Case.key, VALUES.value).join(models.Case, models.Case.id == VALUES.case_id)
    return dict(session.execute(wanted.where(VALUES.name == name, models.Case.key.in_(case_keys))).all())


def count_cases(session: Session) -> int:
    """All cases of the store, with values or without."""
    return session.scalar(select(func.count()).select_from(models.Case)) or 0


def range_of(session: Session, name: str) -> tuple[float, float] | None:
    """The smallest and the largest value; None where no case has one."""
    low, high = session.execute(select(func.min(VALUES.value), func.max(VALUES.value)).where(VALUES.name == name)).one()
    return None if low is None else (low, high)


def quantiles(session: Session, name: str, shares: Sequence[float]) -> tuple[float, ...]:
    """For each share q the smallest value that at least a share q of the cases does not exceed; () without cases."""
    count = session.scalar(select(func.count()).where(VALUES.name == name)) or 0
    if not count:
        return ()
    ordered = select(VALUES.value).where(VALUES.name == name).order_by(VALUES.value).limit(1)
    places = (max(math.ceil(share * count) - 1, 0) for share in shares)
    return tuple(session.scalars(ordered.offset(place)).one() for place in places)


def share_above(session: Session, name: str, value: float) -> float | None:
    """The share of cases whose value is larger; None where no case has one."""
    above = func.sum(case((VALUES.value > value, 1), else_=0))
    larger, count = session.execute(select(above, func.count()).where(VALUES.name == name)).one()
    return larger / count if count else None


def below(session: Session, name: str, value: float) -> tuple[int, int]:
    """How many cases have a smaller value, and how many have any."""
    smaller = func.sum(case((VALUES.value < value, 1), else_=0))
    found, count = session.execute(select(smaller, func.count()).where(VALUES.name == name)).one()
    return found or 0, count


def worst(
    session: Session,
    name: str,
    limit: int,
    *,
    descending: bool,
    below: tuple[str, float] | None = None,
    above: tuple[str, float] | None = None,
) -> tuple[ValuedCase, ...]:
    """At most so many cases with the largest values, or with the smallest; of equal ones the older case first.

    below, above: another name and a value: only cases whose value of that name is known and smaller, or larger.
    """
    row = models.Case
    wanted = select(row.key, VALUES.value, row.source, row.thumbnail).join(row).where(VALUES.name == name)
    for bound, is_within in ((below, operator.lt), (above, operator.gt)):
        if bound is not None:
            other = aliased(VALUES)
            said = and_(other.case_id == VALUES.case_id, other.name == bound[0], is_within(other.value, bound[1]))
            wanted = wanted.join(other, said)
    order = VALUES.value.desc() if descending else VALUES.value
    found = session.execute(wanted.order_by(order, VALUES.case_id).limit(limit))
    return tuple(
        ValuedCase(key, value, source == LabelSource.SYNTHETIC, thumbnail) for key, value, source, thumbnail in found
    )


def count_pairs(session: Session, x: str, y: str) -> int:
    """How many cases have values of both names."""
    across, up = aliased(VALUES), aliased(VALUES)
    return session.scalar(select(func.count(across.case_id)).where(*_both(across, up, x, y))) or 0


def count_beyond(session: Session, x: tuple[str, float], y: tuple[str, float], *, x_below: bool, y_below: bool) -> int:
    """How many cases lie on one side of both values, on neither edge: a name and a value, and which side."""
    across, up = aliased(VALUES), aliased(VALUES)
    wanted = select(func.count(across.case_id)).where(*_both(across, up, x[0], y[0]))
    sides = ((across.value, x[1], x_below), (up.value, y[1], y_below))
    return session.scalar(wanted.where(*(one < cut if low else one > cut for one, cut, low in sides))) or 0


def pairs(session: Session, x: str, y: str, limit: int) -> tuple[Pair, ...]:
    """Both values of at most so many cases that have both, newest cases first."""
    across, up, row = aliased(VALUES), aliased(VALUES), models.Case
    joined = (*_both(across, up, x, y), row.id == across.case_id)
    wanted = select(row.key, across.value, up.value, row.source).where(*joined)
    found = session.execute(wanted.order_by(row.id.desc()).limit(limit))
    return tuple(Pair(key, one, other, source == LabelSource.SYNTHETIC) for key, one, other, source in found)


def grid(session: Session, x: str, y: str, x_edges: Sequence[float], y_edges: Sequence[float]) -> tuple[Cell, ...]:
    """How many cases have both values in each cell, without empty cells; counted by the database.

    Edges rise; a cell holds its lower edge, the last one its upper edge too. What lies outside is not counted.
    """
    across, up = aliased(VALUES), aliased(VALUES)
    inside = (_between(across.value, x_edges), _between(up.value, y_edges))
    column, row = _cell(across.value, x_edges).label("column"), _cell(up.value, y_edges).label("row")
    placed = select(column, row).where(*_both(across, up, x, y), *inside).subquery()
    counted = select(placed.c.column, placed.c.row, func.count()).group_by(placed.c.column, placed.c.row)
    return tuple(Cell(*found) for found in session.execute(counted.order_by(placed.c.row, placed.c.column)))


def _both(across: type[CaseValue], up: type[CaseValue], x: str, y: str) -> tuple[ColumnElement[bool], ...]:
    return across.name == x, up.name == y, up.case_id == across.case_id


def _between(value: InstrumentedAttribute[float], edges: Sequence[float]) -> ColumnElement[bool]:
    return value.between(edges[0], edges[-1])


def _cell(value: InstrumentedAttribute[float], edges: Sequence[float]) -> ColumnElement[int]:
    last = len(edges) - 2
    return case(*((value < edge, number) for number, edge in enumerate(edges[1:-1])), else_=last)

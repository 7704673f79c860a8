"""Scores of maps of doubt: of a case, and where its values stand among all. Each takes the session first.

They are the scores of a run of their own, one run a case and state of its layers and of the fits; the newest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from db import case_values, findings, models, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from db.records import Json, NewScore


class Place(NamedTuple):
    """Where a value stands among those of the other cases."""

    below: int
    same: int
    others: int


def set_scores(
    session: Session, key: str, scores: Sequence[NewScore], parameters: Json, values: Mapping[str, float | None]
) -> None:
    """Store scores as a new run of the case, and the values to sort by; earlier runs stay. Raises KeyError."""
    found = session.scalar(select(models.Case).where(models.Case.key == key))
    if found is None:
        raise KeyError(key)
    findings.add_scores(session, findings.add_run(session, found, findings.SCORES, parameters), scores)
    case_values.set_values(session, key, values)


def of_case(session: Session, key: str) -> tuple[Json, tuple[NewScore, ...]] | None:
    """Parameters and scores of the newest run about a case; None where there is none."""
    run, score = models.Run, models.Score
    wanted = select(run).join(models.Case, models.Case.id == run.case_id)
    wanted = wanted.where(models.Case.key == key, run.kind == findings.SCORES)
    newest = session.scalar(wanted.order_by(run.id.desc()).limit(1))
    if newest is None:
        return None
    found = session.scalars(select(score).where(score.run_id == newest.id).order_by(score.id))
    return newest.parameters, tuple(map(rows.score_record, found))


def place_of(session: Session, name: str, value: float, case_key: str) -> Place:
    """A value of a case among those that other cases have of this name."""
    row, own = models.CaseValue, select(models.Case.id).where(models.Case.key == case_key).scalar_subquery()
    below, same = (func.sum(case((there, 1), else_=0)) for there in (row.value < value, row.value == value))
    wanted = select(below, same, func.count()).where(row.name == name, row.case_id != own)
    return Place(*(number or 0 for number in session.execute(wanted).one()))


def rows_of(session: Session, names: Sequence[str], most: int) -> dict[int, dict[str, float]]:
    """The values under these names of the newest cases that have the first of them, by the number of the case."""
    row = models.CaseValue
    newest = select(row.case_id).where(row.name == names[0]).order_by(row.case_id.desc()).limit(most).subquery()
    wanted = select(row.case_id, row.name, row.value).where(row.name.in_(names))
    found: dict[int, dict[str, float]] = {}
    for number, name, value in session.execute(wanted.join(newest, newest.c.case_id == row.case_id)):
        found.setdefault(number, {})[name] = value
    return found

"""Which cases without flag were drawn at random for review: each case once, for ever. Each takes the session first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from db import models
from db.failure_records import Draw, Judged
from db.findings import TRIAGE
from db.vocabulary import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def set_draw(session: Session, case_key: str, probability: float, *, drawn: bool) -> bool:
    """Note whether a case was drawn, with the probability of that; False, and nothing is written, where it was noted.

    Raises KeyError.
    """
    number = session.scalar(select(models.Case.id).where(models.Case.key == case_key))
    if number is None:
        raise KeyError(case_key)
    if session.get(models.AuditDraw, number) is not None:
        return False
    session.add(models.AuditDraw(case_id=number, probability=probability, drawn=drawn))
    session.flush()
    return True


def of_case(session: Session, case_key: str) -> Draw | None:
    """What was noted of a case."""
    found = session.execute(_wanted().where(models.Case.key == case_key)).one_or_none()
    return None if found is None else Draw(*found)


def draws(session: Session, *, drawn: bool | None = None) -> tuple[Draw, ...]:
    """All that was noted, oldest case first; drawn: only those that were, or were not."""
    row = models.AuditDraw
    wanted = _wanted() if drawn is None else _wanted().where(row.drawn == drawn)
    return tuple(Draw(*found) for found in session.execute(wanted.order_by(row.case_id)))


def count(session: Session, *, drawn: bool) -> int:
    """How many cases were drawn, or were not."""
    row = models.AuditDraw
    return session.scalar(select(func.count()).select_from(row).where(row.drawn == drawn)) or 0


def judged(session: Session, name: str) -> tuple[Judged, ...]:
    """Every case that was drawn, oldest first, with its newest verdict, its value of this name and its flags."""
    row, case, value = models.AuditDraw, models.Case, models.CaseValue
    wanted = (
        select(case.key, row.probability, case.verdict, value.value, case.flag_reasons)
        .join(case, case.id == row.case_id)
        .outerjoin(value, and_(value.case_id == case.id, value.name == name))
        .where(row.drawn)
    )
    return tuple(
        Judged(key, probability, Verdict(verdict) if verdict else None, score, reasons)
        for key, probability, verdict, score, reasons in session.execute(wanted.order_by(row.case_id))
    )


def count_chances(session: Session) -> int:
    """How many cases draws stand for: those that were or were not drawn, and those that triage found with a flag."""
    row, case, run = models.AuditDraw, models.Case, models.Run
    noted = select(row.case_id).where(row.case_id == case.id).exists()
    triaged = select(run.id).where(run.case_id == case.id, run.kind == TRIAGE).exists()
    wanted = select(func.count()).select_from(case).where(or_(noted, and_(case.flag_count > 0, triaged)))
    return session.scalar(wanted) or 0


def _wanted() -> Select[str, float, bool, datetime]:
    row, case = models.AuditDraw, models.Case
    return select(case.key, row.probability, row.drawn, row.drawn_at).join(case, case.id == row.case_id)

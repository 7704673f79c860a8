"""Dates and verdicts that nobody gave: for generated cases alone, and said so. Each takes the session first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from db import commands, models
from db.failure_records import CaseError
from db.vocabulary import AuditAction, LabelSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from db.records import Json, NewReview


class Judgeable(NamedTuple):
    """A generated case that nobody has judged."""

    case_key: str
    dice: float | None
    """Of its model's outer wall against a reference, else the lowest agreement of a model with anybody; None: none."""


def judgeable(session: Session, case_keys: Sequence[str]) -> tuple[Judgeable, ...]:
    """Those of these cases that are generated and not judged yet, oldest first."""
    case, value = models.Case, models.CaseValue
    ours = (value.case_id == case.id) & (value.name == CaseError.DICE.value)
    wanted = select(case.key, value.value, case.agreement).outerjoin(value, ours)
    wanted = wanted.where(case.key.in_(case_keys), case.source == LabelSource.SYNTHETIC, case.verdict.is_(None))
    found = session.execute(wanted.order_by(case.id))
    return tuple(Judgeable(key, agreement if dice is None else dice) for key, dice, agreement in found)


def simulate(
    session: Session,
    key: str,
    arrived: datetime,
    review: NewReview | None,
    reviewed: datetime | None,
    *,
    actor: str,
    details: Json,
) -> None:
    """Date a generated case, and add a simulated review; the audit trail says when this was really done, and by what.

    Raises KeyError for an unknown case and ValueError for one that is not generated: a real one keeps its dates.
    """
    case = session.scalar(select(models.Case).where(models.Case.key == key))
    if case is None:
        raise KeyError(key)
    if case.source != LabelSource.SYNTHETIC:
        raise ValueError("Only a generated case may get simulated dates. Found: another one. Leave it as it is.")
    case.created_at = arrived
    said = {**details, "arrived": arrived.isoformat()}
    if review is not None and reviewed is not None:
        number = commands.add_review(session, key, review, when=reviewed)
        said |= {"review": number, "verdict": review.verdict.value, "reviewed": reviewed.isoformat()}
    commands.record_audit(session, actor=actor, action=AuditAction.SIMULATED, case_key=key, details=said)

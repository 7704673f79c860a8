"""Cases that a reader has judged or a reference knows, and what scores say of them. Each takes the session first.

What is unacceptable is said by `services.failure.acceptance`; `Rule` carries its limits, so that a database can count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from db import models
from db.failure_records import CaseError
from db.vocabulary import LabelSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

VALUES, CASE = models.CaseValue, models.Case
JUDGED = tuple(verdict for verdict in Verdict if verdict is not Verdict.NOT_ASSESSABLE)


class Rule(NamedTuple):
    """When an outline is unacceptable."""

    verdicts: Collection[Verdict]
    least_dice: float
    largest_error_mm: float


class JudgedCase(NamedTuple):
    """A case that is judged, with the values of some scores."""

    case_key: str
    patient_id: int
    synthetic: bool
    verdict: Verdict | None
    dice: float | None
    diameter_error_mm: float | None
    values: tuple[float, ...]


class Known(NamedTuple):
    """How many cases are judged, and by what."""

    by_verdict: int
    by_reference: int


class Unseen(NamedTuple):
    """Of one score: judged cases that have it, unacceptable ones, and those that would not be reviewed."""

    name: str
    cases: int
    unacceptable: int
    unseen: int


class Moved(NamedTuple):
    """Where a case stands by two scores; rank 1 is the most doubtful one, and equal values share a rank."""

    case_key: str
    synthetic: bool
    before: int
    after: int


def known(session: Session) -> Known:
    """How many cases a verdict judges, and how many others a reference."""
    verdict = case((CASE.verdict.in_(JUDGED), 1), else_=0)
    reference = select(VALUES.case_id).where(VALUES.case_id == CASE.id, VALUES.name.in_(_REFERENCE))
    other = case((and_(CASE.verdict.is_(None), reference.exists()), 1), else_=0)
    said, compared = session.execute(select(func.sum(verdict), func.sum(other))).one()
    return Known(said or 0, compared or 0)


def newest(session: Session, scores: Sequence[str], most: int) -> tuple[JudgedCase, ...]:
    """At most so many judged cases that have all these scores, those taken in last first."""
    values = [aliased(VALUES) for _ in scores]
    wanted, dice, error = _judged()
    wanted = wanted.add_columns(CASE.key, CASE.patient_id, CASE.source, CASE.verdict, dice.value, error.value)
    for one, name in zip(values, scores, strict=True):
        wanted = wanted.join(one, and_(one.case_id == CASE.id, one.name == name)).add_columns(one.value)
    return tuple(
        JudgedCase(
            key, patient, source == LabelSource.SYNTHETIC, Verdict(said) if said else None, one, other, tuple(rest)
        )
        for _, key, patient, source, said, one, other, *rest in session.execute(
            wanted.order_by(CASE.id.desc()).limit(most)
        )
    )


def unseen(
    session: Session,
    rule: Rule,
    reviewed: float,
    *,
    low_is_doubtful: Collection[str],
    leave_out: Collection[str],
    most: int,
) -> tuple[Unseen, ...]:
    """Of every score: how many unacceptable cases are not among the share `reviewed` that it finds most doubtful.

    low_is_doubtful: scores of which a low value is doubt; leave_out: names that are errors, not scores. Over at most
    `most` judged cases, those taken in last; of cases with equal scores the older one is reviewed first.
    """
    judged, dice, error = _judged()
    bad = or_(CASE.verdict.in_(rule.verdicts), and_(CASE.verdict.is_(None), _wrong(dice, error, rule)))
    some = judged.add_columns(case((bad, 1), else_=0).label("bad")).order_by(CASE.id.desc()).limit(most).subquery()
    doubt = case((VALUES.name.in_(low_is_doubtful), -VALUES.value), else_=VALUES.value)
    place = func.row_number().over(partition_by=VALUES.name, order_by=(doubt.desc(), VALUES.case_id))
    count = func.count().over(partition_by=VALUES.name)
    columns = (VALUES.name, some.c.bad, place.label("place"), count.label("cases"))
    ranked = select(*columns).join(some, some.c.id == VALUES.case_id).where(VALUES.name.not_in(leave_out)).subquery()
    missed = case((ranked.c.place > reviewed * ranked.c.cases, ranked.c.bad), else_=0)
    wanted = select(ranked.c.name, func.count(), func.sum(ranked.c.bad), func.sum(missed)).group_by(ranked.c.name)
    return tuple(Unseen(*row) for row in session.execute(wanted.order_by(ranked.c.name)))


def moved(
    session: Session, before: str, after: str, most: int, *, low_is_doubtful: Collection[str]
) -> tuple[tuple[Moved, ...], tuple[Moved, ...], int]:
    """The cases that rise and that fall most from one score to another, and how many cases have both."""
    one, other = aliased(VALUES), aliased(VALUES)
    ranks = [
        func.rank().over(order_by=value.asc() if name in low_is_doubtful else value.desc()).label(label)
        for name, value, label in ((before, one.value, "before"), (after, other.value, "after"))
    ]
    both = select(one.case_id, *ranks).join(other, and_(other.case_id == one.case_id, other.name == after))
    ranked = both.where(one.name == before).subquery()
    rise = ranked.c.before - ranked.c.after
    wanted = select(CASE.key, CASE.source, ranked.c.before, ranked.c.after).join(ranked, ranked.c.case_id == CASE.id)
    up = wanted.where(rise > 0).order_by(rise.desc(), CASE.id).limit(most)
    down = wanted.where(rise < 0).order_by(rise, CASE.id).limit(most)
    count = session.scalar(select(func.count()).select_from(ranked)) or 0
    return _moves(session, up), _moves(session, down), count


def _moves(session: Session, wanted: Select[Any]) -> tuple[Moved, ...]:
    found = session.execute(wanted)
    return tuple(Moved(key, source == LabelSource.SYNTHETIC, *ranks) for key, source, *ranks in found)


_REFERENCE = (CaseError.DICE.value, CaseError.DIAMETER.value)


def _judged() -> tuple[Select[Any], type[models.CaseValue], type[models.CaseValue]]:
    """The numbers of judged cases, with what a reference says of them."""
    dice, error = aliased(VALUES), aliased(VALUES)
    wanted = select(CASE.id)
    for one, name in zip((dice, error), _REFERENCE, strict=True):
        wanted = wanted.outerjoin(one, and_(one.case_id == CASE.id, one.name == name))
    compared = or_(dice.value.is_not(None), error.value.is_not(None))
    return wanted.where(or_(CASE.verdict.in_(JUDGED), and_(CASE.verdict.is_(None), compared))), dice, error


def _wrong(dice: type[models.CaseValue], error: type[models.CaseValue], rule: Rule) -> Any:  # noqa: ANN401 -- a condition
    far = func.abs(error.value) >= rule.largest_error_mm
    return or_(dice.value < rule.least_dice, far)

"""Cases counted by what is known of them: how many, how wrong, how often unacceptable. The database counts.

One statement groups all cases by all attributes at once; whoever wants fewer attributes adds groups together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, literal, null, or_, select
from sqlalchemy.orm import aliased

from db import models
from db.failure_records import Attribute, CaseError, CaseTrait, Group
from db.vocabulary import LabelSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Subquery
    from sqlalchemy.orm import Session

    from db.failure_records import Cuts

    Value = SQLColumnExpression[float]

MOST_NAMES = 6
"""Scanners and kernels: so many by name, the most frequent; the others together."""
OTHER, UNKNOWN = "other", ""
LOW, MIDDLE, HIGH = "low", "middle", "high"
USED = (CaseError.DICE, CaseError.DIAMETER, CaseTrait.DENSITY, CaseTrait.THROMBUS)
"""Values that groups and failures are made by."""


@dataclass(frozen=True)
class Rule:
    """When an outline is unacceptable without a review, see services/failure/acceptance.py."""

    least_dice: float
    largest_error_mm: float


def groups(session: Session, error: str, cuts: Cuts, rule: Rule) -> tuple[Group, ...]:
    """All cases, grouped; `error` is the name of the value that is summed."""
    inner = _cases(session, error, cuts, rule)
    keys = [inner.c[name.value] for name in Attribute]
    sums = (
        func.count(), func.count(inner.c.failed), func.coalesce(func.sum(inner.c.failed), 0),
        func.count(inner.c.error), func.coalesce(func.sum(inner.c.error), 0.0),
        func.coalesce(func.sum(inner.c.error * inner.c.error), 0.0),
    )  # fmt: skip
    count = len(keys)
    answer = session.execute(select(*keys, *sums).group_by(*keys).order_by(*keys))
    return tuple(Group(tuple(row[:count]), *row[count:]) for row in answer)


def worst_of(
    session: Session, labels: Mapping[Attribute, str], error: str, cuts: Cuts, rule: Rule, *, descending: bool
) -> str | None:
    """The key of the case with these labels that failed, else is not known to have, with the largest error.

    descending: a high value is an error. None where no case has these labels.
    """
    inner = _cases(session, error, cuts, rule)
    alike = (inner.c[name.value] == label for name, label in labels.items())
    signed = inner.c.error if descending else -inner.c.error
    missing = case((inner.c.error.is_(None), 1), else_=0)
    order = (func.coalesce(inner.c.failed, 0).desc(), missing, signed.desc(), inner.c.key)
    found: str | None = session.scalar(select(inner.c.key).where(*alike).order_by(*order).limit(1))
    return found


def tertiles_of_size(session: Session) -> tuple[float, ...]:
    """The two diameters in mm that cut the cases with one into thirds; () with fewer than three."""
    row = models.Case
    count = session.scalar(select(func.count()).where(row.diameter_mm.is_not(None))) or 0
    if count < 3:
        return ()
    ordered = select(row.diameter_mm).where(row.diameter_rank >= 0).order_by(row.diameter_rank).limit(1)
    cuts = (session.scalar(ordered.offset(-(-count * part // 3) - 1)) for part in (1, 2))
    return tuple(cut for cut in cuts if cut is not None)


def _cases(session: Session, error: str, cuts: Cuts, rule: Rule) -> Subquery:
    """Every case with its labels, whether it failed, and its error."""
    row, series = models.Case, models.Series
    values = {str(name): aliased(models.CaseValue) for name in {error, *USED}}
    found: dict[str, Value] = {name: table.value for name, table in values.items()}
    labels = [column.label(name.value) for name, column in _labels(session, found, cuts).items()]
    failed, one = _failed(found, rule), found[error]
    wanted = select(row.key, *labels, failed.label("failed"), one.label("error")).select_from(row).join(series)
    for name, table in values.items():
        wanted = wanted.outerjoin(table, and_(table.case_id == row.id, table.name == name))
    return wanted.subquery()


def _labels(session: Session, found: dict[str, Value], cuts: Cuts) -> dict[Attribute, ColumnElement[str]]:
    facts, row = models.Series.facts, models.Case
    thickness = func.coalesce(facts["slice_thickness_mm"].as_float(), models.Series.spacing_mm[0].as_float())
    density = found[CaseTrait.DENSITY]
    return {
        Attribute.SOURCE: case((row.source == LabelSource.SYNTHETIC, "generated"), else_="real"),
        Attribute.SCANNER: _named(session, facts["model"].as_string()),
        Attribute.KERNEL: _named(session, facts["kernel"].as_string()),
        Attribute.SLICES: _cut(thickness, (cuts.thick_mm,)),
        Attribute.CONTRAST: _cut(density, (cuts.contrast_hu,)),
        Attribute.SEX: func.coalesce(row.sex, literal(UNKNOWN)),
        Attribute.SIZE: _cut(row.diameter_mm, cuts.size_mm),
        Attribute.THROMBUS: _cut(found[CaseTrait.THROMBUS], cuts.thrombus),
    }


def _named(session: Session, column: ColumnElement[str]) -> ColumnElement[str]:
    """The most frequent values by their name."""
    every = select(column.label("name")).where(column.is_not(None)).subquery()
    counted = select(every.c.name).group_by(every.c.name).order_by(func.count().desc(), every.c.name)
    names = session.scalars(counted.limit(MOST_NAMES)).all()
    return case((column.in_(names), column), (column.is_(None), literal(UNKNOWN)), else_=literal(OTHER))


def _cut(column: SQLColumnExpression[Any], at: Sequence[float]) -> ColumnElement[str]:
    """'low' below the only cut or up to the first of two, 'high' from the only one on or above the second."""
    if not at:
        return literal(UNKNOWN)
    if len(at) == 1:
        return case((column < at[0], LOW), (column >= at[0], HIGH), else_=UNKNOWN)
    return case((column <= at[0], LOW), (column <= at[1], MIDDLE), (column > at[1], HIGH), else_=UNKNOWN)


def _failed(found: dict[str, Value], rule: Rule) -> ColumnElement[int | None]:
    """1 unacceptable, 0 acceptable, NULL not known: the newest review says so, else the reference."""
    verdict = models.Case.verdict
    dice, error = found[CaseError.DICE], found[CaseError.DIAMETER]
    bad = or_(dice < rule.least_dice, error >= rule.largest_error_mm)
    return case(
        (verdict == Verdict.NOT_ASSESSABLE, null()),
        (verdict.in_((Verdict.MAJOR_EDIT, Verdict.REJECT)), 1),
        (verdict.is_not(None), 0),
        (bad, 1),
        (or_(dice.is_not(None), error.is_not(None)), 0),
        else_=null(),
    )

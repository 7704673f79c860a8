"""Reads for models beside each other: which there are, whom they were compared with, and the stored figures.

A figure that compares says so in its parameters: `model` and `model_version`, and where it compares with one drawing
`other`, `other_version`, `other_kind` and `other_source` (see services/findings.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from db import models
from db.findings import FINDINGS, MEASUREMENT
from db.measurement_records import Shown
from db.vocabulary import AuthorKind, LabelSource, LayerKind, Sex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

PREDICTION = "prediction"


class ModelUse(NamedTuple):
    """A model by name and version, and how many cases hold a result of it."""

    name: str
    version: str
    cases: int


class Drawn(NamedTuple):
    """One reading of a reader, a consensus, or a program in a reader's place, and in how many cases there is one."""

    name: str
    version: str
    source: LabelSource
    cases: int


class Compared(NamedTuple):
    """A stored figure of one model in one case; None only with the reason."""

    case_key: str
    synthetic: bool
    model: str
    version: str
    value: float | None
    reason: str
    method: str


class Sized(NamedTuple):
    """The largest diameter that was measured on a model's mask in one case; None only with the reason."""

    case_key: str
    synthetic: bool
    sex: Sex | None
    model: str
    version: str
    diameter_mm: float | None
    reason: str


def model_uses(session: Session) -> tuple[ModelUse, ...]:
    """Every model whose results the store holds, by name and version."""
    version, run = models.ModelVersion, models.Run
    cases = func.count(distinct(run.case_id))
    query = select(version.name, version.version, cases).join(run, run.model_version_id == version.id)
    found = session.execute(query.where(run.kind == PREDICTION).group_by(version.name, version.version))
    return tuple(sorted(ModelUse(*row) for row in found))


def drawings_of_readers(session: Session) -> tuple[Drawn, ...]:
    """Whoever is not a model and drew a label map, most cases first."""
    layer = models.Layer
    who = (layer.author, layer.author_version, layer.source)
    drawn = (layer.author_kind == AuthorKind.READER, layer.kind == LayerKind.LABELS)
    query = select(*who, func.count(distinct(layer.case_id))).where(*drawn).group_by(*who)
    found = (Drawn(name, its, LabelSource(source), cases) for name, its, source, cases in session.execute(query))
    return tuple(sorted(found, key=lambda one: (-one.cases, one.name, one.version)))


def figures(
    session: Session, name: str, of: Sequence[tuple[str, str]], against: tuple[str, str] | None
) -> tuple[Compared, ...]:
    """The newest stored figures called `name` of these models (name, version), by case.

    against: name and version of the drawing that they compare with; None for figures that compare with no single one.
    """
    case, run, score = models.Case, models.Run, models.Score
    newest = select(func.max(run.id).label("id")).where(run.kind == FINDINGS).group_by(run.case_id).subquery()
    model, version = (score.parameters[key].as_string() for key in ("model", "model_version"))
    query = (
        select(case.key, case.source, model, version, score.value, score.reason, score.method, score.method_version)
        .join(run, run.case_id == case.id)
        .join(newest, newest.c.id == run.id)
        .join(score, score.run_id == run.id)
        .where(score.name == name, or_(*(and_(model == one, version == its) for one, its in of)))
    )
    if against is not None:
        query = query.where(*_is_against(against))
    return tuple(
        Compared(key, source == LabelSource.SYNTHETIC, one, its, value, reason, f"{method} {number}")
        for key, source, one, its, value, reason, method, number in session.execute(query.order_by(case.id))
    )


def diameters(session: Session, of: Sequence[tuple[str, str]]) -> tuple[Sized, ...]:
    """The largest diameters on the masks of these models (name, version) in the newest measuring of each case."""
    case, run, measured = models.Case, models.Run, models.Measurement
    newest = select(func.max(run.id).label("id")).where(run.kind == MEASUREMENT).group_by(run.case_id).subquery()
    subjects = {f"{name} {version}".strip(): (name, version) for name, version in of}
    query = (
        select(case.key, case.source, case.sex, measured.subject, measured.value, measured.reason)
        .join(measured, measured.case_id == case.id)
        .join(newest, newest.c.id == measured.run_id)
        .where(measured.name == Shown.DIAMETER, measured.subject.in_(subjects))
    )
    return tuple(
        Sized(key, source == LabelSource.SYNTHETIC, Sex(sex) if sex else None, *subjects[subject], value, reason)
        for key, source, sex, subject, value, reason in session.execute(query.order_by(case.id))
    )


def ran_together(session: Session, of: Sequence[tuple[str, str]]) -> int:
    """How many cases hold results of all these models (name, version)."""
    version, run = models.ModelVersion, models.Run
    any_of_them = or_(*(and_(version.name == one, version.version == its) for one, its in of))
    cases = (
        select(run.case_id)
        .join(version, version.id == run.model_version_id)
        .where(run.kind == PREDICTION, any_of_them)
        .group_by(run.case_id)
        .having(func.count(distinct(version.id)) == len(set(of)))
    )
    return session.scalar(select(func.count()).select_from(cases.subquery())) or 0


def _is_against(drawing: tuple[str, str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    parameters = models.Score.parameters
    return (
        parameters["other"].as_string() == drawing[0],
        parameters["other_version"].as_string() == drawing[1],
    )

"""What a model has computed about a case: its runs. Each function takes the session first, and commits nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from db import models
from db.commands import prediction_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from db.records import Json


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One run of a model, by the name and version that its layers have as their author."""

    model: str
    version: str
    parameters: Json = field(default_factory=dict)
    """What told it apart from another run: weights, method and its version, and how it was done."""
    seed: int | None = None


def runs_of(session: Session, key: str) -> tuple[ModelRun, ...]:
    """Every model's runs about a case, oldest first."""
    wanted = _runs().where(models.Case.key == key)
    return tuple(
        ModelRun(version.name, version.version, run.parameters, run.seed) for run, version, _ in session.execute(wanted)
    )


def cases_with(session: Session, model: str) -> Iterator[tuple[str, Json]]:
    """Every case that a model of this name has a run about, and that run's parameters."""
    for run, _, key in session.execute(_runs().where(models.ModelVersion.name == model)):
        yield key, run.parameters


def add_run(session: Session, key: str, run: ModelRun) -> None:
    """Add a run that the case does not have yet; layers of this author belong to it from now on."""
    case = session.scalars(select(models.Case).where(models.Case.key == key)).one()
    row = prediction_run(session, case, run.model, run.version)
    row.parameters, row.seed = dict(run.parameters), run.seed
    session.flush()


def _runs() -> Select[models.Run, models.ModelVersion, str]:
    return (
        select(models.Run, models.ModelVersion, models.Case.key)
        .join(models.ModelVersion, models.ModelVersion.id == models.Run.model_version_id)
        .join(models.Case, models.Case.id == models.Run.case_id)
        .where(models.Run.kind == "prediction")
        .order_by(models.Run.id)
    )

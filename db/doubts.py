"""Figures of doubt: what was stored of a case, and of the newest cases beside each other. Each takes the session first.

They are the scores of a run of their own, one run a case and state of its layers; the newest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import aliased

from db import findings, models, rows
from db.measurement_records import StoredFigure
from db.vocabulary import LabelSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.records import Json, NewScore

AT_ONCE = 1000
"""So many runs are asked for in one statement; databases limit how many values a statement may have."""


class Doubted(NamedTuple):
    """A case with its newest run of figures of doubt."""

    run_id: int
    case_key: str
    synthetic: bool
    facts: Json
    """Of its scanner, see NewSeries."""
    said: Json
    """The parameters of the run."""


class Curve(NamedTuple):
    """What a figure was made of, as its parameters keep it."""

    run_id: int
    name: str
    said: Json


def set_doubt(session: Session, key: str, scores: Sequence[NewScore], parameters: Json) -> int:
    """Store figures as a new run of the case; earlier ones stay. Its number. Raises KeyError."""
    case = session.scalar(select(models.Case).where(models.Case.key == key))
    if case is None:
        raise KeyError(key)
    run = findings.add_run(session, case, findings.DOUBT, parameters)
    findings.add_scores(session, run, scores)
    return run.id


def of_case(session: Session, key: str) -> tuple[Json, tuple[NewScore, ...]] | None:
    """Parameters and scores of the newest run about a case; None where there is none."""
    run, score = models.Run, models.Score
    wanted = select(run).join(models.Case, models.Case.id == run.case_id)
    newest = session.scalar(
        wanted.where(models.Case.key == key, run.kind == findings.DOUBT).order_by(run.id.desc()).limit(1)
    )
    if newest is None:
        return None
    found = session.scalars(select(score).where(score.run_id == newest.id).order_by(score.id))
    return newest.parameters, tuple(map(rows.score_record, found))


def newest_cases(session: Session, most: int) -> tuple[Doubted, ...]:
    """At most so many cases, those whose figures are newest first."""
    case, run, later = models.Case, models.Run, aliased(models.Run)
    replaced = select(later.id).where(later.case_id == run.case_id, later.kind == findings.DOUBT, later.id > run.id)
    wanted = (
        select(run.id, case.key, case.source, models.Series.facts, run.parameters)
        .join(case, case.id == run.case_id)
        .join(models.Series, models.Series.id == case.series_id)
        .where(run.kind == findings.DOUBT, ~replaced.exists())
        .order_by(run.id.desc())
        .limit(most)
    )
    return tuple(
        Doubted(number, key, source == LabelSource.SYNTHETIC, facts, said)
        for number, key, source, facts, said in session.execute(wanted)
    )


def figures(session: Session, runs: Sequence[int]) -> tuple[StoredFigure, ...]:
    """All figures of these runs, without what they were made of."""
    score = models.Score
    columns = (score.run_id, score.name, score.value, score.unit, score.reason)
    return tuple(
        StoredFigure(*row)
        for some in _parts(runs)
        for row in session.execute(select(*columns).where(score.run_id.in_(some)).order_by(score.id))
    )


def curves(session: Session, runs: Sequence[int], names: Sequence[str]) -> tuple[Curve, ...]:
    """What these figures of these runs were made of."""
    score = models.Score
    wanted = select(score.run_id, score.name, score.parameters).where(score.name.in_(names)).order_by(score.id)
    return tuple(Curve(*row) for some in _parts(runs) for row in session.execute(wanted.where(score.run_id.in_(some))))


def state(session: Session) -> tuple[int, int]:
    """Changes whenever figures come or go: the number of the newest run, and how many there are."""
    run = models.Run
    wanted = select(func.max(run.id), func.count()).where(run.kind == findings.DOUBT)
    newest, count = session.execute(wanted).one()
    return newest or 0, count


def count_cases(session: Session) -> int:
    """How many cases have figures."""
    run = models.Run
    wanted = select(func.count(distinct(run.case_id))).where(run.kind == findings.DOUBT)
    return session.scalar(wanted) or 0


def _parts(runs: Sequence[int]) -> list[Sequence[int]]:
    return [runs[first : first + AT_ONCE] for first in range(0, len(runs), AT_ONCE)]

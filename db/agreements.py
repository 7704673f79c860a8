"""How far readers agree: what is stored of one case, and the means over all. Each takes the session first.

Figures are scores of a run of the kind AGREEMENT; of a case only the newest such run counts. A pair says in its
parameters who it is: `first`, `second` and `second_kind`; where it differs most: `slice` and `place`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from db import commands, findings, models, rows
from db.findings import AGREEMENT, ERRORS
from db.vocabulary import AuthorKind, LabelSource, ReadersFigure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.orm import Session

    from db.records import Index3, Json, NewLayer, NewProfile, NewScore

ENOUGH_READERS = 2
REPLACING = (AGREEMENT, ERRORS)
"""Kinds of runs whose layers take the place of those of the run before."""


class PairMean(NamedTuple):
    """Two authors over all cases that both drew; undefined figures are left out and counted apart."""

    first: str
    second: str
    second_kind: AuthorKind
    mean: float | None
    cases: int


class AuthorMean(NamedTuple):
    """One author's figure over patients, each patient's scans averaged first."""

    author: str
    kind: AuthorKind
    mean: float
    square: float
    """Mean of the squares."""
    patients: int


class Place(NamedTuple):
    """A figure of one case, and where in the scan it is worst."""

    case_key: str
    synthetic: bool
    value: float
    slice: int | None
    place: Index3 | None
    said: Json


class Disputed(StrEnum):
    """How disputed cases are sorted."""

    VOLUME = "disputed volume"
    SLICE = "worst slice"
    CASE = "case"


class ConsensusMean(NamedTuple):
    """One consensus method beside an author or another method ('' for a figure about itself)."""

    method: str
    other: str
    other_kind: str
    mean: float
    cases: int


class Counted(NamedTuple):
    """How many cases there are, how many were compared, and how many of these are generated."""

    cases: int
    compared: int
    synthetic: int


def set_agreement(
    session: Session,
    key: str,
    layers: Sequence[NewLayer],
    scores: Sequence[NewScore],
    profiles: Sequence[NewProfile],
    parameters: Json,
) -> int:
    """Store what was found about the readers of a case as a new run, with its layers. Its number. Raises KeyError."""
    case = session.scalar(select(models.Case).where(models.Case.key == key))
    if case is None:
        raise KeyError(key)
    run = findings.add_run(session, case, AGREEMENT, parameters, profiles=profiles)
    findings.add_scores(session, run, scores)
    for layer in layers:
        commands.add_layer(session, case, layer, run)
    return run.id


def current_layers(case_id: int) -> Select[models.Layer]:
    """The layers of a case, but for those that a newer comparison of the same kind has replaced."""
    layer, run, later = models.Layer, models.Run, aliased(models.Run)
    newer = select(later.id).where(later.case_id == case_id, later.kind == run.kind, later.id > run.id)
    replaced = select(run.id).where(run.case_id == case_id, run.kind.in_(REPLACING), newer.exists())
    current = layer.run_id.is_(None) | layer.run_id.not_in(replaced)
    return select(layer).where(layer.case_id == case_id, current).order_by(layer.author_kind, layer.id)


def keys_never_compared(session: Session) -> tuple[str, ...]:
    """The keys of the cases whose readers were never compared, or looked for, oldest first."""
    run = models.Run
    there = select(run.id).where(run.case_id == models.Case.id, run.kind == AGREEMENT)
    return tuple(session.scalars(select(models.Case.key).where(~there.exists()).order_by(models.Case.id)))


def counted(session: Session) -> Counted:
    """How many cases the page is about."""
    case, score, newest = models.Case, models.Score, _newest()
    compared = select(case.id).join(newest, newest.c.case_id == case.id).join(score, score.run_id == newest.c.id)
    both = compared.where(score.name == ReadersFigure.DISPUTED)
    made = both.where(case.source == LabelSource.SYNTHETIC)
    every = select(func.count()).select_from(case)
    numbers = [every, *(select(func.count()).select_from(one.subquery()) for one in (both, made))]
    return Counted(*(session.scalar(number) or 0 for number in numbers))


def pair_means(session: Session, name: ReadersFigure) -> tuple[PairMean, ...]:
    """The mean of a figure of every two authors over the cases in which it is defined."""
    there = _said_of(name, "first", "second", "second_kind")
    who, value = (there.c.first, there.c.second, there.c.second_kind), there.c.value
    found = session.execute(select(*who, func.avg(value), func.count(value)).group_by(*who))
    return tuple(PairMean(one, other, AuthorKind(kind), mean, cases) for one, other, kind, mean, cases in found)


def worst_of_pairs(session: Session, name: ReadersFigure) -> dict[tuple[str, str], Place]:
    """The case in which two authors are furthest apart by this figure, of every two."""
    value = models.Score.value
    by = value.asc() if name is ReadersFigure.DICE else value.desc()
    rank = func.row_number().over(partition_by=(_said("first"), _said("second")), order_by=(by, models.Score.id))
    ranked = _places(name).add_columns(rank.label("rank")).subquery()
    columns = (ranked.c.key, ranked.c.source, ranked.c.value, ranked.c.parameters)
    found = _placed(session, select(*columns).where(ranked.c.rank == 1))
    return {(str(one.said["first"]), str(one.said["second"])): one for one in found}


def author_means(session: Session, name: ReadersFigure) -> tuple[AuthorMean, ...]:
    """A figure of every author, over patients."""
    there = _said_of(name, "author", "author_kind")
    who = (there.c.author, there.c.author_kind)
    mean = func.avg(there.c.value).label("value")
    defined = select(*who, mean).where(there.c.value.is_not(None))
    of_patient = defined.group_by(*who, there.c.patient_id).subquery()
    value, named = of_patient.c.value, (of_patient.c.author, of_patient.c.author_kind)
    query = select(*named, func.avg(value), func.avg(value * value), func.count()).group_by(*named)
    return tuple(AuthorMean(who, AuthorKind(kind), *numbers) for who, kind, *numbers in session.execute(query))


def most_disputed(session: Session, by: Disputed, most: int | None) -> tuple[Place, ...]:
    """The cases whose readers dispute most, the worst first by this order; the figure is the disputed volume, mL."""
    score = models.Score
    order = {
        Disputed.VOLUME: score.value.desc(),
        Disputed.SLICE: score.parameters["apart_cm2"].as_float().desc().nulls_last(),
        Disputed.CASE: models.Case.key.asc(),
    }
    return tuple(_placed(session, _places(ReadersFigure.DISPUTED).order_by(order[by], score.id).limit(most)))


def of_cases(session: Session, name: ReadersFigure, keys: Sequence[str]) -> dict[str, float]:
    """A figure of these cases, where it is defined."""
    return {one.case_key: one.value for one in _placed(session, _places(name).where(models.Case.key.in_(keys)))}


def consensus_means(session: Session, name: ReadersFigure) -> tuple[ConsensusMean, ...]:
    """A figure of every consensus method over the cases in which it is defined."""
    there = _said_of(name, "consensus", "other", "other_kind")
    who = (there.c.consensus, there.c.other, there.c.other_kind)
    query = select(*who, func.avg(there.c.value), func.count()).where(there.c.value.is_not(None)).group_by(*who)
    return tuple(ConsensusMean(*row) for row in session.execute(query))


def _newest() -> Subquery:
    run = models.Run
    newest = select(func.max(run.id).label("id"), run.case_id.label("case_id")).where(run.kind == AGREEMENT)
    return newest.group_by(run.case_id).subquery()


def _said(name: str) -> ColumnElement[str]:
    said: ColumnElement[str] = models.Score.parameters[name].as_string()
    return said


def _said_of(name: ReadersFigure, *fields: str) -> Subquery:
    """Every newest figure of this name with its patient and these of its parameters, as columns to group by."""
    score, case, newest = models.Score, models.Case, _newest()
    said = (_said(field).label(field) for field in fields)
    query = select(score.value, case.patient_id, *said).join(newest, newest.c.id == score.run_id)
    return query.join(case, case.id == newest.c.case_id).where(score.name == name).subquery()


def _places(name: ReadersFigure) -> Select[str, str | None, float | None, Json]:
    case, score, newest = models.Case, models.Score, _newest()
    query = select(case.key, case.source, score.value, score.parameters).join(newest, newest.c.case_id == case.id)
    return query.join(score, score.run_id == newest.c.id).where(score.name == name, score.value.is_not(None))


def _placed(session: Session, wanted: Select[str, str | None, float | None, Json]) -> Iterator[Place]:
    for key, source, value, said in session.execute(wanted):
        slice_of = said.get("slice")
        place = rows.index3(cast("list[int] | None", said.get("place")))
        slice_k = slice_of if isinstance(slice_of, int) else None
        yield Place(key, source == LabelSource.SYNTHETIC, value or 0.0, slice_k, place, said)

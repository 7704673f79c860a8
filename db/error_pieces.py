"""Pieces of errors: of each case those of its newest comparison with its reference. Each takes the session first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import distinct, func, select, update

from db import commands, findings, models
from db.failure_records import Basis, ErrorKind, ListedPiece, NewErrorPiece
from db.vocabulary import LabelSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from db.records import Index3, Json, NewLayer, NewScore

ORDERS = ("volume", "distance", "effect")
"""What pieces are sorted by, the largest first."""


def set_errors(
    session: Session,
    key: str,
    scores: Sequence[NewScore],
    pieces: Sequence[NewErrorPiece],
    parameters: Json,
    layers: Sequence[NewLayer] = (),
) -> int:
    """Store a comparison with the reference as a new run; those of before stay. Its number. Raises KeyError."""
    case = session.scalar(select(models.Case).where(models.Case.key == key))
    if case is None:
        raise KeyError(key)
    piece = models.ErrorPiece
    session.execute(update(piece).where(piece.case_id == case.id, piece.current).values(current=False))
    run = findings.add_run(session, case, findings.ERRORS, parameters)
    findings.add_scores(session, run, scores)
    session.add_all(piece(run_id=run.id, case_id=case.id, current=True, **_fields(one)) for one in pieces)
    for layer in layers:
        commands.add_layer(session, case, layer, run)
    session.flush()
    return run.id


def of_case(session: Session, key: str) -> tuple[ListedPiece, ...]:
    """The pieces of a case as it is now, the largest first."""
    wanted = _listed().where(models.Case.key == key)
    return _records(session, wanted.order_by(models.ErrorPiece.volume_ml.desc(), models.ErrorPiece.id))


def largest_places(session: Session, keys: Sequence[str]) -> dict[str, Index3]:
    """Of each of these cases the place of its largest piece; a case without pieces is not there."""
    piece, case = models.ErrorPiece, models.Case
    rank = func.row_number().over(partition_by=piece.case_id, order_by=(piece.volume_ml.desc(), piece.id))
    ranked = (
        select(case.key, piece.place, rank.label("rank"))
        .join(case, case.id == piece.case_id)
        .where(piece.current, case.key.in_(keys))
        .subquery()
    )
    found = session.execute(select(ranked.c.key, ranked.c.place).where(ranked.c.rank == 1))
    return {key: (int(k), int(j), int(i)) for key, (k, j, i) in found}


def largest(
    session: Session, limit: int, *, order: str = "volume", kind: ErrorKind | None = None, structure: str = ""
) -> tuple[ListedPiece, ...]:
    """At most so many pieces of all cases, by one of ORDERS; those without that figure last. '': every structure."""
    column = {
        "volume": models.ErrorPiece.volume_ml,
        "distance": models.ErrorPiece.distance_mm,
        "effect": func.abs(models.ErrorPiece.effect_mm),
    }[order]
    wanted = _listed().where(*_filters(kind, structure))
    return _records(session, wanted.order_by(column.is_(None), column.desc(), models.ErrorPiece.id).limit(limit))


def count(session: Session, *, kind: ErrorKind | None = None, structure: str = "") -> int:
    """How many pieces there are now."""
    wanted = select(func.count()).select_from(models.ErrorPiece).where(models.ErrorPiece.current)
    return session.scalar(wanted.where(*_filters(kind, structure))) or 0


def structures(session: Session) -> tuple[str, ...]:
    """The structures that pieces are of, in the order of letters."""
    piece = models.ErrorPiece
    return tuple(session.scalars(select(piece.structure).where(piece.current).distinct().order_by(piece.structure)))


def bases(session: Session) -> dict[Basis, int]:
    """How many cases have pieces by each kind of reference."""
    piece = models.ErrorPiece
    counted = select(piece.basis, func.count(distinct(piece.case_id))).where(piece.current).group_by(piece.basis)
    return {Basis(basis): number for basis, number in session.execute(counted.order_by(piece.basis))}


def state(session: Session) -> tuple[int, int]:
    """Changes whenever comparisons come or go: the number of the newest, and how many there are."""
    run = models.Run
    newest, number = session.execute(select(func.max(run.id), func.count()).where(run.kind == findings.ERRORS)).one()
    return newest or 0, number


def _listed() -> Select[models.ErrorPiece, str, str | None]:
    wanted = select(models.ErrorPiece, models.Case.key, models.Case.source)
    return wanted.join(models.Case, models.Case.id == models.ErrorPiece.case_id).where(models.ErrorPiece.current)


def _filters(kind: ErrorKind | None, structure: str) -> list[ColumnElement[bool]]:
    piece = models.ErrorPiece
    of_kind = [piece.kind == kind] if kind is not None else []
    return [*of_kind, piece.structure == structure] if structure else of_kind


def _records(session: Session, wanted: Select[models.ErrorPiece, str, str | None]) -> tuple[ListedPiece, ...]:
    return tuple(
        ListedPiece(row.id, key, source == LabelSource.SYNTHETIC, _record(row))
        for row, key, source in session.execute(wanted)
    )


def _record(row: models.ErrorPiece) -> NewErrorPiece:
    kept = {field.name: getattr(row, field.name) for field in dataclasses.fields(NewErrorPiece)}
    (k, j, i), (first, last) = row.place, row.slices
    closed = {"basis": Basis(row.basis), "kind": ErrorKind(row.kind), "place": (k, j, i), "slices": (first, last)}
    return NewErrorPiece(**kept | closed)


def _fields(piece: NewErrorPiece) -> dict[str, Any]:
    kept = {field.name: getattr(piece, field.name) for field in dataclasses.fields(piece)}
    return kept | {"place": list(piece.place), "slices": list(piece.slices), "facts": dict(piece.facts)}

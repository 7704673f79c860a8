"""A patient goes, with every row: the only way in which a review is ever deleted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, delete, func, or_, select, text, update

from db import job_notes, models
from db.turns import take_turn
from db.upkeep import NAMING
from db.vocabulary import AuditAction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from db.store import Store

OF_RUN = (models.Flag, models.Score, models.Profile)
OF_CASE = (
    models.AuditDraw, models.CaseValue, models.ErrorPiece, models.Embedding, models.Measurement, models.Review,
    models.Layer, models.Annotation, models.Run,
)  # fmt: skip
LINE_TEXTS = (models.IntakeLine.what, models.IntakeLine.must, models.IntakeLine.found, models.IntakeLine.todo)
LINE_LISTS = (models.IntakeLine.mended, models.IntakeLine.remarks)
PATIENCE_MS = 5000
"""How long overwriting waits for those who read."""


@dataclass(frozen=True)
class Gone:
    """What was deleted of a patient, and which images may go with it."""

    cases: int
    layers: int
    reviews: int
    images: frozenset[str]
    mentions: int
    """Notes about other patients' cases that mention this one: they stay, as every review does."""


def pseudonym_of(session: Session, name: str) -> str | None:
    """The patient that a pseudonym or a case's key names, in letters of either case; None where there is none."""
    patient, case = models.Patient, models.Case
    wanted = name.upper()
    by_case = select(patient.pseudonym).join(case, case.patient_id == patient.id).where(func.upper(case.key) == wanted)
    by_name = select(patient.pseudonym).where(func.upper(patient.pseudonym) == wanted)
    return session.scalar(by_name) or session.scalar(by_case)


def forgotten_at(session: Session, trace: str) -> datetime | None:
    """When the patient who leaves this trace was last forgotten."""
    event = models.AuditEvent
    left = event.details["trace"].as_string() == trace
    return session.scalar(select(func.max(event.at)).where(event.action == AuditAction.FORGOTTEN, left))


def forget(session: Session, pseudonym: str) -> Gone:
    """Delete every row of a patient. Raises LookupError where there is none."""
    take_turn(session)
    patient = session.scalars(select(models.Patient).where(models.Patient.pseudonym == pseudonym)).one_or_none()
    if patient is None:
        raise LookupError
    cases = session.scalars(select(models.Case.id).where(models.Case.patient_id == patient.id)).all()
    gone = Gone(
        cases=len(cases),
        layers=_count(session, models.Layer.case_id, cases),
        reviews=_count(session, models.Review.case_id, cases),
        images=_images(session, patient.id, cases),
        mentions=_mentions(session, pseudonym, cases),
    )
    _delete_work(session, pseudonym, cases)
    _delete_cases(session, cases)
    studies = select(models.Study.id).where(models.Study.patient_id == patient.id)
    session.execute(delete(models.Series).where(models.Series.study_id.in_(studies)))
    session.execute(delete(models.Study).where(models.Study.patient_id == patient.id))
    session.execute(delete(models.Patient).where(models.Patient.id == patient.id))
    return gone


def overwrite_deleted(store: Store) -> bool:
    """Have the database overwrite what was deleted. False where others who use it are in the way.

    SQLite: the file is written anew and its journal emptied, so not a byte stays. PostgreSQL gives the space free; its
    own journal and backups keep bytes for as long as that server is set to.
    """
    if not store.is_sqlite:
        with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM"))
        return True
    return shorten_journal(store, "VACUUM")


def shorten_journal(store: Store, *before: str) -> bool:
    """Empty SQLite's journal, which holds pages as they once were. False where others who read are in the way."""
    if not store.is_sqlite:
        return True
    raw = store.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        for statement in before:
            cursor.execute(statement)
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        return False
    finally:
        raw.invalidate()  # it waits less long than the others
    return not busy


def _delete_cases(session: Session, cases: Sequence[int]) -> None:
    """The reviews may go because their cases are listed as being forgotten, in this transaction only."""
    session.add_all(models.Forgetting(case_id=case) for case in cases)
    session.flush()
    runs = select(models.Run.id).where(models.Run.case_id.in_(cases))
    for found in OF_RUN:
        session.execute(delete(found).where(found.run_id.in_(runs)))
    for kept in OF_CASE:
        session.execute(delete(kept).where(kept.case_id.in_(cases)))
    session.execute(delete(models.Case).where(models.Case.id.in_(cases)))
    session.execute(delete(models.Forgetting))


def _delete_work(session: Session, pseudonym: str, cases: Sequence[int]) -> None:
    """Jobs about these cases, what intakes said about them, and every text that names them."""
    line, job, view = models.IntakeLine, models.Job, models.SavedView
    jobs = select(job.id).where(job.case_id.in_(cases))
    told = or_(*_naming(LINE_TEXTS, pseudonym), *_naming(LINE_LISTS, pseudonym))
    session.execute(delete(line).where(or_(line.case_id.in_(cases), line.job_id.in_(jobs), told)))
    session.execute(delete(job).where(job.case_id.in_(cases)))
    session.execute(update(job).where(*_naming([job.error], pseudonym)).values(error=""))
    session.execute(update(job).where(*_naming([job.doing], pseudonym)).values(doing=""))
    session.execute(update(job).where(*_naming([job.details], pseudonym)).values(details={}))
    session.execute(delete(view).where(or_(*_naming([view.query, view.name], pseudonym))))


def _naming(columns: Iterable[InstrumentedAttribute[Any]], pseudonym: str) -> list[ColumnElement[bool]]:
    """That a column, as text, names a pseudonym, in letters of either case."""
    return [func.upper(cast(column, String)).contains(pseudonym.upper(), autoescape=True) for column in columns]


def _images(session: Session, patient: int, cases: Sequence[int]) -> frozenset[str]:
    series = select(models.Series.id).join(models.Study).where(models.Study.patient_id == patient)
    owners = {"series": models.Series.id.in_(series), "case": models.Case.id.in_(cases)}
    owners["layer"] = models.Layer.case_id.in_(cases)
    owners["embedding"] = models.Embedding.case_id.in_(cases)
    found = (session.scalars(select(column).where(owners[column.class_.__tablename__])) for column in NAMING)
    so_far = job_notes.images_of(session, cases)
    return frozenset(digest for digests in (*found, so_far) for digest in digests if digest)


def _mentions(session: Session, pseudonym: str, cases: Sequence[int]) -> int:
    review = models.Review
    others = select(func.count()).select_from(review).where(review.case_id.not_in(cases))
    return session.scalar(others.where(*_naming([review.note], pseudonym))) or 0


def _count(session: Session, column: InstrumentedAttribute[int], cases: Sequence[int]) -> int:
    return session.scalar(select(func.count()).where(column.in_(cases))) or 0

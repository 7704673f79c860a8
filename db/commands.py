"""Writes. Each takes the session first and commits nothing itself; reviews and audit events are only ever added."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from db import models
from db.findings import set_findings, set_search_text
from db.moments import now
from db.readers import drawing_reader, reader_named
from db.rows import layer_record, region_numbers
from db.turns import take_turn
from db.vocabulary import AuthorKind, CaseStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from db.records import (
        BlobRef,
        Json,
        NewCase,
        NewFlag,
        NewLayer,
        NewPatient,
        NewProfile,
        NewReview,
        NewScore,
        NewSeries,
        Region,
        SavedView,
    )
    from db.vocabulary import AuditAction


def add_case(session: Session, case: NewCase) -> str:
    """Store a case with all it came with and return its key. The same series with the same image changes nothing."""
    take_turn(session)
    known = session.scalar(
        select(models.Case.key)
        .join(models.Series)
        .where(models.Series.uid == case.series.series_uid, models.Series.blob == case.series.image.digest)
    )
    if known is not None:
        return known
    patient = _patient(session, case.patient)
    series = _series(session, patient, case.series)
    row = models.Case(
        id=_next_case_id(session),
        key=_next_key(session, patient),
        patient_id=patient.id,
        series_id=series.id,
        status=CaseStatus.SCHEDULED,
        source=case.source,
        sex=patient.sex,
        age_years=case.series.age_years,
        slices=case.series.shape[0],
    )
    session.add(row)
    session.flush()
    for layer in case.layers:
        add_layer(session, row, layer)
    set_findings(session, row, case.scores, case.flags, case.profiles)
    _set_shown_first(row, case.region, case.crop, case.thumbnail)
    return row.key


def add_layers(
    session: Session,
    key: str,
    layers: Sequence[NewLayer],
    *,
    scores: Sequence[NewScore],
    flags: Sequence[NewFlag],
    profiles: Sequence[NewProfile],
    region: Region | None,
    crop: BlobRef | None,
    thumbnail: BlobRef | None,
) -> int:
    """Add the layers that the case does not have yet; returns how many.

    When there were any, the findings given become the current ones: as a new run, beside the earlier ones.
    """
    take_turn(session)
    row = _case(session, key)
    there = {
        _identity(layer_record(layer).spec)
        for layer in session.scalars(select(models.Layer).where(models.Layer.case_id == row.id))
    }
    fresh = [layer for layer in layers if _identity(layer) not in there]
    for layer in fresh:
        add_layer(session, row, layer)
    if fresh:
        set_findings(session, row, scores, flags, profiles)
        _set_shown_first(row, region, crop, thumbnail)
    return len(fresh)


def add_map(session: Session, key: str, layer: NewLayer) -> None:
    """Add a map that says nothing new about anybody's outline: the findings stay. One that is there changes nothing."""
    row = _case(session, key)
    there = session.scalars(select(models.Layer).where(models.Layer.case_id == row.id, models.Layer.kind == layer.kind))
    if _identity(layer) not in {_identity(layer_record(one).spec) for one in there}:
        add_layer(session, row, layer)


def add_review(session: Session, key: str, review: NewReview, *, when: datetime | None = None) -> int:
    """Append a verdict, as of now unless said otherwise; the case is then completed. Its number. Raises KeyError."""
    row = _case(session, key)
    stored = models.Review(
        case_id=row.id,
        run_id=_latest_run(session, row.id),
        reader_id=reader_named(session, review.reviewer).id,
        verdict=review.verdict,
        reason=review.reason,
        note=review.note,
        structure=review.structure,
        place=list(review.place) if review.place else None,
        slices=list(review.slices) if review.slices else None,
        created_at=when or now(),
    )
    session.add(stored)
    row.verdict, row.reviewer, row.status = review.verdict, review.reviewer, CaseStatus.COMPLETED
    set_search_text(row)
    session.flush()
    return stored.id


def set_status(session: Session, key: str, status: CaseStatus) -> None:
    """Move a case in the reading queue."""
    session.execute(update(models.Case).where(models.Case.key == key).values(status=status))


def record_audit(session: Session, *, actor: str, action: AuditAction, case_key: str | None, details: Json) -> None:
    """Append one audit event."""
    case_id = _case(session, case_key).id if case_key else None
    session.add(models.AuditEvent(actor=actor, action=action, case_id=case_id, details=dict(details)))


def save_view(session: Session, user: str, view: SavedView) -> None:
    """Keep a named filter of `user`, replacing one of the same name."""
    take_turn(session)
    delete_view(session, user, view.name)
    session.add(models.SavedView(user=user, name=view.name, query=dict(view.query)))


def delete_view(session: Session, user: str, name: str) -> None:
    """Forget a named filter of `user`."""
    table = models.SavedView
    for view in session.scalars(select(table).where(table.user == user, table.name == name)):
        session.delete(view)
    session.flush()


def _case(session: Session, key: str) -> models.Case:
    row = session.scalar(select(models.Case).where(models.Case.key == key))
    if row is None:
        raise KeyError(key)
    return row


def _patient(session: Session, patient: NewPatient) -> models.Patient:
    row = session.scalar(select(models.Patient).where(models.Patient.pseudonym == patient.pseudonym))
    if row is None:
        row = models.Patient(pseudonym=patient.pseudonym, sex=patient.sex)
        session.add(row)
        session.flush()
    return row


def _series(session: Session, patient: models.Patient, series: NewSeries) -> models.Series:
    study = session.scalar(select(models.Study).where(models.Study.uid == series.study_uid))
    if study is None:
        study = models.Study(
            patient_id=patient.id, uid=series.study_uid, study_date=series.study_date, age_years=series.age_years
        )
        session.add(study)
        session.flush()
    row = models.Series(
        study_id=study.id,
        uid=series.series_uid,
        modality=series.modality,
        shape=list(series.shape),
        spacing_mm=list(series.spacing_mm),
        affine=[list(line) for line in series.affine],
        dtype=series.dtype,
        blob=series.image.digest,
        blob_size=series.image.size,
        headers=series.headers.digest if series.headers else None,
        headers_size=series.headers.size if series.headers else None,
        facts=dict(series.facts),
    )
    session.add(row)
    session.flush()
    return row


def _next_case_id(session: Session) -> int:
    """A number that no case ever had: audit events keep the numbers of cases that are forgotten."""
    used = [session.scalar(select(func.max(column))) for column in (models.Case.id, models.AuditEvent.case_id)]
    return max((number for number in used if number is not None), default=0) + 1


def _next_key(session: Session, patient: models.Patient) -> str:
    """A case is named by its pseudonym and its number; nothing is ever renumbered."""
    count = session.scalar(select(func.count()).select_from(models.Case).where(models.Case.patient_id == patient.id))
    return f"{patient.pseudonym}-{(count or 0) + 1}"


def add_layer(session: Session, case: models.Case, layer: NewLayer, run: models.Run | None = None) -> None:
    """A layer of this run; where None, of its model's run or of its reader's annotation."""
    fields = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    image, region = fields.pop("image"), fields.pop("region")
    fields["classes"] = {str(value): name for value, name in layer.classes.items()}
    fields["parameters"] = dict(layer.parameters)
    session.add(
        models.Layer(
            **fields,
            **({"run_id": run.id} if run else _origin_of(session, case, layer)),
            case_id=case.id,
            blob=image.digest,
            blob_size=image.size,
            region=region_numbers(region),
        )
    )


def _origin_of(session: Session, case: models.Case, layer: NewLayer) -> dict[str, int]:
    """The run of the model, or the annotation of the reader, that a layer belongs to."""
    if layer.author_kind is AuthorKind.MODEL:
        run = prediction_run(session, case, layer.author, layer.author_version)
        run.seed = layer.seed if run.seed is None else run.seed
        return {"run_id": run.id}
    reader = drawing_reader(session, layer.author, layer.source)
    wanted = {"case_id": case.id, "reader_id": reader.id, "source": str(layer.source)}
    annotation = session.scalar(select(models.Annotation).filter_by(**wanted))
    if annotation is None:
        annotation = models.Annotation(**wanted)
        session.add(annotation)
        session.flush()
    return {"annotation_id": annotation.id}


def prediction_run(session: Session, case: models.Case, model: str, version: str) -> models.Run:
    """The run of a model about a case; a new one where there is none."""
    found = session.scalar(select(models.ModelVersion).filter_by(name=model, version=version))
    row = found or models.ModelVersion(name=model, version=version)
    session.add(row)
    session.flush()
    wanted = {"case_id": case.id, "model_version_id": row.id, "kind": "prediction"}
    run = session.scalar(select(models.Run).filter_by(**wanted)) or models.Run(**wanted, parameters={}, seed=None)
    session.add(run)
    session.flush()
    return run


def _set_shown_first(case: models.Case, region: Region | None, crop: BlobRef | None, thumbnail: BlobRef | None) -> None:
    case.region = region_numbers(region) if region else None
    case.crop, case.crop_size = (crop.digest, crop.size) if crop else (None, None)
    case.thumbnail = thumbnail.digest if thumbnail else ""


def _latest_run(session: Session, case_id: int) -> int | None:
    return session.scalar(select(func.max(models.Run.id)).where(models.Run.case_id == case_id))


def _identity(layer: NewLayer) -> tuple[object, ...]:
    return (
        layer.author_kind,
        layer.author,
        layer.author_version,
        layer.kind,
        layer.name,
        layer.image.digest,
        layer.region,
    )

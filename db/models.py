"""Typed tables. No object of this module leaves the package: records do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigNumber, key_text
from db.embedding_models import Embedding
from db.failure_models import AuditDraw, CaseValue, ErrorPiece
from db.job_models import Forgetting, IntakeLine, Job
from db.measurement_models import Measurement
from db.moments import now

__all__ = [
    "Annotation", "AuditDraw", "AuditEvent", "Base", "Case", "CaseValue", "Embedding", "ErrorPiece", "Flag",
    "Forgetting", "IntakeLine", "Job", "Layer", "Measurement", "ModelVersion", "Patient", "Profile", "Reader", "Review",
    "Run", "SavedView", "Score", "Series", "Study",
]  # fmt: skip


class Patient(Base):
    """A pseudonym; never a name or a number given by a hospital."""

    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    sex: Mapped[str | None] = mapped_column(String(1))


class Study(Base):
    """An examination: pseudonymous UID, shifted date."""

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    study_date: Mapped[date | None]
    age_years: Mapped[int | None]


class Series(Base):
    """An image in space: array [k, j, i], affine (k, j, i) to LPS millimetres."""

    __tablename__ = "series"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    modality: Mapped[str] = mapped_column(String(16))
    shape: Mapped[list[Any]]
    spacing_mm: Mapped[list[Any]]
    affine: Mapped[list[Any]]
    dtype: Mapped[str] = mapped_column(String(16))
    blob: Mapped[str] = mapped_column(String(64))
    blob_size: Mapped[int] = mapped_column(BigNumber)
    headers: Mapped[str | None] = mapped_column(String(64))
    """The de-identified header of every slice, a document of the image store; None where there were no headers."""
    headers_size: Mapped[int | None] = mapped_column(BigNumber)
    facts: Mapped[dict[str, Any]]


class Case(Base):
    """A line of the worklist. What the list filters and sorts by is kept here, so that it asks one table only."""

    __tablename__ = "case"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(key_text(48), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    status: Mapped[str] = mapped_column(String(16))
    source: Mapped[str | None] = mapped_column(String(16))
    region: Mapped[list[Any] | None]
    """Origin and shape, six numbers."""
    crop: Mapped[str | None] = mapped_column(String(64))
    crop_size: Mapped[int | None] = mapped_column(BigNumber)
    thumbnail: Mapped[str] = mapped_column(String(64), default="")
    sex: Mapped[str | None] = mapped_column(String(1))
    age_years: Mapped[int | None]
    slices: Mapped[int]
    flag_count: Mapped[int] = mapped_column(default=0)
    severity: Mapped[int] = mapped_column(default=0)
    first_flag: Mapped[str] = mapped_column(String(400), default="")
    disputed: Mapped[bool] = mapped_column(default=False)
    flag_reasons: Mapped[str] = mapped_column(String(200), default="")
    """'|empty mask|gap|': the reasons of the current flags, each between bars."""
    agreement: Mapped[float | None]
    agreement_reason: Mapped[str] = mapped_column(String(200), default="")
    agreement_rank: Mapped[float] = mapped_column(default=2.0)
    """Agreement for sorting: 2 where it is not defined, so that keyset paging meets no NULL."""
    priority: Mapped[float] = mapped_column(default=0.0)
    """4 x severity - agreement_rank: what to look at first."""
    diameter_mm: Mapped[float | None]
    diameter_lower_mm: Mapped[float | None]
    diameter_upper_mm: Mapped[float | None]
    diameter_reason: Mapped[str] = mapped_column(String(400), default="")
    diameter_rank: Mapped[float] = mapped_column(default=-1.0)
    """Diameter for sorting: -1 where there is none."""
    flip: Mapped[float | None]
    flip_reason: Mapped[str] = mapped_column(String(400), default="")
    flip_rank: Mapped[float] = mapped_column(default=-1.0)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reviewer: Mapped[str] = mapped_column(String(100), default="")
    search_text: Mapped[str] = mapped_column(String(600), default="")

    __table_args__ = (
        Index("ix_case_priority", "priority", "id"),
        Index("ix_case_created", "created_at", "id"),
        Index("ix_case_agreement", "agreement_rank", "id"),
        Index("ix_case_slices", "slices", "id"),
        Index("ix_case_status", "status", "priority", "id"),
        Index("ix_case_flagged", "flag_count", "priority", "id"),
        Index("ix_case_disputed", "disputed", "priority", "id"),
        Index("ix_case_reviewer", "reviewer", "priority", "id"),
        Index("ix_case_diameter", "diameter_rank", "id"),
        Index("ix_case_flip", "flip_rank", "id"),
    )


class Reader(Base):
    """A person who draws or judges, by the name given at ingest or sign-in."""

    __tablename__ = "reader"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    number: Mapped[int | None] = mapped_column(unique=True, index=True)
    """The how manieth to draw: A, B, C, D. Never given twice; None for who has not drawn."""


class ModelVersion(Base):
    """A model by name and version."""

    __tablename__ = "model_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(100))
    __table_args__ = (UniqueConstraint("name", "version"),)


class Annotation(Base):
    """That a reader (or a consensus, or a program in a reader's place) drew on a case."""

    __tablename__ = "annotation"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    source: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (UniqueConstraint("case_id", "reader_id", "source"),)


class Run(Base):
    """One computation about a case: an imported prediction (with its model) or the findings of an ingest."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """'prediction', or one of those that `findings` names."""
    parameters: Mapped[dict[str, Any]]
    seed: Mapped[int | None] = mapped_column(BigNumber)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Layer(Base):
    """A mask or map on its case's grid, cropped to its region."""

    __tablename__ = "layer"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    annotation_id: Mapped[int | None] = mapped_column(ForeignKey("annotation.id"))
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    author: Mapped[str] = mapped_column(String(100))
    author_kind: Mapped[str] = mapped_column(String(16))
    author_version: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(16))
    blob: Mapped[str] = mapped_column(String(64))
    blob_size: Mapped[int] = mapped_column(BigNumber)
    region: Mapped[list[Any]]
    dtype: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str] = mapped_column(String(32))
    minimum: Mapped[float]
    maximum: Mapped[float]
    slope: Mapped[float]
    intercept: Mapped[float]
    classes: Mapped[dict[str, Any]]
    method: Mapped[str] = mapped_column(String(100))
    method_version: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[dict[str, Any]]
    seed: Mapped[int | None] = mapped_column(BigNumber)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Score(Base):
    """One number about a case; NULL only with a reason."""

    __tablename__ = "score"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(250))
    value: Mapped[float | None]
    lower: Mapped[float | None]
    upper: Mapped[float | None]
    unit: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(100))
    method: Mapped[str] = mapped_column(String(100))
    method_version: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(400))


class Profile(Base):
    """One value per slice, for the navigator strip."""

    __tablename__ = "profile"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(250))
    unit: Mapped[str] = mapped_column(String(32))
    values: Mapped[list[Any]]
    method: Mapped[str] = mapped_column(String(100))
    method_version: Mapped[str] = mapped_column(String(32))


class Flag(Base):
    """A reason for a second look, with its place."""

    __tablename__ = "flag"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    severity: Mapped[int]
    text: Mapped[str] = mapped_column(String(400))
    place: Mapped[list[Any] | None]
    slices: Mapped[list[Any] | None]


class Review(Base):
    """A verdict. Append-only."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(48))
    note: Mapped[str] = mapped_column(String(2000))
    structure: Mapped[str] = mapped_column(String(100))
    place: Mapped[list[Any] | None]
    slices: Mapped[list[Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class AuditEvent(Base):
    """Who did what, when. Append-only."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[int | None] = mapped_column(index=True)
    """No foreign key: the event stays when its case is forgotten."""
    details: Mapped[dict[str, Any]]


class SavedView(Base):
    """A user's own worklist filter."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, Any]]
    __table_args__ = (UniqueConstraint("user", "name"),)

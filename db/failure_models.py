"""Tables about failures: scores for sorting, pieces of errors, random draws for review. See models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, key_text
from db.moments import now


class CaseValue(Base):
    """The newest defined value of a score of a case: what is sorted and counted by. The score itself has the rest."""

    __tablename__ = "case_value"
    name: Mapped[str] = mapped_column(key_text(100), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True, index=True)
    value: Mapped[float]
    __table_args__ = (Index("ix_case_value_value", "name", "value"),)


class ErrorPiece(Base):
    """Voxels that hang together and are wrong by the reference of their case."""

    __tablename__ = "error_piece"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    current: Mapped[bool]
    """Whether its run is the newest of this kind about the case."""
    subject: Mapped[str] = mapped_column(String(250))
    reference: Mapped[str] = mapped_column(String(250))
    basis: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    structure: Mapped[str] = mapped_column(String(100))
    volume_ml: Mapped[float]
    distance_mm: Mapped[float | None]
    effect_mm: Mapped[float | None]
    clock: Mapped[int | None]
    place: Mapped[list[Any]]
    slices: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_error_piece_volume", "current", "volume_ml"),)


class AuditDraw(Base):
    """Whether a case without flag was drawn at random for review, once and for all."""

    __tablename__ = "audit_draw"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True, autoincrement=False)
    probability: Mapped[float]
    drawn: Mapped[bool]
    drawn_at: Mapped[datetime] = mapped_column(default=now)

"""The table of what promptable models made of slices. See models."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigNumber
from db.moments import now


class Embedding(Base):
    """What a promptable model's encoder made of a slice, kept so that the next prompt need not wait. May always go."""

    __tablename__ = "embedding"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    model: Mapped[str] = mapped_column(String(200))
    """Name, version and the beginning of the weights' SHA-256."""
    windows: Mapped[str] = mapped_column(String(100))
    axis: Mapped[int]
    slice_index: Mapped[int]
    frame: Mapped[str] = mapped_column(String(100))
    """The part of the slice that the model saw."""
    blob: Mapped[str] = mapped_column(String(64), index=True)
    blob_size: Mapped[int] = mapped_column(BigNumber)
    used_at: Mapped[datetime] = mapped_column(default=now, index=True)
    __table_args__ = (UniqueConstraint("case_id", "model", "windows", "axis", "slice_index", "frame"),)

"""Tables of work in the background: jobs, what an intake said, what is being forgotten. See models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.moments import now


class Job(Base):
    """Work in the background, with progress and a lease."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(1300), default="")
    """What must hold, what was found and what to do, a line each."""
    worker: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """Whose lease it is: a random word of the process that runs it, so that no other one writes to it."""
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(100), default="", server_default="")
    doing: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """What is being done, in words, for the progress bar."""
    details: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    cancel_asked: Mapped[bool] = mapped_column(default=False, server_default=false())
    finished_at: Mapped[datetime | None]


class IntakeLine(Base):
    """What an intake said about one series, file or mask: accepted, mended or refused."""

    __tablename__ = "intake_line"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    taken: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    layers_added: Mapped[int]
    what: Mapped[str] = mapped_column(String(400))
    must: Mapped[str] = mapped_column(String(400))
    found: Mapped[str] = mapped_column(String(400))
    todo: Mapped[str] = mapped_column(String(400))
    mended: Mapped[list[Any]]
    remarks: Mapped[list[Any]]


class Forgetting(Base):
    """The cases that a running transaction forgets: only their reviews may be deleted. Empty at any other time."""

    __tablename__ = "forgetting"
    case_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)

"""Jobs about cases, many at once: which of them are waited for together, how they stand, what came of a case.

A batch begins with the job that is queued while no other one of its kind waits or runs; each job names the first of
its batch in its details. Each function takes the session first and commits nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db import models
from db.job_records import Batch, NewJob
from db.jobs import ENDED, add_job, ask_cancel, select_jobs
from db.turns import take_turn
from db.vocabulary import JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from db.job_records import Job, Parts
    from db.records import Json

FIRST = "first"
"""The detail that names the first job of a batch; the first one has none."""
MOST_FAILED = 200
LATEST = 20
"""So many ends of jobs say how fast they go."""


def queue(session: Session, kind: str, actor: str, keys: Sequence[str], details: Json) -> tuple[int, ...]:
    """Queue a job for each of these cases; their numbers. Raises NoResultFound for a case that is not there."""
    take_turn(session)
    first = _first(session, kind) if _is_open(session, kind) else 0
    numbers: list[int] = []
    for key in keys:
        told = dict(details) | ({FIRST: first} if first else {})
        numbers.append(add_job(session, NewJob(kind, actor, told, case_key=key)))
        first = first or numbers[0]
    return tuple(numbers)


def unfinished(session: Session, kind: str) -> tuple[Job, ...]:
    """The jobs of a kind that wait or run, oldest first."""
    table = models.Job
    return select_jobs(session, select(table).where(table.kind == kind, _waits_or_runs()).order_by(table.id))


def cancel(session: Session, numbers: Sequence[int], moment: datetime, error: Parts) -> int:
    """Cancel those of these jobs that wait, and ask those that run to end; how many that are."""
    return sum(ask_cancel(session, number, moment, error) for number in numbers)


def newest(session: Session, kind: str) -> Batch | None:
    """How the last batch stands; None where there never was one."""
    first = _first(session, kind)
    if first is None:
        return None
    table = models.Job
    ours = (table.kind == kind, table.id >= first)
    states = select(table.state, func.count()).where(*ours).group_by(table.state)
    counts: dict[str, int] = dict(session.execute(states).all())
    percent = select(func.sum(table.done)).where(*ours, table.state == JobState.RUNNING)
    ends = select(table.finished_at).where(*ours, table.finished_at.is_not(None), table.state != JobState.CANCELLED)
    latest = [end for end in session.scalars(ends.order_by(table.finished_at.desc()).limit(LATEST)) if end is not None]
    return Batch(
        queued=counts.get(JobState.QUEUED, 0),
        running=counts.get(JobState.RUNNING, 0),
        done=counts.get(JobState.DONE, 0),
        cancelled=counts.get(JobState.CANCELLED, 0),
        failed=_failed(session, kind, first),
        parts_done=float(session.scalar(percent) or 0) / 100,
        finished_at=tuple(reversed(latest)),
    )


def newest_about(session: Session, kind: str, key: str) -> Job | None:
    """The last job of this kind about a case."""
    table = models.Job
    wanted = select(table).where(table.kind == kind, table.case_id == _case(key)).order_by(table.id.desc()).limit(1)
    found = select_jobs(session, wanted)
    return found[0] if found else None


def _failed(session: Session, kind: str, first: int) -> tuple[Job, ...]:
    """Those that failed and were not tried again: the last job of their case."""
    table = models.Job
    ours = (table.kind == kind, table.id >= first)
    last = select(func.max(table.id)).where(*ours).group_by(table.case_id)
    wanted = select(table).where(table.id.in_(last), table.state == JobState.FAILED)
    return select_jobs(session, wanted.order_by(table.id).limit(MOST_FAILED))


def _first(session: Session, kind: str) -> int | None:
    """The number of the first job of the last batch."""
    table = models.Job
    last = session.scalars(select(table).where(table.kind == kind).order_by(table.id.desc()).limit(1)).one_or_none()
    return None if last is None else int(last.details.get(FIRST, last.id))


def _is_open(session: Session, kind: str) -> bool:
    table = models.Job
    return session.scalar(select(table.id).where(table.kind == kind, _waits_or_runs()).limit(1)) is not None


def _waits_or_runs() -> ColumnElement[bool]:
    return models.Job.state.not_in(ENDED)


def _case(key: str) -> ColumnElement[int]:
    return select(models.Case.id).where(models.Case.key == key).scalar_subquery()

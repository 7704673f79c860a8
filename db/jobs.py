"""Jobs and what an intake reported. Each takes the session first and commits nothing itself.

A job is queued, then claimed by exactly one worker. The worker holds a lease that it renews; every write of a worker
names it, so that one whose job was given to another can no longer change anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import case, delete, func, or_, select, update

from db import models
from db.job_records import Counts, IntakeLine, Job, JobPage, LinePage
from db.records import IntakeItem
from db.vocabulary import JobState, LabelSource, Outcome, Taken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult, Select, Update
    from sqlalchemy.orm import Session

    from db.job_records import NewJob, Parts

LONGEST_TEXT = 400
LONGEST_DOING = 100
ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def add_job(session: Session, job: NewJob, *, lease_until: datetime | None = None) -> int:
    """A new job and its number: queued, or running at once for the worker that it names. Raises NoResultFound."""
    state = JobState.RUNNING if job.worker else JobState.QUEUED
    case = select(models.Case.id).where(models.Case.key == job.case_key)
    row = models.Job(
        case_id=session.scalars(case).one() if job.case_key else None,
        kind=job.kind,
        state=state,
        actor=job.actor[:LONGEST_DOING],
        details=dict(job.details),
        worker=job.worker,
        lease_until=lease_until,
    )
    session.add(row)
    session.flush()
    return row.id


def claim(session: Session, worker: str, kinds: Sequence[str], lease_until: datetime) -> Job | None:
    """The oldest queued job of the first of these kinds that has one, now running for `worker`; None without any."""
    for kind in kinds:
        while (number := oldest_queued(session, (kind,))) is not None:
            if (job := claim_one(session, number, worker, lease_until)) is not None:
                return job
    return None


def claim_one(session: Session, number: int, worker: str, lease_until: datetime) -> Job | None:
    """A queued job, now running for `worker`; None where it is no longer queued."""
    ours = update(models.Job).where(models.Job.id == number, models.Job.state == JobState.QUEUED)
    if not _changes(session, ours.values(state=JobState.RUNNING, worker=worker, lease_until=lease_until)):
        return None
    row = session.get_one(models.Job, number, populate_existing=True)
    row.details = row.details | {"attempts": row.details.get("attempts", 0) + 1}
    session.flush()
    return find(session, number)


def oldest_queued(session: Session, kinds: Sequence[str]) -> int | None:
    """The number of the job that has waited longest."""
    waiting = select(func.min(models.Job.id)).where(models.Job.state == JobState.QUEUED, models.Job.kind.in_(kinds))
    return session.scalar(waiting)


def renew(session: Session, number: int, worker: str, lease_until: datetime, **told: object) -> bool | None:
    """Renew a lease and write how far the job is (`doing`, `done`, `total`).

    Returns whether somebody wants the job cancelled; None where it is no longer this worker's.
    """
    if not _changes(session, _of_worker(number, worker).values(lease_until=lease_until, **told)):
        return None
    return session.scalar(select(models.Job.cancel_asked).where(models.Job.id == number))


def end(
    session: Session,
    number: int,
    worker: str,
    state: JobState,
    moment: datetime,
    error: Parts | None = None,
    **told: object,
) -> bool:
    """The job has ended in `state`; False where it was no longer this worker's. `told` as in `renew`."""
    said = {"state": state, "finished_at": moment, "lease_until": None, "error": _joined(error)}
    return _changes(session, _of_worker(number, worker).values(**said, **told))


def give_back(session: Session, number: int, worker: str) -> bool:
    """Queue a running job again, for whoever comes next."""
    return _again(session, number, _is_workers(worker))


def retry(session: Session, number: int, moment: datetime) -> bool:
    """Queue a failed or interrupted job again; what it stored stays in its report, what it refused is found again."""
    failed = models.Job.state == JobState.FAILED
    return _again(session, number, or_(failed, _is_interrupted(moment)))


def ask_cancel(session: Session, number: int, moment: datetime, error: Parts) -> bool:
    """Cancel a queued job at once and ask a running one to end; False where it has ended already."""
    job = update(models.Job).where(models.Job.id == number)
    said = {"state": JobState.CANCELLED, "finished_at": moment, "error": _joined(error)}
    if _changes(session, job.where(models.Job.state == JobState.QUEUED).values(**said)):
        return True
    return _changes(session, job.where(models.Job.state == JobState.RUNNING).values(cancel_asked=True))


def give_up(session: Session, number: int, moment: datetime, error: Parts, state: JobState = JobState.FAILED) -> bool:
    """An interrupted job has failed, or was cancelled, and that is all there will be."""
    job = update(models.Job).where(models.Job.id == number, _is_interrupted(moment))
    said = {"state": state, "finished_at": moment, "error": _joined(error), "worker": ""}
    return _changes(session, job.values(**said))


def add_lines(session: Session, number: int, items: Sequence[IntakeItem]) -> Counts:
    """Append to the report of an intake. A case that an earlier attempt stored is not reported again as unchanged."""
    keys = {item.key for item in items if item.key}
    found = session.execute(select(models.Case.key, models.Case.id).where(models.Case.key.in_(keys)))
    cases: dict[str, int] = {row[0]: row[1] for row in found}
    there = set(session.scalars(select(models.IntakeLine.case_id).where(models.IntakeLine.job_id == number)))
    for item in items:
        case_id = cases.get(item.key)
        if item.outcome is not Outcome.UNCHANGED or case_id not in there:
            session.add(_line_row(number, case_id, item))
    session.flush()
    return _recount(session, number)


def find(session: Session, number: int) -> Job | None:
    """One job."""
    found = select_jobs(session, select(models.Job).where(models.Job.id == number))
    return found[0] if found else None


def select_jobs(session: Session, wanted: Select[models.Job]) -> tuple[Job, ...]:
    """The jobs of a query over their table, each with the key of its case, as the database has them now."""
    with_case = wanted.add_columns(models.Case.key).outerjoin(models.Case, models.Case.id == models.Job.case_id)
    rows = session.execute(with_case.execution_options(populate_existing=True))
    return tuple(_job(row, key or "") for row, key in rows)


def recent(session: Session, *kinds: str, before: int = 0, limit: int = 50) -> JobPage:
    """Jobs of these kinds, newest first, older than the job `before`."""
    table = models.Job
    wanted = select(table).where(table.kind.in_(kinds)).order_by(table.id.desc()).limit(limit + 1)
    found = select_jobs(session, wanted.where(table.id < before) if before else wanted)
    return JobPage(found[:limit], found[limit - 1].id if len(found) > limit else 0)


def unfinished(session: Session) -> tuple[Job, ...]:
    """Every job that is queued or called running, oldest first."""
    table = models.Job
    return select_jobs(session, select(table).where(table.state.not_in(ENDED)).order_by(table.id))


def running(session: Session) -> tuple[Job, ...]:
    """Every job that is called running, alive or not."""
    return select_jobs(session, select(models.Job).where(models.Job.state == JobState.RUNNING).order_by(models.Job.id))


def lines(session: Session, number: int, *, after: int = 0, taken: Taken | None = None, limit: int = 200) -> LinePage:
    """A part of an intake's report, behind the line `after`."""
    table = models.IntakeLine
    wanted = (
        select(table, models.Case.key, models.Case.source)
        .outerjoin(models.Case, models.Case.id == table.case_id)
        .where(table.job_id == number, table.id > after)
    )
    if taken is not None:
        wanted = wanted.where(table.taken == taken)
    rows = list(session.execute(wanted.order_by(table.id).limit(limit + 1)))
    found = tuple(
        IntakeLine(row.id, _item(row, key or ""), source == LabelSource.SYNTHETIC) for row, key, source in rows[:limit]
    )
    return LinePage(found, found[-1].id if len(rows) > limit else 0)


def _of_worker(number: int, worker: str) -> Update:
    return update(models.Job).where(models.Job.id == number, _is_workers(worker))


def _is_workers(worker: str) -> ColumnElement[bool]:
    return (models.Job.state == JobState.RUNNING) & (models.Job.worker == worker)


def _is_interrupted(moment: datetime) -> ColumnElement[bool]:
    lease = models.Job.lease_until
    return (models.Job.state == JobState.RUNNING) & (lease.is_(None) | (lease <= moment))


def _again(session: Session, number: int, condition: ColumnElement[bool]) -> bool:
    fresh: dict[str, object] = {
        "state": JobState.QUEUED,
        "worker": "",
        "lease_until": None,
        "finished_at": None,
        "error": "",
    }
    fresh |= {"cancel_asked": False, "doing": "", "done": 0, "total": 0}
    if not _changes(session, update(models.Job).where(models.Job.id == number, condition).values(**fresh)):
        return False
    table = models.IntakeLine
    session.execute(delete(table).where(table.job_id == number, table.case_id.is_(None)))
    _recount(session, number)
    return True


def _recount(session: Session, number: int) -> Counts:
    """Kept with the job, so that the list of intakes reads one table only."""
    table = models.IntakeLine
    columns = [func.count(case((table.taken == taken, 1))) for taken in Taken]
    new = func.count(case((table.outcome == Outcome.NEW, 1)))
    found = session.execute(select(*columns, new).where(table.job_id == number)).one()
    counts = dict(zip([*map(str, Taken), "new"], map(int, found), strict=True))
    job = session.get_one(models.Job, number, populate_existing=True)
    job.details = job.details | {"counts": counts}
    session.flush()
    return Counts(**counts)


def _changes(session: Session, statement: Update) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount == 1


def _joined(error: Parts | None) -> str:
    return "\n".join(part.replace("\n", " ")[:LONGEST_TEXT] for part in error) if error else ""


def _job(row: models.Job, case_key: str) -> Job:
    parts = (*row.error.split("\n"), "", "")[:3] if row.error else None
    return Job(
        id=row.id,
        kind=row.kind,
        state=JobState(row.state),
        actor=row.actor,
        doing=row.doing,
        done=row.done,
        total=row.total,
        error=cast("Parts | None", parts),
        cancel_asked=row.cancel_asked,
        created_at=row.created_at,
        finished_at=row.finished_at,
        lease_until=row.lease_until,
        details=row.details,
        attempts=row.details.get("attempts", 0),
        counts=Counts(**row.details.get("counts", {})),
        case_key=case_key,
    )


def _line_row(number: int, case_id: int | None, item: IntakeItem) -> models.IntakeLine:
    return models.IntakeLine(
        job_id=number,
        case_id=case_id,
        taken=item.taken,
        outcome=item.outcome or "",
        layers_added=item.layers_added,
        what=item.what[:LONGEST_TEXT],
        must=item.must[:LONGEST_TEXT],
        found=item.found[:LONGEST_TEXT],
        todo=item.todo[:LONGEST_TEXT],
        mended=list(item.mended),
        remarks=list(item.remarks),
    )


def _item(row: models.IntakeLine, key: str) -> IntakeItem:
    return IntakeItem(
        taken=Taken(row.taken),
        what=row.what,
        key=key,
        outcome=Outcome(row.outcome) if row.outcome else None,
        layers_added=row.layers_added,
        mended=tuple(map(str, row.mended)),
        remarks=tuple(map(str, row.remarks)),
        must=row.must,
        found=row.found,
        todo=row.todo,
    )

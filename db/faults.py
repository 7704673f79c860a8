"""What is wrong with rows: found by asking the database itself, table by table. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from db import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Session

PARENTS = ((models.Patient, models.Study.patient_id), (models.Study, models.Series.study_id))
SOUND = "ok"
MOST_LINES = 5


def damaged_pages(session: Session) -> list[str]:
    """What SQLite says about its own file, at most five lines; nothing on PostgreSQL, which watches over its own."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    lines = session.execute(text(f"PRAGMA integrity_check({MOST_LINES})")).scalars().all()
    return [str(line) for line in lines if line != SOUND]


def dangling(session: Session) -> Iterator[tuple[str, str, int]]:
    """(table, the table that it refers to, how many of its rows refer to a row that is gone)."""
    for table in models.Base.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            count = _dangling_rows(session, key)
            if count:
                yield table.name, key.column.table.name, count


def childless(session: Session) -> Iterator[tuple[str, int]]:
    """(table, how many of its rows nothing belongs to): patients without study, studies without series, ... case."""
    for parent, child in PARENTS:
        count = session.scalar(select(func.count()).where(parent.id.not_in(select(child))))
        if count:
            yield parent.__tablename__, count
    count = session.scalar(select(func.count()).where(models.Series.id.not_in(select(models.Case.series_id))))
    if count:
        yield models.Series.__tablename__, count


def being_forgotten(session: Session) -> int:
    """Rows of the table that allows reviews to be deleted: always none."""
    return session.scalar(select(func.count()).select_from(models.Forgetting)) or 0


def _dangling_rows(session: Session, key: ForeignKey) -> int:
    child, parent = key.parent, key.column
    lost = child.not_in(select(parent))
    return session.scalar(select(func.count()).select_from(child.table).where(child.is_not(None), lost)) or 0

"""All rows as lines of JSON, the same for every database: how a store is backed up, restored and moved."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from alembic.script.revision import ResolutionError
from sqlalchemy import Connection, Date, DateTime, Integer, MetaData, func, insert, select, text

from db import models
from db.store import downgrade, revision_of, steps_to, upgrade
from db.turns import take_turn
from db.upkeep import NAMING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Column, Engine, Table
    from sqlalchemy.orm import Session

    from db.store import Store

BATCH = 500
VERSION_TABLE = "alembic_version"
LEFT_OUT = frozenset({"embedding"})
"""Tables whose rows stay behind: what they name is computed again where it is needed."""


class NotEmpty(Exception):
    """Somebody filled the database meanwhile."""


def tables() -> tuple[str, ...]:
    """The names of all tables, each after those that it refers to."""
    return tuple(table.name for table in models.Base.metadata.sorted_tables)


def lines(session: Session, name: str) -> Iterator[dict[str, Any]]:
    """Every row of a table, oldest first, as JSON has it: moments and days in ISO 8601. Of one left out, none."""
    if name in LEFT_OUT:
        return
    table = models.Base.metadata.tables[name]
    asked = select(table).order_by(*table.primary_key)
    for row in session.execute(asked, execution_options={"yield_per": BATCH}).mappings():
        yield {column: value.isoformat() if isinstance(value, date) else value for column, value in row.items()}


def names_in(name: str, line: Mapping[str, Any]) -> Iterator[str]:
    """The images that a line of a table names."""
    for column in NAMING:
        if column.class_.__tablename__ == name and line.get(column.key):
            yield line[column.key]


def is_empty(store: Store) -> bool:
    """Whether no table has a row."""
    with store.read() as session:
        tables = models.Base.metadata.sorted_tables
        return not any(session.scalar(select(func.count()).select_from(table)) for table in tables)


def is_known(revision: str) -> bool:
    """Whether tables of that migration can be made and brought up to date by this version."""
    try:
        return bool(steps_to(revision))
    except ResolutionError:
        return False


def load(
    store: Store, revision: str, read: Callable[[str], Iterable[dict[str, Any]]], ready: Callable[[], None]
) -> None:
    """Fill an empty database with lines written at a migration, in one transaction, and bring it up to date.

    `read` gives the lines of a table; `ready` is called in the turn that names the images, before it ends. Raises
    NotEmpty.
    """
    _bring_to(store.engine, revision)
    with store.engine.execution_options(writes=True).begin() as connection:
        take_turn(connection)
        found = MetaData()
        found.reflect(connection)
        if any(connection.scalar(select(func.count()).select_from(table)) for table in _kept(found)):
            raise NotEmpty
        for table in _kept(found):
            _fill(connection, table, read(table.name))
        ready()
    upgrade(store.engine)


def _kept(found: MetaData) -> list[Table]:
    return [table for table in found.sorted_tables if table.name != VERSION_TABLE]


def _bring_to(engine: Engine, revision: str) -> None:
    if revision_of(engine) != revision:
        downgrade(engine, revision)


def _fill(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append({column.name: _value(column, row[column.name]) for column in table.columns})
        if len(batch) == BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    _continue_numbers(connection, table)


def _value(column: Column[Any], value: Any) -> Any:  # noqa: ANN401 -- a value of any column
    if value is None or not isinstance(value, str):
        return value
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value


def _continue_numbers(connection: Connection, table: Table) -> None:
    """PostgreSQL counts apart from the rows; SQLite goes on after the largest number by itself."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns or not isinstance(table.c.id.type, Integer):
        return
    largest = connection.scalar(select(func.max(table.c.id)))
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table.name}"'})
    if largest is not None and sequence is not None:
        connection.execute(text("SELECT setval(:sequence, :largest)"), {"sequence": sequence, "largest": largest})

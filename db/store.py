"""One opened store: a SQL database brought up to date, and its images."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from db.blobs import BlobStore
from db.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

BUSY_SECONDS = 30
"""How long a writer waits for another one."""
POSTGRESQL_DRIVER = "postgresql+psycopg"


class Store:
    """Sessions on the database, and the images beside it."""

    def __init__(self, engine: Engine, blobs: BlobStore) -> None:
        """`engine` must already be at the newest migration; see open_store."""
        self.engine = engine
        self.blobs = blobs
        self._readers = sessionmaker(engine, expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def begin(self) -> AbstractContextManager[Session]:
        """One transaction that may write: committed at the end, rolled back on any error. SQLite has one at a time."""
        return self._writers.begin()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that writes nothing."""
        with self._readers() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that writes nothing and reads the store as it is at its first read, whatever others write."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with Session(self.engine.execution_options(**options), expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def open_store(database_url: str, blob_url: str) -> Store:
    """Open the store, make it when it is new, and bring its tables up to date. Several processes may do so at once."""
    engine = make_engine(database_url)
    upgrade(engine)
    return Store(engine, BlobStore(blob_url))


def make_engine(database_url: str) -> Engine:
    """An engine; on SQLite with write-ahead log, full synchronisation, foreign keys, and deleted bytes overwritten."""
    url = make_url(database_url)
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername=POSTGRESQL_DRIVER)
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=url.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def revision_of(engine: Engine) -> str | None:
    """The migration that the database is at; None for a new one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The migration that this version of Second Look works with."""
    return str(ScriptDirectory.from_config(_migrations()).get_current_head())


def steps_to(revision: str) -> tuple[str, ...]:
    """The migrations from nothing to `revision`. Raises alembic's ResolutionError where it is not known."""
    script = ScriptDirectory.from_config(_migrations()).revision_map
    return tuple(step.revision for step in script.iterate_revisions(revision, "base"))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision`, in one transaction; others who open the store meanwhile wait."""
    if revision == "head" and revision_of(engine) == newest_revision():
        return
    with _migrating(engine) as connection:
        command.upgrade(_migrations(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Run the migrations down to `revision` ('base' for none), in one transaction."""
    with _migrating(engine) as connection:
        command.downgrade(_migrations(connection), revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    with engine.execution_options(writes=True).begin() as connection:
        take_turn(connection)
        yield connection


def _migrations(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("db") / "migrations"))
    config.attributes["connection"] = connection
    return config


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 -- the driver's own connection
    """`isolation_level = None`: transactions begin where we say so, for tables made by a migration too."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _set_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _set_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """SQLite does not wait by itself where two processes do this at once with a new file."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place at once, so that what it has read still holds when it writes."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

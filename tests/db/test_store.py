"""The tables are there, come and go by migration, keep what is only ever added, and survive a crash."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from db import commands, models, queries
from db.records import BlobRef, NewProfile, Region, SavedView
from db.store import downgrade, make_engine, open_store, upgrade
from db.vocabulary import AuditAction, AuthorKind, Verdict
from tests import factories

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from db.store import Store
    from tests.servers import Databases

TABLES = {
    "patient", "study", "series", "case", "reader", "annotation", "model_version", "run", "layer", "score",
    "measurement", "flag", "review", "audit_event", "job",
}  # fmt: skip


def test_every_table_that_the_design_names_is_there(store: Store) -> None:
    found = {name.removesuffix("_") for name in inspect(store.engine).get_table_names()}
    assert found >= TABLES


def test_the_migrations_make_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.Base.metadata) == []


def test_migrations_go_down_to_nothing_and_up_again(empty_database: str) -> None:
    engine = make_engine(empty_database)
    upgrade(engine)
    before = set(inspect(engine).get_table_names())
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == before
    engine.dispose()


def contents(engine: Engine) -> dict[str, list[dict[str, object]]]:
    """Every row of every table, by the names of the columns that it has now."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.tables.items()
        }


def fill(store: Store) -> str:
    """A case with a row in nearly every table."""
    case = factories.case(
        series=factories.series(facts={"kernel": "B30f"}, headers=BlobRef("d" * 64, 3_000_000_000)),
        region=Region((1, 1, 1), (9, 9, 9)),
        crop=BlobRef("c" * 64, 2_000_000_000),
        layers=(factories.layer("A", seed=7), factories.layer("R", author_kind=AuthorKind.READER)),
        scores=(factories.dice(0.8),),
        flags=(factories.flag(),),
        profiles=(NewProfile("area", "A", "cm2", (None, 1.5), "mask findings", "1"),),
    )
    with store.begin() as session:
        key = commands.add_case(session, case)
        commands.add_review(session, key, factories.review(Verdict.REJECT, note="as it was", place=(1, 2, 3)))
        commands.record_audit(session, actor="A", action=AuditAction.REVIEWED, case_key=key, details={"review": 1})
        commands.save_view(session, "A", SavedView("mine", {"search": "gap"}))
        session.add(models.Job(kind="intake", state="done"))
        session.add(
            models.Measurement(
                case_id=1, name="neck", unit="mm", points=[], method="m", method_version="1", reason="none"
            )
        )
    return key


@pytest.mark.parametrize("step", ["0001", "0002"])
def test_migrations_keep_what_the_older_tables_can_hold(store: Store, step: str) -> None:
    fill(store)
    before = contents(store.engine)
    downgrade(store.engine, step)
    older = contents(store.engine)
    upgrade(store.engine)
    assert contents(store.engine)["series"] == [before["series"][0] | {"headers": None, "headers_size": None}]
    assert {name: rows for name, rows in contents(store.engine).items() if name != "series"} == {
        name: rows for name, rows in before.items() if name != "series"
    }
    for name, rows in older.items():
        if name != "alembic_version":
            assert rows == [{column: row[column] for column in rows[0]} for row in before[name]]


def test_going_down_and_up_twice_ends_at_the_same_tables(store: Store) -> None:
    key = fill(store)
    for _ in range(2):
        downgrade(store.engine, "0001")
        upgrade(store.engine)
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.Base.metadata) == []
    with pytest.raises(IntegrityError, match="only ever added"), store.begin() as session:
        session.execute(text("DELETE FROM review"))
    with store.read() as session:
        assert queries.case_page(session, key) is not None


def test_a_forgotten_cases_audit_events_survive_the_older_tables(store: Store) -> None:
    with store.begin() as session:
        session.add(models.AuditEvent(actor="A", action="opened", case_id=77, details={}))
    downgrade(store.engine, "0002")
    upgrade(store.engine)
    assert [(row["actor"], row["case_id"]) for row in contents(store.engine)["audit_event"]] == [("A", None)]


def test_a_migration_that_fails_changes_nothing(empty_database: str) -> None:
    engine = make_engine(empty_database)
    upgrade(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgetting (x INTEGER)"))
    before = contents(engine)
    with pytest.raises(SQLAlchemyError):
        upgrade(engine)
    assert contents(engine) == before
    engine.dispose()


def test_opening_a_store_again_keeps_what_is_in_it(empty_database: str, tmp_path: Path) -> None:
    first = open_store(empty_database, str(tmp_path / "blobs"))
    with first.begin() as session:
        key = commands.add_case(session, factories.case())
    first.close()
    second = open_store(empty_database, str(tmp_path / "blobs"))
    with second.read() as session:
        assert queries.case_keys(session) == (key,)
    second.close()


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)]
)
def test_sqlite_is_safe_against_power_loss_dangling_rows_and_curious_readers_of_its_file(
    databases: Databases, pragma: str, value: object
) -> None:
    engine = make_engine(databases.new("sqlite"))
    with engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value
    engine.dispose()


def test_the_order_of_keys_is_the_same_on_every_postgresql(databases: Databases) -> None:
    engine = make_engine(databases.new("postgresql"))
    question = "SELECT collation_name FROM information_schema.columns WHERE table_name = 'case' AND column_name = 'key'"
    with engine.connect() as connection:
        assert connection.execute(text(question)).scalar() == "C"
    engine.dispose()


def test_a_size_above_two_gigabytes_is_kept(store: Store) -> None:
    fill(store)
    assert contents(store.engine)["series"][0]["headers_size"] == 3_000_000_000


@pytest.mark.parametrize("statement", ["UPDATE review SET note = 'changed'", "DELETE FROM review"])
def test_the_database_itself_refuses_to_change_a_review(store: Store, statement: str) -> None:
    with store.begin() as session:
        key = commands.add_case(session, factories.case())
        commands.add_review(session, key, factories.review(Verdict.REJECT, note="as it was"))
    with pytest.raises(IntegrityError, match="only ever added"), store.begin() as session:
        session.execute(text(statement))
    with store.read() as session:
        page = queries.case_page(session, key)
        assert page is not None
        assert [review.spec.note for review in page.reviews] == ["as it was"]


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'nobody'", "DELETE FROM audit_event"])
def test_the_database_itself_refuses_to_change_the_audit_trail(store: Store, statement: str) -> None:
    with store.begin() as session:
        commands.record_audit(session, actor="reader A", action=AuditAction.SIGNED_IN, case_key=None, details={})
    with pytest.raises(IntegrityError, match="only ever added"), store.begin() as session:
        session.execute(text(statement))


def test_an_error_in_a_transaction_leaves_nothing_behind(store: Store) -> None:
    broken = factories.case(profiles=(NewProfile("", "", "", (), "", None),))  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), store.begin() as session:  # noqa: PT012 -- two writes
        commands.add_case(session, factories.case())
        commands.add_case(session, broken)
    with store.read() as session:
        assert queries.case_keys(session) == ()


KILLED = """
import os, sys
from db import commands
from db.store import open_store
from tests import factories
store = open_store(sys.argv[1], sys.argv[2])
with store.begin() as session:
    commands.add_case(session, factories.case(series=factories.series("kept")))
with store.begin() as session:
    commands.add_case(session, factories.case(series=factories.series("lost")))
    session.flush()
    os._exit(9)
"""


def test_a_process_that_dies_leaves_whole_transactions_only(database: str, tmp_path: Path) -> None:
    blobs = str(tmp_path / "blobs")
    assert subprocess.run([sys.executable, "-c", KILLED, database, blobs], check=False).returncode == 9
    store = open_store(database, blobs)
    with store.read() as session:
        assert queries.find_series(session, "kept") is not None
        assert queries.find_series(session, "lost") is None
    store.close()

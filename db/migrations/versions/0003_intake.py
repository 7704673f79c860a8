"""what an intake said, the header of every slice, and the one way in which a review may go: with its patient."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("review", "audit_event")
NUMBERS = (("series", "blob_size"), ("layer", "blob_size"), ("layer", "seed"), ("case", "crop_size"), ("run", "seed"))
"""Sizes and seeds have 64 bits from here on. SQLite's INTEGER had them all along."""
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
AUDITED = {"table_name": "audit_event", "column_0_name": "case_id", "referred_table_name": "case"}


def upgrade() -> None:
    op.add_column("series", sa.Column("headers", sa.String(length=64), nullable=True))
    op.add_column("series", sa.Column("headers_size", BIG, nullable=True))
    with op.batch_alter_table("job") as job:
        job.alter_column("error", existing_type=sa.String(length=400), type_=sa.String(length=1300))
    op.add_column("job", sa.Column("worker", sa.String(length=32), nullable=False, server_default=""))
    op.add_column("job", sa.Column("actor", sa.String(length=100), nullable=False, server_default=""))
    op.add_column("job", sa.Column("doing", sa.String(length=100), nullable=False, server_default=""))
    op.add_column("job", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("job", sa.Column("cancel_asked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "intake_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("taken", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("layers_added", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=400), nullable=False),
        sa.Column("must", sa.String(length=400), nullable=False),
        sa.Column("found", sa.String(length=400), nullable=False),
        sa.Column("todo", sa.String(length=400), nullable=False),
        sa.Column("mended", sa.JSON(), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_intake_line_job_id"), "intake_line", ["job_id"], unique=False)
    op.create_index(op.f("ix_intake_line_case_id"), "intake_line", ["case_id"], unique=False)
    op.create_table(
        "forgetting",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    if _is_postgresql():
        for table, column in NUMBERS:
            op.alter_column(table, column, type_=sa.BigInteger())
        # Paging by the case's key needs an order of letters that is the same on every server.
        op.alter_column("case", "key", type_=sa.String(48, collation="C"))
    _without_triggers()
    _audit_keeps_numbers_of_cases_that_are_gone()
    _refuse("review", "UPDATE")
    _refuse("review", "DELETE", unless="EXISTS (SELECT 1 FROM forgetting WHERE forgetting.case_id = OLD.case_id)")
    _refuse("audit_event", "UPDATE")
    _refuse("audit_event", "DELETE")


def downgrade() -> None:
    _without_triggers()
    op.execute('UPDATE audit_event SET case_id = NULL WHERE case_id NOT IN (SELECT id FROM "case")')
    with op.batch_alter_table("audit_event", naming_convention=NAMES) as table:
        table.create_foreign_key("audit_event_case_id_fkey", "case", ["case_id"], ["id"])
    for name in TABLES:
        _refuse(name, "UPDATE")
        _refuse(name, "DELETE")
    op.drop_table("forgetting")
    op.drop_table("intake_line")
    for column in ("finished_at", "cancel_asked", "details", "doing", "actor", "worker"):
        op.drop_column("job", column)
    op.execute("UPDATE job SET error = substr(error, 1, 400)")
    with op.batch_alter_table("job") as job:
        job.alter_column("error", existing_type=sa.String(length=1300), type_=sa.String(length=400))
    for column in ("headers_size", "headers"):
        op.drop_column("series", column)
    if _is_postgresql():
        op.execute("DROP FUNCTION refuse_change_unless_forgetting")
        op.alter_column("case", "key", type_=sa.String(48, collation="default"))
        for name, number in NUMBERS:
            op.alter_column(name, number, type_=sa.Integer())


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _audit_keeps_numbers_of_cases_that_are_gone() -> None:
    """An audit event stays when its case is forgotten, so its case_id can be no foreign key."""
    existing = sa.inspect(op.get_bind()).get_foreign_keys("audit_event")
    name = next((key["name"] for key in existing if key["name"]), NAMES["fk"] % AUDITED)
    with op.batch_alter_table("audit_event", naming_convention=NAMES) as table:
        table.drop_constraint(name, type_="foreignkey")


def _without_triggers() -> None:
    for table in TABLES:
        for action in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{action}" + (f" ON {table}" if _is_postgresql() else ""))


def _refuse(table: str, action: str, unless: str = "") -> None:
    """The triggers of 0002, with a way out for rows of a case that is being forgotten.

    PostgreSQL allows no subquery in WHEN, so there the way out is a function of its own.
    """
    name = f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
    if not _is_postgresql():
        condition = f"WHEN NOT {unless} " if unless else ""
        op.execute(f"{name}{condition}BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END")
        return
    function = "refuse_change"
    if unless:
        function = "refuse_change_unless_forgetting"
        op.execute(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {unless} THEN RETURN OLD; END IF; "
            "RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    op.execute(f"{name}FOR EACH ROW EXECUTE FUNCTION {function}()")

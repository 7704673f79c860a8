"""reviews and audit events are only ever added: the database itself refuses to change or delete one."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("review", "audit_event")
ACTIONS = ("UPDATE", "DELETE")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for table in TABLES:
        for action in ACTIONS:
            op.execute(_trigger(table, action))


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in TABLES:
        for action in ACTIONS:
            op.execute(f"DROP TRIGGER {table}_no_{action.lower()}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        op.execute("DROP FUNCTION refuse_change")


def _trigger(table: str, action: str) -> str:
    name = f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
    if op.get_bind().dialect.name == "postgresql":
        return name + "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    return name + f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"

"""the newest value of every score, pieces of errors, and which cases were drawn at random for review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "case_value",
        sa.Column("name", NAME, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("name", "case_id"),
    )
    op.create_index("ix_case_value_case_id", "case_value", ["case_id"], unique=False)
    op.create_index("ix_case_value_value", "case_value", ["name", "value"], unique=False)
    op.create_table(
        "error_piece",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("reference", sa.String(length=250), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("structure", sa.String(length=100), nullable=False),
        sa.Column("volume_ml", sa.Double(), nullable=False),
        sa.Column("distance_mm", sa.Double(), nullable=True),
        sa.Column("effect_mm", sa.Double(), nullable=True),
        sa.Column("clock", sa.Integer(), nullable=True),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("slices", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_error_piece_case_id", "error_piece", ["case_id"], unique=False)
    op.create_index("ix_error_piece_run_id", "error_piece", ["run_id"], unique=False)
    op.create_index("ix_error_piece_volume", "error_piece", ["current", "volume_ml"], unique=False)
    op.create_table(
        "audit_draw",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )


def downgrade() -> None:
    op.drop_table("audit_draw")
    op.drop_table("error_piece")
    op.drop_table("case_value")

"""what promptable models made of slices, kept for the next prompt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "embedding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("windows", sa.String(length=100), nullable=False),
        sa.Column("axis", sa.Integer(), nullable=False),
        sa.Column("slice_index", sa.Integer(), nullable=False),
        sa.Column("frame", sa.String(length=100), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("blob_size", BIG, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "model", "windows", "axis", "slice_index", "frame"),
    )
    op.create_index(op.f("ix_embedding_blob"), "embedding", ["blob"], unique=False)
    op.create_index(op.f("ix_embedding_used_at"), "embedding", ["used_at"], unique=False)


def downgrade() -> None:
    op.drop_table("embedding")

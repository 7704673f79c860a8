"""what a measurement is about and how it was made; the diameter and P(flip) on the worklist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = (("ix_case_diameter", "diameter_rank"), ("ix_case_flip", "flip_rank"))


def upgrade() -> None:
    op.add_column("measurement", sa.Column("subject", sa.String(length=250), nullable=False, server_default=""))
    op.add_column("measurement", sa.Column("samples", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("measurement", sa.Column("parameters", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("measurement", sa.Column("seed", BIG, nullable=True))
    for name in ("diameter_mm", "diameter_lower_mm", "diameter_upper_mm", "flip"):
        op.add_column("case", sa.Column(name, sa.Double(), nullable=True))
    for name in ("diameter_reason", "flip_reason"):
        op.add_column("case", sa.Column(name, sa.String(length=400), nullable=False, server_default=""))
    for name in ("diameter_rank", "flip_rank"):
        op.add_column("case", sa.Column(name, sa.Double(), nullable=False, server_default="-1"))
    for name, column in INDEXES:
        op.create_index(name, "case", [column, "id"], unique=False)


def downgrade() -> None:
    for name, _ in INDEXES:
        op.drop_index(name, table_name="case")
    of_case = ("diameter_mm", "diameter_lower_mm", "diameter_upper_mm", "flip", "diameter_reason", "flip_reason")
    for column in (*of_case, "diameter_rank", "flip_rank"):
        op.drop_column("case", column)
    for column in ("seed", "parameters", "samples", "subject"):
        op.drop_column("measurement", column)

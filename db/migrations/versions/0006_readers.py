"""the number of each reader who drew, which is a letter on screen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOBODY = ("consensus", "software")
"""Sources of a reader's drawing behind which there is no person."""


def upgrade() -> None:
    op.add_column("reader", sa.Column("number", sa.Integer(), nullable=True))
    op.create_index("ix_reader_number", "reader", ["number"], unique=True)
    _number_who_drew()


def downgrade() -> None:
    op.drop_index("ix_reader_number", table_name="reader")
    op.drop_column("reader", "number")


def _number_who_drew() -> None:
    """In the order of their first drawings."""
    reader = sa.table("reader", sa.column("id", sa.Integer), sa.column("number", sa.Integer))
    drawing = sa.table("annotation", *(sa.column(name) for name in ("id", "reader_id", "source")))
    first = sa.func.min(drawing.c.id)
    who = sa.select(drawing.c.reader_id).where(drawing.c.source.not_in(NOBODY)).group_by(drawing.c.reader_id)
    connection = op.get_bind()
    for number, row in enumerate(connection.execute(who.order_by(first)).all(), start=1):
        connection.execute(sa.update(reader).where(reader.c.id == row.reader_id).values(number=number))

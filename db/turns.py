"""Whoever names or removes images takes turns, on every database (docs/decisions/0009).

An image is removed only in a turn in which no row names it; a row that names images is written only in a turn in which
its writer has seen them all in place. So no image goes from under a row, however long either of them waits in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TURN = 5_741_020_249
"""The number of PostgreSQL's advisory lock; any that no other program uses in this database."""


def take_turn(session: Session | Connection) -> None:
    """Wait until no other transaction has the turn, and keep it until this one ends.

    On SQLite a transaction that may write has it already: there is one at a time.
    """
    connection = session if isinstance(session, Connection) else session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})

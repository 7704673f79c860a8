"""Cases that are judged, with scores that are easy to recognise."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event, text

from db import case_values, commands
from db.vocabulary import LabelSource, Verdict
from services.aggregation.names import DEFAULT, SIZE
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy.orm import Session

    from db.store import Store
    from services.desk import Desk

MEAN = "predictive entropy, mean, around the aorta"
CASES, BAD = 24, 6


def add(
    desk: Desk,
    patient: str,
    verdict: Verdict | None = None,
    values: Mapping[str, float] | None = None,
    *,
    synthetic: bool = True,
    **scores: float,
) -> str:
    """A case of which no image is kept; `values` by name, `default`, `mean` and `size` for three scores."""
    named = {{"default": DEFAULT, "mean": MEAN, "size": SIZE}[name]: value for name, value in scores.items()}
    source = LabelSource.SYNTHETIC if synthetic else None
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case(patient, source=source))
        case_values.set_values(session, key, named | dict(values or {}))
        if verdict:
            commands.add_review(session, key, factories.review(verdict))
    return key


def fill(desk: Desk) -> list[str]:
    """24 cases of 24 patients, the first six unacceptable: our score finds them, the mean half of them, size none."""
    keys = []
    for number in range(CASES):
        bad = number < BAD
        mean = CASES + number if number % 2 == 0 and bad else number
        verdict = Verdict.REJECT if bad else Verdict.ACCEPTABLE
        keys.append(add(desk, f"P{number:03d}", verdict, default=CASES - number, mean=mean, size=number))
    return keys


def copy_last(session: Session, many: int, names_of_values: Sequence[str]) -> None:
    """So many more cases like the last one, accepted, with values below 97 of these names; in a few statements."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})"
    for table, changed in (
        ("series", {"id": "1000 + i", "uid": "'series of ' || i"}),
        ("case", {"id": "1000 + i", "key": "'PCOPY-' || i", "series_id": "1000 + i", "verdict": "'acceptable'"}),
    ):
        number = session.scalar(text(f'SELECT max(id) FROM "{table}"'))
        known = session.execute(text(f'SELECT * FROM "{table}" WHERE id = {number}')).mappings().one()
        names = ", ".join(f'"{name}"' for name in known)
        copied = ", ".join(changed.get(name, f'"{table}"."{name}"') for name in known)
        insert = f'{numbers} INSERT INTO "{table}" ({names}) SELECT {copied} FROM n, "{table}"'
        session.execute(text(f'{insert} WHERE "{table}".id = {number}'))
    for name in names_of_values:
        insert = f"{numbers} INSERT INTO case_value (name, case_id, value) SELECT :name, 1000 + i, i % 97 FROM n"
        session.execute(text(insert), {"name": name})


@contextmanager
def rows_read(store: Store) -> Iterator[list[Any]]:
    """Every row that SQLite hands over meanwhile."""
    read: list[Any] = []

    def keep(_: object, row: Any) -> Any:
        read.append(row)
        return row

    def listen(connection: Any, *_: object) -> None:
        connection.row_factory = keep

    store.engine.dispose()
    event.listen(store.engine, "connect", listen)
    yield read
    event.remove(store.engine, "connect", listen)
    store.engine.dispose()

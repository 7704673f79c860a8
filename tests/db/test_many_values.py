"""With 50,000 cases the page Failures asks few questions, and fetches what it shows: rows are counted, not time."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest
from sqlalchemy import event, insert

from db import models
from db.blobs import BlobStore
from db.failure_records import CaseError, CaseTrait
from db.store import Store, make_engine, upgrade
from services import failures
from services.aggregation.names import DEFAULT
from services.desk import Desk
from services.failures import MOST_PICTURES, MOST_SILENT, Chosen
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CASES = 50_000
MOST_STATEMENTS = 24
SCANNERS, KERNELS = 9, 4
FETCHED: list[int] = []
"""The rows that each statement has given so far."""
NAMES = (CaseError.DICE, CaseError.DIAMETER, CaseTrait.DENSITY, CaseTrait.THROMBUS, DEFAULT)


class Counting(sqlite3.Cursor):
    """Notes how many rows are fetched."""

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        FETCHED.append(0)
        return super().execute(sql, parameters)

    def fetchall(self) -> list[Any]:
        rows = super().fetchall()
        FETCHED[-1] += len(rows)
        return rows

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows = super().fetchmany(size or self.arraysize)
        FETCHED[-1] += len(rows)
        return rows

    def fetchone(self) -> Any:
        FETCHED[-1] += 1
        return super().fetchone()


class Connection(sqlite3.Connection):
    """Its cursors count."""

    def cursor(self, *_: Any) -> Counting:  # type: ignore[override]
        return super().cursor(Counting)


def _count(_dialect: object, _record: object, _args: object, said: dict[str, Any]) -> None:
    said["factory"] = Connection


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """SYNTHETIC rows, written straight into the tables."""
    folder: Path = tmp_path_factory.mktemp("many")
    settings = Settings(home=folder, database_url=f"sqlite:///{folder / 'many.sqlite'}")
    engine = make_engine(settings.database)
    event.listen(engine, "do_connect", _count)
    upgrade(engine)
    store = Store(engine, BlobStore(str(folder / "blobs")))
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(insert(models.Patient), [{"pseudonym": f"P{n}", "sex": "MF"[n % 2]} for n in range(CASES)])
        connection.execute(insert(models.Study), [{"patient_id": n + 1, "uid": f"{n}"} for n in range(CASES)])
        connection.execute(insert(models.Series), [_series(n) for n in range(CASES)])
        connection.execute(insert(models.Case), [_case(n) for n in range(CASES)])
        values = np.random.default_rng(7).random((CASES, len(NAMES)))
        scale = np.array([1.0, 10.0, 300.0, 1.0, 1.0])
        rows = [
            {"name": str(name), "case_id": n + 1, "value": float(value)}
            for n, line in enumerate(values * scale)
            for name, value in zip(NAMES, line, strict=True)
        ]
        connection.execute(insert(models.CaseValue), rows)
    yield Desk(settings, store)
    store.close()


def _series(n: int) -> dict[str, Any]:
    facts = {"model": f"scanner {n % SCANNERS}", "kernel": f"{n % KERNELS}", "slice_thickness_mm": 1 + n % 5}
    fixed = {"modality": "CT", "shape": [], "affine": [], "dtype": "int16", "blob": "", "blob_size": 0}
    return {"study_id": n + 1, "uid": f"{n}", "spacing_mm": [1.0, 1.0, 1.0], "facts": facts} | fixed


def _case(n: int) -> dict[str, Any]:
    ids = {"id": n + 1, "key": f"P{n}-1", "patient_id": n + 1, "series_id": n + 1}
    size = {"diameter_mm": 30.0 + n % 40, "diameter_rank": 30.0 + n % 40, "sex": "MF"[n % 2]}
    return ids | size | {"status": "scheduled", "slices": 1, "created_at": datetime.now(UTC), "source": "synthetic"}


@pytest.mark.parametrize("what", ["choices", "figure", "gallery", "groups"])
def test_no_statement_fetches_more_than_is_shown(many: Desk, what: str) -> None:
    chosen = Chosen(CaseError.DICE, DEFAULT)
    asked: dict[str, Callable[[], object]] = {
        "choices": lambda: failures.choices(many),
        "figure": lambda: failures.see(many, chosen),
        "gallery": lambda: failures.gallery(many, CaseError.DIAMETER),
        "groups": lambda: failures.groups(many, CaseError.DICE),
    }
    most = {"choices": 10, "figure": failures.CELLS**2, "gallery": MOST_PICTURES, "groups": 3_000}
    FETCHED.clear()
    asked[what]()
    assert len(FETCHED) <= MOST_STATEMENTS
    assert 0 < max(FETCHED) <= most[what]


def test_what_is_counted_in_cells_is_every_case(many: Desk) -> None:
    seen = failures.see(many, Chosen(CaseError.DICE, DEFAULT))
    assert seen is not None
    assert (seen.both, sum(cell.cases for cell in seen.cells)) == (CASES, CASES)
    assert (len(seen.points), len(seen.silent)) == (0, MOST_SILENT)
    assert seen.silent_count == pytest.approx(CASES / 4, rel=0.05)

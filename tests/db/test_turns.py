"""Several processes at once, on both databases: nobody fails, nothing is there twice, no row loses its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import queries
from db.records import WorklistQuery
from db.store import newest_revision, open_store, revision_of
from tests.processes import at_once

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Databases

OPEN = """
from db.store import open_store
wait()
open_store(*sys.argv[1:]).close()
"""
ADD = """
from db import commands
from db.store import open_store
from db.vocabulary import Verdict
from tests import factories
store = open_store(*sys.argv[2:])
wait()
for number in range(8):
    for name in (f"{sys.argv[1]}-{number}", f"shared-{number}"):
        with store.begin() as session:
            key = commands.add_case(session, factories.case("P7K3QX", series=factories.series(name)))
    with store.begin() as session:
        commands.add_review(session, key, factories.review(Verdict.REJECT, reviewer=f"reader {number}"))
"""
PUT_AND_NAME = """
import numpy as np
from db import commands, forgetting
from db.store import open_store
from services.storing import Overtaken, require_images
from tests import factories
store, times = open_store(*sys.argv[2:]), 0
wait()
for number in range(25):
    while True:
        ref = store.blobs.put(np.full((2, 3, 4), number % 4, np.int16), np.eye(4))
        series = factories.series(f"{sys.argv[1]} {number}", image=ref)
        try:
            with store.begin() as session:
                require_images(store, session, commands.add_case(session, factories.case(sys.argv[1], series=series)))
            break
        except Overtaken:
            times += 1
    with store.begin() as session:
        forgetting.forget(session, sys.argv[1])
with store.begin() as session:
    commands.add_case(session, factories.case(sys.argv[1], series=series))
    store.blobs.put(np.full((2, 3, 4), number % 4, np.int16), np.eye(4))
print(times)
"""
COLLECT = """
import time
from db.store import open_store
from db.upkeep import remove_unnamed
store, removed = open_store(*sys.argv[2:]), 0
wait()
ended = time.monotonic() + 3
while time.monotonic() < ended:
    removed += remove_unnamed(store, list(store.blobs.digests()), None).images
print(removed)
"""


@pytest.fixture
def blobs(tmp_path: Path) -> str:
    return str(tmp_path / "blobs")


def test_processes_that_open_a_new_store_at_once_all_succeed(empty_database: str, blobs: str, tmp_path: Path) -> None:
    at_once(OPEN, [[empty_database, blobs]] * 4, tmp_path)
    store = open_store(empty_database, blobs)
    assert revision_of(store.engine) == newest_revision()
    store.close()


def test_cases_of_one_patient_from_several_processes_get_numbers_of_their_own(
    database: str, blobs: str, tmp_path: Path
) -> None:
    at_once(ADD, [[name, database, blobs] for name in "ABC"], tmp_path)
    store = open_store(database, blobs)
    with store.read() as session:
        assert sorted(queries.case_keys(session)) == sorted(f"P7K3QX-{number}" for number in range(1, 33))
        assert queries.worklist(session, WorklistQuery()).total == 32
    store.close()


def test_an_image_that_is_about_to_be_named_is_never_collected_for_good(
    database: str, blobs: str, tmp_path: Path
) -> None:
    """Writers name the same four images and forget them again, while a collector takes all that nobody names."""
    write_and_collect(database, blobs, tmp_path)


def test_nor_is_it_on_s3(databases: Databases, bucket: str, tmp_path: Path) -> None:
    write_and_collect(databases.new("postgresql"), bucket, tmp_path)


def write_and_collect(database: str, blobs: str, folder: Path) -> None:
    code = f"writer, collector = {PUT_AND_NAME!r}, {COLLECT!r}\nexec(collector if sys.argv[1] == 'C' else writer)\n"
    told = at_once(code, [[name, database, blobs] for name in ("PAAAAAA", "PBBBBBB", "C")], folder)
    assert int(told[2]) > 0, "the collector took nothing, so this run showed nothing"
    store = open_store(database, blobs)
    with store.read() as session:
        named = set(queries.all_blobs(session))
    assert len(named) == 1
    assert all(store.blobs.verify(digest) for digest in named)
    store.close()

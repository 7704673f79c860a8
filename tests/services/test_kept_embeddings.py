"""The embeddings of a stored case survive until they are not wanted any more, and are missed by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select, update

from db import models
from db.moments import now
from services import workflow
from services.kept_embeddings import KeptEmbeddings
from services.segmentation.promptable.embeddings import Embedded
from services.segmentation.promptable.frames import whole
from services.settings import Settings
from tests.services.segmentation.promptable.bright import BrightInside
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

VOLUME = np.zeros((4, 8, 8), np.int16)
FRAME = whole((8, 8), (1, 1), BrightInside.side)
WINDOW = ((0.0, 100.0),)


@pytest.fixture
def full_desk(either_desk: Desk, tmp_path: Path) -> Desk:
    """An installation with one case, on either database."""
    workflow.ingest(either_desk, write_small_case(tmp_path / "case"))
    return either_desk


@pytest.fixture
def key(full_desk: Desk) -> str:
    """The key of the stored case."""
    return workflow.cases(full_desk)[0].key


def encoded(desk: Desk, key: str) -> int:
    """How many slices a process that starts now must encode."""
    model = BrightInside()
    Embedded(model, VOLUME, WINDOW, KeptEmbeddings(desk.store, key)).embedding(0, 1, FRAME)
    return model.encoded


def file_of_the_embedding(desk: Desk) -> Path:
    with desk.store.read() as session:
        digest = session.scalars(select(models.Embedding.blob)).one()
    path = desk.store.blobs.local_path(digest)
    assert path is not None
    return path


def used(desk: Desk, days_ago: int) -> None:
    with desk.store.begin() as session:
        session.execute(update(models.Embedding).values(used_at=now() - timedelta(days=days_ago)))


def test_the_next_process_reads_what_this_one_encoded(full_desk: Desk, key: str) -> None:
    assert (encoded(full_desk, key), encoded(full_desk, key)) == (1, 0)


def test_what_is_read_is_what_was_kept_bit_by_bit(full_desk: Desk, key: str) -> None:
    kept, model = KeptEmbeddings(full_desk.store, key), BrightInside()
    hounsfield = np.random.default_rng(1).integers(0, 100, VOLUME.shape).astype(np.int16)
    first = Embedded(model, hounsfield, WINDOW, kept).embedding(0, 1, FRAME)
    again = Embedded(model, hounsfield, WINDOW, kept).embedding(0, 1, FRAME)
    assert again.dtype == np.float16
    assert again.tobytes() == first.tobytes()


@pytest.mark.parametrize("damage", [b"", b"no gzip", None])
def test_a_missing_or_damaged_one_is_computed_again_and_whole_then(
    full_desk: Desk, key: str, damage: bytes | None
) -> None:
    encoded(full_desk, key)
    path = file_of_the_embedding(full_desk)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert (encoded(full_desk, key), encoded(full_desk, key)) == (1, 0)


def test_a_missing_one_is_no_problem_of_the_store(full_desk: Desk, key: str) -> None:
    encoded(full_desk, key)
    assert workflow.check(full_desk) == []
    file_of_the_embedding(full_desk).unlink()
    assert workflow.check(full_desk) == []


def test_gc_keeps_what_is_used_and_lets_go_of_the_rest(full_desk: Desk, key: str) -> None:
    encoded(full_desk, key)
    used(full_desk, days_ago=29)
    assert workflow.collect(full_desk, older_than=timedelta(0)).embeddings == 0
    assert encoded(full_desk, key) == 0  # and with that it was used today
    used(full_desk, days_ago=31)
    assert workflow.collect(full_desk, older_than=timedelta(0), dry_run=True).embeddings == 1
    path = file_of_the_embedding(full_desk)
    done = workflow.collect(full_desk, older_than=timedelta(0))
    assert (done.embeddings, done.images, path.exists()) == (1, 1, False)
    assert encoded(full_desk, key) == 1


def test_a_backup_leaves_them_out_and_the_restored_store_is_sound(full_desk: Desk, key: str, tmp_path: Path) -> None:
    encoded(full_desk, key)
    digest = file_of_the_embedding(full_desk).name.partition(".")[0]
    workflow.backup(full_desk, tmp_path / "backup")
    elsewhere = tmp_path / "elsewhere"
    restored = workflow.open_home(Settings(home=elsewhere, database_url=f"sqlite:///{elsewhere / 'rows.sqlite'}"))
    workflow.restore(restored, tmp_path / "backup")
    assert digest not in restored.store.blobs
    assert workflow.check(restored) == []
    assert encoded(restored, key) == 1
    restored.store.close()


def test_a_forgotten_patient_leaves_none(full_desk: Desk, key: str) -> None:
    encoded(full_desk, key)
    path = file_of_the_embedding(full_desk)
    workflow.forget(full_desk, key)
    assert not path.exists()


def test_nothing_is_kept_of_a_case_that_is_gone(full_desk: Desk, key: str) -> None:
    workflow.forget(full_desk, key)
    assert (encoded(full_desk, key), encoded(full_desk, key)) == (1, 1)

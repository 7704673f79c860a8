"""`check` finds what is wrong and names it: missing, damaged and orphan images, and every kind of broken row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import text

from db import models
from services import workflow
from services.examination import shown
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from services.soundness import Problem


@pytest.fixture
def full_desk(either_desk: Desk, tmp_path: Path) -> Desk:
    """An installation with one case, on either database."""
    workflow.ingest(either_desk, write_small_case(tmp_path / "case"))
    return either_desk


def key_of(desk: Desk) -> str:
    return workflow.cases(desk)[0].key


def change(desk: Desk, statement: str) -> None:
    """Change a row as no command does: as damage or a foreign program would."""
    raw = desk.store.engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF" if desk.store.is_sqlite else "SET session_replication_role = replica")
    cursor.execute(statement)
    raw.commit()
    raw.invalidate()


def errors(desk: Desk) -> list[Problem]:
    return [problem for problem in workflow.check(desk) if problem.severity == "error"]


def test_a_sound_store_has_no_problem(full_desk: Desk) -> None:
    assert workflow.check(full_desk) == []


def test_a_missing_image_is_named_with_its_case(full_desk: Desk) -> None:
    digest = workflow.case_page(full_desk, key_of(full_desk)).series.image.digest
    full_desk.store.blobs.delete(digest)
    (problem,) = errors(full_desk)
    assert key_of(full_desk) in problem.must
    assert problem.found == f"{shown(digest)} is missing."


def test_a_damaged_image_is_named_with_its_case(full_desk: Desk) -> None:
    digest = workflow.case_page(full_desk, key_of(full_desk)).layers[0].spec.image.digest
    full_desk.store.blobs.write_bytes(digest, full_desk.store.blobs.read_bytes(digest)[:-9])
    (problem,) = errors(full_desk)
    assert key_of(full_desk) in problem.must
    assert problem.found == f"{shown(digest)} is damaged."


def test_an_orphan_is_a_note_and_named(full_desk: Desk) -> None:
    orphan = full_desk.store.blobs.put(np.zeros((1, 2, 3), np.uint8), np.eye(4)).digest
    (problem,) = workflow.check(full_desk)
    assert problem.severity == "note"
    assert shown(orphan) in problem.found
    assert "secondlook gc" in problem.todo


def test_what_an_interrupted_ingest_left_is_a_note(full_desk: Desk) -> None:
    (full_desk.settings.home / "blobs" / "ab").mkdir(exist_ok=True)
    (full_desk.settings.home / "blobs" / "ab" / "x.nii.gz.0123.part").write_bytes(b"half")
    (full_desk.settings.home / "unpacked" / "tmp123").mkdir(parents=True)
    (problem,) = workflow.check(full_desk)
    assert problem.severity == "note"
    assert problem.found == "1 unfinished images and 1 unpacked archives."


BROKEN = {
    "a layer of a case that is gone": ("UPDATE layer SET case_id = 999", "'layer'", "5 that refer to none"),
    "a series without a case": ('DELETE FROM "case"', "'series'", "1 that belong to none"),
    "a study of a patient who is gone": ("UPDATE study SET patient_id = 999", "'study'", "1 that refer to none"),
    "a box beyond the image": ("UPDATE layer SET region = '[0,0,0,99,2,2]' WHERE id = 1", "in its image", "layer 1"),
    "a shape that is not the image's": ("UPDATE series SET shape = '[21,48,56]'", "images of case", "20 x 48 x 56"),
    "a size that is not the image's": ("UPDATE layer SET blob_size = 7 WHERE id = 1", "images of case", "and not 7"),
    "a verdict that does not exist": ("UPDATE \"case\" SET verdict = 'superb'", "must be readable", "means nothing"),
    "a patient half forgotten": ("INSERT INTO forgetting VALUES (1)", "half forgotten", "1 cases"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_found(full_desk: Desk, name: str) -> None:
    statement, must, found = BROKEN[name]
    change(full_desk, statement)
    problems = errors(full_desk)
    assert any(must in problem.must and found in problem.found for problem in problems), problems
    assert all(problem.todo for problem in problems)


def test_json_that_cannot_be_read_is_found(desk: Desk, tmp_path: Path) -> None:
    """SQLite only: PostgreSQL would not take it."""
    workflow.ingest(desk, write_small_case(tmp_path / "case"))
    change(desk, "UPDATE layer SET region = '[1, 2' WHERE id = 1")
    (problem,) = errors(desk)
    assert problem.must == f"Every row of case {key_of(desk)} must be readable."


def test_a_damaged_database_file_is_found_without_a_traceback(desk: Desk, tmp_path: Path) -> None:
    workflow.ingest(desk, write_small_case(tmp_path / "case"))
    with desk.store.read() as session:
        page = session.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'ix_layer_case_id'")).scalar_one()
        size = session.execute(text("PRAGMA page_size")).scalar_one()
    desk.store.close()
    with (desk.settings.home / "secondlook.sqlite").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)
    assert any("database" in problem.must for problem in errors(workflow.open_home(desk.settings)))


def test_errors_come_first(full_desk: Desk) -> None:
    full_desk.store.blobs.put(np.zeros((1, 2, 3), np.uint8), np.eye(4))
    change(full_desk, "UPDATE layer SET blob_size = 7 WHERE id = 1")
    assert [problem.severity for problem in workflow.check(full_desk)] == ["error", "note"]


def test_checking_changes_nothing_and_tells_how_far_it_is(full_desk: Desk) -> None:
    with full_desk.store.read() as session:
        before = session.execute(text("SELECT count(*) FROM audit_event")).scalar()
    told: list[tuple[str, int, int]] = []
    workflow.check(full_desk, progress=lambda *said: told.append(said))
    with full_desk.store.read() as session:
        assert session.query(models.AuditEvent).count() == before
    assert ("cases checked", 1, 1) in told
    assert ("images counted", 16, 16) in told

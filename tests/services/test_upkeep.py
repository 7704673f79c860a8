"""`gc` takes what belongs to nobody and is old, and nothing else; `forget` leaves nothing of a patient but a hash."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import text

from db import audit_draws, case_values, error_pieces, models
from db.records import NewReview, SavedView
from db.vocabulary import Outcome, ReviewReason, Verdict
from services import scratch, storing, workflow
from services.errors import NotFound
from services.settings import Settings
from tests import factories
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

HOUR = 3600


def orphan(desk: Desk, value: int = 0) -> str:
    return desk.store.blobs.put(np.full((1, 2, 3), value, np.uint8), np.eye(4)).digest


def age(folder: Path, hours: float) -> None:
    """Make everything in a folder look older."""
    then = time.time() - hours * HOUR
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (then, then))


def ingest(desk: Desk, folder: Path, number: int = 0) -> str:
    """Take in a case with reviews; its key. Every case is one of a patient's own: NIfTI names nobody."""
    key = workflow.ingest(desk, write_small_case(folder / str(number), offset=number)).cases[0].key
    workflow.review(desk, key, NewReview(Verdict.REJECT, ReviewReason.NONE, f"about {key}", "reader A"))
    return key


def test_an_orphan_older_than_an_hour_is_removed_and_a_younger_one_stays(either_desk: Desk, tmp_path: Path) -> None:
    ingest(either_desk, tmp_path)
    old = orphan(either_desk, 1)
    age(either_desk.settings.home / "blobs", hours=1.1)
    young = orphan(either_desk, 2)
    done = workflow.collect(either_desk)
    assert (done.images, done.dry_run) == (1, False)
    assert old not in either_desk.store.blobs
    assert young in either_desk.store.blobs
    assert [problem.severity for problem in workflow.check(either_desk)] == ["note"]
    assert workflow.collect(either_desk, older_than=timedelta(0)).images == 1
    assert workflow.check(either_desk) == []


def test_a_dry_run_counts_and_removes_nothing(desk: Desk) -> None:
    digest = orphan(desk)
    done = workflow.collect(desk, older_than=timedelta(0), dry_run=True)
    assert (done.images, done.size) == (1, desk.store.blobs.size(digest))
    assert digest in desk.store.blobs


def test_a_collection_is_in_the_audit_trail_and_an_empty_one_is_not(desk: Desk) -> None:
    workflow.collect(desk)
    orphan(desk)
    workflow.collect(desk, older_than=timedelta(0))
    with desk.store.read() as session:
        (event,) = session.query(models.AuditEvent).all()
    assert (event.action, event.details["images"]) == ("collected", 1)


def test_orphans_on_s3_are_collected_too(home: Path, bucket: str) -> None:
    desk = workflow.open_home(Settings(home=home, blob_url=bucket))
    digest = orphan(desk)
    assert workflow.collect(desk).images == 0
    time.sleep(1.1)
    assert workflow.collect(desk, older_than=timedelta(0)).images == 1
    assert digest not in desk.store.blobs
    desk.store.close()


def test_unfinished_images_and_deserted_folders_go_when_they_are_old(desk: Desk) -> None:
    blobs, unpacked = desk.settings.home / "blobs" / "ab", desk.settings.home / "unpacked" / "tmp1"
    blobs.mkdir()
    unpacked.mkdir(parents=True)
    (blobs / "x.nii.gz.0123.part").write_bytes(b"half")
    (unpacked / "content.dcm").write_bytes(b"half")
    assert (workflow.collect(desk, older_than=timedelta(0)).drafts, unpacked.exists()) == (0, True)
    age(desk.settings.home, hours=1.1)
    done = workflow.collect(desk)
    assert (done.drafts, done.folders) == (1, 1)
    assert list(blobs.iterdir()) == []
    assert not unpacked.exists()


def test_a_folder_that_an_ingest_works_in_stays_however_old(desk: Desk) -> None:
    with scratch.own_folder(desk.settings.home) as folder:
        age(desk.settings.home, hours=50)
        assert workflow.collect(desk).folders == 0
        assert folder.exists()
    assert not folder.exists()


def test_an_image_that_is_collected_before_its_row_is_written_is_written_again(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: all images are put, none is named yet, and a collector takes them all."""
    real, times = storing.require_images, iter([True])

    def collected_first(*arguments: object) -> None:
        if next(times, False):
            for digest in list(desk.store.blobs.digests()):
                desk.store.blobs.delete(digest)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(storing, "require_images", collected_first)
    report = workflow.ingest(desk, write_small_case(tmp_path / "case"))
    assert [item.outcome for item in report.cases] == [Outcome.NEW]
    assert workflow.check(desk) == []


def every_byte(home: Path) -> bytes:
    files = (path for path in home.rglob("*") if path.is_file())
    return b"".join(gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in files)


@pytest.mark.parametrize("named_by", ["pseudonym", "key", "small letters"])
def test_nothing_of_a_forgotten_patient_is_left_in_any_byte(desk: Desk, tmp_path: Path, named_by: str) -> None:
    key, kept = ingest(desk, tmp_path, 1), ingest(desk, tmp_path, 2)
    workflow.save_view(desk, "reader A", SavedView("this one", {"search": key.lower()}))
    pseudonym = key.partition("-")[0]
    assert pseudonym.encode() in every_byte(desk.settings.home)
    done = workflow.forget(desk, {"pseudonym": pseudonym, "key": key, "small letters": key.lower()}[named_by])
    assert (done.cases, done.layers, done.reviews, done.overwritten) == (1, 5, 1, True)
    desk.store.close()
    left = every_byte(desk.settings.home)
    assert pseudonym.encode() not in left
    assert pseudonym.lower().encode() not in left
    assert [row.key for row in workflow.cases(desk)] == [kept]
    assert workflow.check(desk) == []


def test_a_forgotten_patient_leaves_no_row_on_either_database(either_desk: Desk, tmp_path: Path) -> None:
    kept = ingest(either_desk, tmp_path, 2)
    before = rows(either_desk)
    key = ingest(either_desk, tmp_path, 1)
    give_work(either_desk, key)
    done = workflow.forget(either_desk, key)
    after = rows(either_desk)
    grown = {name: count - before[name] for name, count in after.items() if count != before[name]}
    assert grown == {"audit_event": 3, "job": 2}  # that there was an ingest, and a job about others, stays
    assert [row.key for row in workflow.cases(either_desk)] == [kept]
    assert workflow.check(either_desk) == []
    assert done.images > 0
    with either_desk.store.read() as session:
        assert session.scalars(text("SELECT error FROM job")).all() == ["", "", ""]


def give_work(desk: Desk, key: str) -> None:
    """Jobs and intake lines that are about a case, or mention it."""
    with desk.store.begin() as session:
        case = session.query(models.Case).filter_by(key=key).one()
        own = models.Job(case_id=case.id, kind="analysis", state="done")
        other = models.Job(kind="intake", state="failed", error=f"other pixels of case {key}", details={"of": key})
        session.add_all([own, other])
        session.flush()
        said = {"taken": "refused", "outcome": "", "layers_added": 0, "what": "", "must": "", "todo": "", "remarks": []}
        session.add(models.IntakeLine(job_id=other.id, case_id=case.id, found="", mended=[], **said))
        session.add(models.IntakeLine(job_id=other.id, found=f"pixels of {key}", mended=[], **said))
        session.add(
            models.Measurement(case_id=case.id, name="d", unit="mm", points=[], method="", method_version="", reason="")
        )
        error_pieces.set_errors(session, key, [], [factories.error_piece()], {})
        case_values.set_values(session, key, {"diameter error": 1.0})
        audit_draws.set_draw(session, key, 0.1, drawn=True)


def rows(desk: Desk) -> dict[str, int]:
    with desk.store.read() as session:
        tables = models.Base.metadata.sorted_tables
        return {table.name: session.query(table).count() for table in tables}


def test_images_that_another_patient_shares_stay(desk: Desk, tmp_path: Path) -> None:
    keys = [ingest(desk, tmp_path, number) for number in (1, 2)]
    pages = [workflow.case_page(desk, key) for key in keys]
    shared = pages[0].layers[0].spec.image.digest
    assert shared == pages[1].layers[0].spec.image.digest
    workflow.forget(desk, keys[0])
    assert shared in desk.store.blobs
    assert pages[0].series.image.digest not in desk.store.blobs


def test_the_trace_proves_it_and_gives_no_pseudonym_away(desk: Desk, tmp_path: Path) -> None:
    key = ingest(desk, tmp_path)
    trace = workflow.forget(desk, key).trace
    with desk.store.read() as session:
        event = session.query(models.AuditEvent).filter_by(action="forgotten").one()
    assert (event.details["trace"], event.case_id, event.actor) == (trace, None, "local reader")
    pseudonym = key.partition("-")[0]
    assert trace not in {hashlib.sha256(name.encode()).hexdigest() for name in (pseudonym, key)}
    with pytest.raises(NotFound, match="nobody of that name any more: forgotten on"):
        workflow.forget(desk, pseudonym)


def test_a_forgotten_patient_who_comes_again_is_noticed(desk: Desk, tmp_path: Path) -> None:
    workflow.forget(desk, ingest(desk, tmp_path))
    (item,) = workflow.ingest(desk, tmp_path / "0").cases
    assert item.outcome is Outcome.NEW
    assert "was forgotten on" in item.remarks[0]


def test_the_number_of_a_forgotten_case_is_never_used_again(either_desk: Desk, tmp_path: Path) -> None:
    """Its audit events stay: they must not become those of another case."""
    key = ingest(either_desk, tmp_path, 1)
    workflow.opened(either_desk, key, "reader A")
    workflow.forget(either_desk, key)
    other = ingest(either_desk, tmp_path, 2)
    with either_desk.store.read() as session:
        number = session.query(models.Case.id).filter_by(key=other).scalar()
        mine = session.query(models.AuditEvent).filter_by(case_id=number).count()
    assert mine == 2


def test_a_note_about_another_case_that_mentions_the_patient_is_counted(desk: Desk, tmp_path: Path) -> None:
    keys = [ingest(desk, tmp_path, number) for number in (1, 2)]
    note = f"as in {keys[0].lower()}"
    workflow.review(desk, keys[1], NewReview(Verdict.REJECT, ReviewReason.NONE, note, "reader A"))
    assert workflow.forget(desk, keys[0]).mentions == 1


def test_nobody_is_forgotten_by_a_name_that_is_none(desk: Desk, tmp_path: Path) -> None:
    ingest(desk, tmp_path)
    for name in ("PNOBODY", "%", "", "P______"):
        with pytest.raises(NotFound, match="no such patient"):
            workflow.forget(desk, name)
    assert len(workflow.cases(desk)) == 1


def test_killed_between_rows_and_images_the_collector_takes_the_rest(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services import upkeep

    key = ingest(desk, tmp_path)
    monkeypatch.setattr(upkeep, "remove_unnamed", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        workflow.forget(desk, key)
    monkeypatch.undo()
    assert {problem.severity for problem in workflow.check(desk)} == {"note"}
    workflow.collect(desk, older_than=timedelta(0))
    assert list(desk.store.blobs.digests()) == []


def test_names_that_a_database_would_not_take_are_refused_alike(either_desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    shutil.move(folder / "models" / "B@2.nii.gz", folder / "models" / f"{'B' * 101}@2.nii.gz")
    report = workflow.ingest(either_desk, folder)
    assert [item.layers_added for item in report.cases] == [4]
    assert "100 printable letters" in report.skipped[0].must

"""A backup is whole or refused, is made while others write, and fills an empty store of either kind."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from db import audit_draws, case_values
from db.records import NewReview
from db.store import downgrade
from db.vocabulary import ReviewReason, Verdict
from services import archive, backup, workflow
from services.errors import InputRefused
from services.settings import Settings
from tests.processes import at_once
from tests.servers import KINDS, Databases
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.desk import Desk

INGEST = """
from pathlib import Path
from services import intake, storing, workflow
from services.settings import Settings
desk = workflow.open_home(Settings())
wait()
for folder in sorted(Path(sys.argv[1]).iterdir()):
    workflow.ingest(desk, folder)
"""
BACK_UP = """
from pathlib import Path
from services import backup, workflow
from services.settings import Settings
desk = workflow.open_home(Settings())
wait()
for _ in range(3):
    print(workflow.backup(desk, Path(sys.argv[1])).images)
    time.sleep(0.3)
"""


def fill(desk: Desk, folder: Path, *numbers: int) -> None:
    for number in numbers:
        report = workflow.ingest(desk, write_small_case(folder / str(number), offset=number))
        verdict = NewReview(Verdict.REJECT, ReviewReason.OTHER, "as it was", "reader A", (1, 2, 3), (1, 2))
        workflow.review(desk, report.cases[0].key, verdict)
        with desk.store.begin() as session:
            case_values.set_values(session, report.cases[0].key, {"diameter error": 1.5})
            audit_draws.set_draw(session, report.cases[0].key, 0.1, drawn=True)


def pages(desk: Desk) -> list[object]:
    return [workflow.case_page(desk, row.key) for row in workflow.cases(desk)]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Desk:
    """An empty installation of its own, on SQLite."""
    home = tmp_path / "elsewhere"
    return workflow.open_home(Settings(home=home, database_url=f"sqlite:///{home / 'secondlook.sqlite'}"))


@pytest.mark.parametrize("target", KINDS)
def test_what_is_restored_on_either_database_is_what_was_backed_up_on_either(
    either_desk: Desk, tmp_path: Path, databases: Databases, target: str
) -> None:
    fill(either_desk, tmp_path, 1, 2)
    done = workflow.backup(either_desk, tmp_path / "backup")
    url = databases.new(target)
    restored = workflow.open_home(Settings(home=tmp_path / "elsewhere", database_url=url))
    assert workflow.restore(restored, tmp_path / "backup").rows == done.rows
    assert pages(restored) == pages(either_desk)
    assert workflow.check(restored) == []
    fill(restored, tmp_path, 1, 3)
    assert [row.key for row in workflow.cases(restored)][:2] == [row.key for row in workflow.cases(either_desk)]
    assert len(workflow.cases(restored)) == 3
    restored.store.close()
    databases.drop(url)


def test_a_store_on_s3_is_backed_up_and_restored(home: Path, bucket: str, tmp_path: Path) -> None:
    desk = workflow.open_home(Settings(home=home, blob_url=bucket))
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    restored = workflow.open_home(Settings(home=tmp_path / "elsewhere", blob_url=f"{bucket}-2"))
    workflow.restore(restored, tmp_path / "backup")
    assert pages(restored) == pages(desk)
    assert workflow.check(restored) == []


def test_the_secrets_come_along_and_only_their_owner_reads_them(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    workflow.restore(elsewhere, tmp_path / "backup")
    assert elsewhere.settings.secret("pseudonym") == desk.settings.secret("pseudonym")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup" / "secrets" / "pseudonym.key").stat().st_mode & 0o777 == 0o600


def test_a_second_backup_copies_only_what_is_new(desk: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1)
    first = workflow.backup(desk, tmp_path / "backup")
    fill(desk, tmp_path, 2)
    second = workflow.backup(desk, tmp_path / "backup")
    assert (first.new_images, second.new_images) == (first.images, second.images - first.images)
    assert len(list((tmp_path / "backup").glob("rows-*"))) == 1


def test_a_renewed_backup_holds_a_forgotten_patient_no_more(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1, 2)
    workflow.backup(desk, tmp_path / "backup")
    gone = workflow.case_page(desk, workflow.cases(desk)[0].key)
    workflow.forget(desk, gone.row.key)
    workflow.backup(desk, tmp_path / "backup")
    assert gone.series.image.digest not in archive.blobs(tmp_path / "backup")
    workflow.restore(elsewhere, tmp_path / "backup")
    assert pages(elsewhere) == pages(desk)


def test_a_backup_made_while_others_ingest_is_whole(either_desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    for number in range(8):
        write_small_case(tmp_path / "cases" / str(number), offset=number)
    code = f"ingest, back_up = {INGEST!r}, {BACK_UP!r}\nexec(ingest if 'cases' in sys.argv[1] else back_up)\n"
    told = at_once(code, [[str(tmp_path / "cases")], [str(tmp_path / "backup")]], tmp_path)
    assert told[1].split()
    workflow.restore(elsewhere, tmp_path / "backup")
    assert workflow.check(elsewhere) == []
    there = {row.key: workflow.case_page(either_desk, row.key) for row in workflow.cases(either_desk)}
    assert len(there) == 8
    assert all(page == there[page.row.key] for page in pages(elsewhere))  # type: ignore[attr-defined]


def test_a_lost_image_does_not_keep_the_rest_from_being_backed_up(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1)
    lost = workflow.case_page(desk, workflow.cases(desk)[0].key).series.image.digest
    desk.store.blobs.delete(lost)
    assert workflow.backup(desk, tmp_path / "backup").unsound == (lost,)
    workflow.restore(elsewhere, tmp_path / "backup")
    assert [problem.severity for problem in workflow.check(elsewhere)] == ["error"]


def test_a_backup_of_an_older_schema_is_brought_up_to_date(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1)
    folder = tmp_path / "backup"
    workflow.backup(desk, folder)
    make_older(folder)
    workflow.restore(elsewhere, folder)
    assert pages(elsewhere) == pages(desk)
    assert workflow.check(elsewhere) == []


def make_older(folder: Path) -> None:
    """As a version of Second Look at migration 0002 would have written it: without what 0003 added."""
    before = archive.read_manifest(folder)
    gone = {"series": {"headers", "headers_size"}, "job": {"actor", "doing", "details", "cancel_asked", "finished_at"}}
    draft = archive.begin(folder, "0002")
    for table in before.tables:
        if table not in {"intake_line", "forgetting", "case_value", "error_piece", "audit_draw"}:
            with draft.table(table) as write:
                for line in archive.rows(folder, before, table):
                    write({name: value for name, value in line.items() if name not in gone.get(table, ())})
    images = list(archive.blobs(folder).digests())
    archive.finish(folder, draft.manifest().complete(images, (), before.secrets), images)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def change_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    said = json.loads(path.read_text())
    said["tables"]["review"]["rows"] += 1
    path.write_text(json.dumps(said))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "never finished": (lambda folder: (folder / "manifest.json").unlink(), "never finished"),
    "a manifest cut off": (lambda folder: truncate(folder / "manifest.json"), "manifest.json cannot be read"),
    "a manifest changed": (change_manifest, "manifest.json is damaged"),
    "rows damaged": (lambda folder: truncate(next(folder.glob("rows-*/case.jsonl.gz"))), "rows of 'case' are damaged"),
    "rows missing": (lambda folder: next(folder.glob("rows-*/case.jsonl.gz")).unlink(), "missing or damaged"),
    "an image missing": (lambda folder: next(folder.rglob("*.nii.gz")).unlink(), "is missing or damaged"),
    "an image damaged": (lambda folder: truncate(next(folder.rglob("*.nii.gz"))), "is missing or damaged"),
    "a secret missing": (lambda folder: (folder / "secrets" / "pseudonym.key").unlink(), "secrets are missing"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_touched(
    desk: Desk, elsewhere: Desk, tmp_path: Path, name: str
) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    damage, found = DAMAGE[name]
    damage(tmp_path / "backup")
    with pytest.raises(InputRefused, match=found):
        workflow.restore(elsewhere, tmp_path / "backup")
    assert workflow.cases(elsewhere) == []
    assert list(elsewhere.store.blobs.digests()) == []
    assert not (elsewhere.settings.home / "secrets").exists()


def test_a_backup_of_a_newer_version_is_refused(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    workflow.backup(desk, tmp_path / "backup")
    before = archive.read_manifest(tmp_path / "backup")
    draft = archive.begin(tmp_path / "backup", "9999")
    archive.finish(tmp_path / "backup", draft.manifest().complete([], (), before.secrets), [])
    with pytest.raises(InputRefused, match="newer version"):
        workflow.restore(elsewhere, tmp_path / "backup")


def test_a_renewal_that_is_cut_off_leaves_the_backup_before_it(
    desk: Desk, elsewhere: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    before = pages(desk)
    fill(desk, tmp_path, 2)
    monkeypatch.setattr(archive, "finish", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(OSError, match="disk full"):
        workflow.backup(desk, tmp_path / "backup")
    workflow.restore(elsewhere, tmp_path / "backup")
    assert pages(elsewhere) == before


def test_a_restore_that_is_cut_off_goes_on_where_it_was(
    desk: Desk, elsewhere: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    monkeypatch.setattr(archive, "restore_secrets", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(OSError, match="disk full"):
        workflow.restore(elsewhere, tmp_path / "backup")
    monkeypatch.undo()
    assert workflow.restore(elsewhere, tmp_path / "backup").new_images == 0
    assert pages(elsewhere) == pages(desk)


def test_a_store_that_holds_something_is_not_restored_into(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    workflow.backup(desk, tmp_path / "backup")
    fill(elsewhere, tmp_path, 1)
    before = pages(elsewhere)
    with pytest.raises(InputRefused, match="into an empty store"):
        workflow.restore(elsewhere, tmp_path / "backup")
    assert pages(elsewhere) == before


def test_a_store_that_is_filled_while_it_is_restored_into_keeps_its_rows_and_keys(
    desk: Desk, elsewhere: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    monkeypatch.setattr(backup, "_require_empty", lambda *_: fill(elsewhere, tmp_path, 2))
    with pytest.raises(InputRefused, match="into an empty store"):
        workflow.restore(elsewhere, tmp_path / "backup")
    assert len(workflow.cases(elsewhere)) == 1
    assert elsewhere.settings.secret("pseudonym") != desk.settings.secret("pseudonym")


def test_an_empty_store_at_an_older_schema_is_restored_into(desk: Desk, elsewhere: Desk, tmp_path: Path) -> None:
    fill(desk, tmp_path, 1)
    workflow.backup(desk, tmp_path / "backup")
    downgrade(elsewhere.store.engine, "0001")
    again = workflow.open_home(elsewhere.settings)
    workflow.restore(again, tmp_path / "backup")
    assert pages(again) == pages(desk)


def test_a_folder_with_other_things_or_the_store_itself_is_no_place_for_a_backup(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    for folder in ("photos", "photos/a.jpg", "home", "home/blobs", "home/backup", "."):
        with pytest.raises(InputRefused):
            workflow.backup(desk, tmp_path / folder)
    assert shutil.rmtree(tmp_path / "photos") is None

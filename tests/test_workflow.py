"""The path of a case: a folder in, a worklist line and a case page out; twice changes nothing; nobody is named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread

from db.records import NewReview
from db.vocabulary import AuthorKind, LabelSource, LayerKind, Outcome, ReviewReason, Verdict
from services import workflow
from services.errors import InputRefused, NotFound
from services.intake import IntakeOptions
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.orm import Session

    from services.desk import Desk
    from services.ingesting import IngestReport


def rows_of(desk: Desk) -> dict[str, int]:
    """How many rows every table has; that an intake was tried is noted each time."""
    from sqlalchemy import func, inspect, select, table

    with desk.store.read() as session:
        names = set(inspect(desk.store.engine).get_table_names()) - {"job", "intake_line"}
        return {name: session.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}


def everything_kept(desk: Desk) -> tuple[dict[str, int], dict[str, bytes]]:
    files = {path.name: path.read_bytes() for path in (desk.settings.home / "blobs").rglob("*") if path.is_file()}
    return rows_of(desk), files


def outcomes(report: IngestReport) -> list[tuple[Outcome, int]]:
    return [(case.outcome, case.layers_added) for case in report.cases]


def test_a_case_is_listed_with_all_its_layers_findings_and_picture(desk: Desk, tmp_path: Path) -> None:
    report = workflow.ingest(desk, write_small_case(tmp_path / "case"))
    assert outcomes(report) == [(Outcome.NEW, 5)]
    page = workflow.case_page(desk, report.cases[0].key)
    made_by = {(layer.spec.author, layer.spec.author_version, layer.spec.author_kind) for layer in page.layers}
    assert made_by == {
        ("A", "1", AuthorKind.MODEL),
        ("B", "2", AuthorKind.MODEL),
        ("reader one", "", AuthorKind.READER),
        ("reader two", "", AuthorKind.READER),
    }
    assert {layer.spec.source for layer in page.layers} == {LabelSource.SYNTHETIC}
    assert [layer.spec.kind for layer in page.layers].count(LayerKind.PROBABILITY) == 1
    assert page.row.flag_count > 0
    assert workflow.png(desk, page.row.thumbnail).startswith(b"\x89PNG")
    assert page.crop is not None
    array, affine = desk.store.blobs.get(page.crop.digest)
    assert page.region is not None
    assert array.shape == page.region.shape
    np.testing.assert_allclose(affine[:3, 3], (np.array(page.series.affine) @ [*page.region.origin, 1])[:3], atol=1e-3)


def test_the_same_input_twice_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    workflow.ingest(desk, folder)
    before = everything_kept(desk)
    assert outcomes(workflow.ingest(desk, folder)) == [(Outcome.UNCHANGED, 0)]
    assert everything_kept(desk) == before


def test_a_new_layer_is_added_and_the_findings_are_made_again(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "models" / "B@2.nii.gz").rename(tmp_path / "later.nii.gz")
    first = workflow.ingest(desk, folder)
    assert workflow.case_page(desk, first.cases[0].key).flags == ()
    shutil.move(tmp_path / "later.nii.gz", folder / "models" / "B@2.nii.gz")
    assert outcomes(workflow.ingest(desk, folder)) == [(Outcome.EXTENDED, 1)]
    page = workflow.case_page(desk, first.cases[0].key)
    assert len(page.layers) == 5
    assert page.flags != ()


def test_other_pixels_under_a_stored_series_are_refused_and_change_nothing(desk: Desk, tmp_path: Path) -> None:
    values = np.zeros((4, 6, 6), dtype=np.int16)
    affine = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
    write_series(tmp_path / "ct", values, affine, SeriesFacts("p"))
    workflow.ingest(desk, tmp_path / "ct")
    before = everything_kept(desk)
    write_series(tmp_path / "ct", values + 1, affine, SeriesFacts("p"))
    report = workflow.ingest(desk, tmp_path / "ct")
    assert report.cases == ()
    assert "other pixels" in report.skipped[0].found
    assert everything_kept(desk) == before


def test_a_folder_of_cases_is_taken_in_and_a_bad_one_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    for number in range(3):
        write_small_case(tmp_path / "cases" / f"case{number}", offset=number)
    (tmp_path / "cases" / "case1" / "ct.nii.gz").write_bytes(b"broken")
    (tmp_path / "cases" / "case2" / "models" / "C.nii.gz").write_bytes(b"broken")
    report = workflow.ingest(desk, tmp_path / "cases")
    assert outcomes(report) == [(Outcome.NEW, 5), (Outcome.NEW, 5)]
    assert [left_out.what for left_out in report.skipped] == [
        "folder 2 of 3: the image",
        "folder 2 of 3: all masks and maps of a case",
        "folder 3 of 3: model file 4 of 6",
    ]
    assert all(left_out.must and left_out.found and left_out.todo for left_out in report.skipped)


def test_a_mask_without_author_is_left_out_until_somebody_says_whose_it_is(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    shutil.move(folder / "models" / "B@2.nii.gz", folder / "somebody.nii.gz")
    report = workflow.ingest(desk, folder)
    assert [left_out.must for left_out in report.skipped] == ["Every mask must have an author."]
    options = IntakeOptions(label_source=LabelSource.EXPERT)
    assert outcomes(workflow.ingest(desk, folder, options=options)) == [(Outcome.EXTENDED, 1)]
    layers = workflow.case_page(desk, report.cases[0].key).layers
    assert [(layer.spec.author_kind, layer.spec.source) for layer in layers if layer.spec.author == "somebody"] == [
        (AuthorKind.READER, LabelSource.EXPERT)
    ]


AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
MANIFESTS = {
    "no TOML": "synthetic = ",
    "an unknown source": '[[layer]]\nfile = "a.nii.gz"\nauthor = "A"\nsource = "hearsay"',
    "a file outside the folder": 'image = "../../etc/passwd"',
    "an unknown sex": 'sex = "unknown"',
    "a layer without file": '[[layer]]\nauthor = "A"\nsource = "expert"',
    "labels that are no numbers": '[labels]\none = "lumen"',
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_means_nothing_is_refused(desk: Desk, tmp_path: Path, name: str) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "case.toml").write_text(MANIFESTS[name])
    with pytest.raises(InputRefused, match=r"case\.toml must be"):
        workflow.ingest(desk, folder)
    assert workflow.cases(desk) == []


def test_a_manifest_says_sex_age_and_what_labels_mean(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "case.toml").write_text('sex = "F"\nage_years = 64\n[labels]\n1 = "lumen"\n2 = "vertebra"\n')
    page = workflow.case_page(desk, workflow.ingest(desk, folder).cases[0].key)
    assert (page.row.sex, page.row.age_years, page.row.synthetic) == ("F", 64, False)
    assert {layer.spec.classes.get(2) for layer in page.layers if layer.spec.classes} == {"vertebra"}


def test_text_burned_in_is_refused_until_somebody_has_looked(desk: Desk, tmp_path: Path) -> None:
    for path in write_series(tmp_path / "ct", np.zeros((3, 6, 6), np.int16), AFFINE, SeriesFacts("p")):
        image = dcmread(path)
        image.BurnedInAnnotation = "YES"
        image.save_as(path)
    report = workflow.ingest(desk, tmp_path / "ct")
    assert report.cases == ()
    assert "--allow-burned-in" in report.skipped[0].todo
    looked = IntakeOptions(allow_burned_in=True)
    assert outcomes(workflow.ingest(desk, tmp_path / "ct", options=looked)) == [(Outcome.NEW, 0)]


def test_what_was_mended_is_in_the_report_and_stays_with_the_case(desk: Desk, tmp_path: Path) -> None:
    paths = write_series(tmp_path / "ct", np.zeros((3, 6, 6), np.int16), AFFINE, SeriesFacts("p"))
    shutil.copy(paths[1], tmp_path / "ct" / "again.dcm")
    (case,) = workflow.ingest(desk, tmp_path / "ct").cases
    assert case.what == "CT, 3 slices of 6 x 6, every 2.50 mm"
    assert case.mended + case.remarks == ("1 exact copy of slices left out",)
    assert workflow.case_page(desk, case.key).series.facts["notes"] == list(case.mended + case.remarks)


def test_a_verdict_needs_a_case(desk: Desk) -> None:
    with pytest.raises(NotFound):
        workflow.review(desk, "PNOBODY-1", NewReview(Verdict.REJECT, ReviewReason.NONE, "", "reader A"))


def test_an_image_is_given_only_through_its_own_case(desk: Desk, tmp_path: Path) -> None:
    keys = [workflow.ingest(desk, write_small_case(tmp_path / str(n), offset=n)).cases[0].key for n in range(2)]
    first, second = (workflow.case_page(desk, key).series.image.digest for key in keys)
    assert workflow.stored_image(desk, keys[0], first).read()
    with pytest.raises(NotFound):
        workflow.stored_image(desk, keys[0], second)


def test_opening_a_case_and_judging_it_leave_a_trail(desk: Desk, tmp_path: Path) -> None:
    key = workflow.ingest(desk, write_small_case(tmp_path / "case")).cases[0].key
    workflow.opened(desk, key, "reader A")
    workflow.review(desk, key, NewReview(Verdict.REJECT, ReviewReason.NONE, "", "reader A"))
    from sqlalchemy import text

    with desk.store.read() as session:
        trail = session.execute(text("SELECT actor, action FROM audit_event ORDER BY id")).all()
    assert [tuple(row) for row in trail] == [("ingest", "ingested"), ("reader A", "opened"), ("reader A", "reviewed")]


@pytest.mark.parametrize("moment", ["images", "rows"])
def test_an_ingest_that_dies_leaves_no_row_without_its_image_and_can_be_repeated(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    folder = write_small_case(tmp_path / "case")
    fails_after(monkeypatch, desk, 3 if moment == "images" else None)
    with pytest.raises(OSError, match="disk full"):
        workflow.ingest(desk, folder)
    monkeypatch.undo()
    assert workflow.cases(desk) == []
    assert [problem.severity for problem in workflow.check(desk)] in ([], ["note"])
    assert outcomes(workflow.ingest(desk, folder)) == [(Outcome.NEW, 5)]
    assert workflow.check(desk) == []


def fails_after(monkeypatch: pytest.MonkeyPatch, desk: Desk, images: int | None) -> None:
    """Make the disk full after so many images, or when the rows are about to be written."""
    import os

    real, count = os.fsync, iter(range(10**6))

    def fsync(descriptor: int) -> None:
        if images is not None and next(count) >= 3 * images:
            raise OSError(28, "disk full")
        real(descriptor)

    noting_the_job = iter([desk.store.begin])

    def begin() -> AbstractContextManager[Session]:
        if (allowed := next(noting_the_job, None)) is not None:
            return allowed()
        raise OSError(28, "disk full")

    monkeypatch.setattr(os, "fsync", fsync)
    if images is None:
        monkeypatch.setattr(desk.store, "begin", begin)

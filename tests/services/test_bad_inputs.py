"""At least sixty ways to send a series wrongly: each is said in words, stops nothing and changes nothing stored."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.vocabulary import Taken
from services import terminal, workflow
from services.errors import InputRefused
from services.phantom.dicom_writer import SeriesFacts, write_series
from services.settings import Settings
from tests.services.bad_input_table import LEFT_OUT, MENDED, REFUSED, TAKEN
from tests.services.bad_inputs import AFFINE, HOUNSFIELD, MARKS, valid
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from db.records import IntakeItem
    from services.desk import Desk
    from services.ingesting import IngestReport
    from tests.services.bad_inputs import Input

GOOD = HOUNSFIELD[:4, ::-1] // 2
"""The series that lies beside every bad one."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that already holds a case."""
    folder = tmp_path_factory.mktemp("filled")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, write_small_case(folder / "case"))
    desk.store.close()
    return folder / "home"


@pytest.fixture
def desk(filled: Path, home: Path) -> Iterator[Desk]:
    """That home, copied for one test."""
    shutil.copytree(filled, home)
    desk = workflow.open_home(Settings(home=home))
    yield desk
    desk.store.close()


def sent(desk: Desk, folder: Path, bad: Input) -> IngestReport:
    """Ingest a good series and, in the same folder, one that is spoilt. Nothing stored changes, no patient is named."""
    (stored,) = workflow.cases(desk)
    page, files = workflow.case_page(desk, stored.key), kept(desk)
    write_series(folder / "a good one", GOOD, AFFINE, SeriesFacts("somebody else"))
    bad.spoil(valid(folder / "Meier^Anna 4711"))
    report = workflow.ingest(desk, folder)
    assert workflow.case_page(desk, stored.key) == page
    assert files.items() <= kept(desk).items()
    assert [mark for mark in MARKS if mark in str(report)] == []
    return report


def kept(desk: Desk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (desk.settings.home / "blobs").rglob("*") if path.is_file()}


def voxels(desk: Desk, item: IntakeItem) -> NDArray[np.int16]:
    return desk.store.blobs.get(workflow.case_page(desk, item.key).series.image.digest)[0]


def split(desk: Desk, report: IngestReport) -> tuple[list[IntakeItem], list[IntakeItem]]:
    """The items of the good series, and all others."""
    good = [item for item in report.cases if np.array_equal(voxels(desk, item), GOOD)]
    return good, [item for item in report.items if item not in good]


def test_there_are_at_least_sixty_inputs() -> None:
    assert len({**REFUSED, **LEFT_OUT, **TAKEN, **MENDED}) == sum(map(len, (REFUSED, LEFT_OUT, TAKEN, MENDED)))
    assert len(REFUSED) + len(LEFT_OUT) >= 60


@pytest.mark.parametrize("name", REFUSED | LEFT_OUT)
def test_a_bad_input_is_refused_in_words_beside_a_good_one(desk: Desk, tmp_path: Path, name: str) -> None:
    bad = (REFUSED | LEFT_OUT)[name]
    good, others = split(desk, sent(desk, tmp_path / "sent", bad))
    assert [item.taken for item in good] == [Taken.ACCEPTED]
    refused = [item for item in others if item.taken is Taken.REFUSED]
    said, *_ = [item for item in refused if bad.says in item.found and bad.what in item.what and item.what]
    assert said.must.endswith(".")
    assert said.todo.endswith(".")
    assert "CT image" in said.what or bad.what
    taken = [item for item in others if item.key]
    assert len(taken) == (bad.voxels is not None)
    assert all(np.array_equal(voxels(desk, item), HOUNSFIELD) for item in taken)


@pytest.mark.parametrize("name", TAKEN | MENDED)
def test_an_unusual_input_is_taken_and_what_is_unusual_is_said(desk: Desk, tmp_path: Path, name: str) -> None:
    unusual = (TAKEN | MENDED)[name]
    good, (item,) = split(desk, sent(desk, tmp_path / "sent", unusual))
    assert [item.taken for item in good] == [Taken.ACCEPTED]
    assert item.taken is (Taken.MENDED if name in MENDED else Taken.ACCEPTED)
    said = item.mended if name in MENDED else item.remarks
    assert len(said) == bool(unusual.says)
    assert unusual.says in "".join(said)
    if unusual.voxels is not None:
        np.testing.assert_array_equal(voxels(desk, item), unusual.voxels(HOUNSFIELD))


def test_a_report_says_the_same_in_the_same_order_every_time(desk: Desk, tmp_path: Path) -> None:
    first = sent(desk, tmp_path / "sent", LEFT_OUT["a segmentation in the series"])
    second = workflow.ingest(desk, tmp_path / "sent")
    assert [(item.what, item.found) for item in first.items] == [(item.what, item.found) for item in second.items]
    assert [item.what for item in first.items] == [
        "series 1 of 2: CT, 6 slices of 12 x 10, every 2.50 mm",
        "series 1 of 2: 1 Segmentation file",
        "series 2 of 2: CT, 4 slices of 12 x 10, every 2.50 mm",
    ]


def test_every_series_has_a_line_on_screen(desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = sent(desk, tmp_path / "sent", REFUSED["a slice is missing"])
    terminal.show_report(report, as_json=False)
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Refused   series 1 of 2: 5 CT images")]
    assert [line for line in lines if "Found: 1 missing, at 105.0 mm along the scan." in line]
    assert [line for line in lines if line.startswith("Accepted  series 2 of 2: CT, 4 slices")]
    terminal.show_report(report, as_json=True)
    items = json.loads(capfd.readouterr().out)["items"]
    assert [item["taken"] for item in items] == ["refused", "accepted"]


def test_nothing_on_screen_or_in_json_names_a_patient(
    desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = sent(desk, tmp_path / "sent", LEFT_OUT["a text file"])
    for as_json in (True, False):
        terminal.show_report(report, as_json=as_json)
    said = "".join(capfd.readouterr())
    assert [mark for mark in MARKS if mark in said] == []


@pytest.mark.parametrize("files", [{}, {"notes.txt": b"nothing here"}, {"._a.dcm": b"", "Thumbs.db": b"\xd0\xcf"}])
def test_a_folder_without_images_is_refused(desk: Desk, tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "empty").mkdir()
    for name, content in files.items():
        (tmp_path / "empty" / name).write_bytes(content)
    with pytest.raises(InputRefused, match="Found: none"):
        workflow.ingest(desk, tmp_path / "empty")

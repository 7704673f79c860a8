"""What lies in many folders: series and patients at any depth, and a bad folder that stops nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from db.vocabulary import Outcome
from services import workflow
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from services.desk import Desk

AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
VALUES = np.zeros((6, 8, 8), dtype=np.int16)


def test_a_series_that_lies_in_two_folders_is_one(desk: Desk, tmp_path: Path) -> None:
    for number, path in enumerate(write_series(tmp_path / "sent" / "DIR000", VALUES, AFFINE, SeriesFacts("a"))):
        if number >= 3:
            path.rename((tmp_path / "sent" / "DIR001").resolve() / path.name)
        else:
            (tmp_path / "sent" / "DIR001").mkdir(exist_ok=True)
    report = workflow.ingest(desk, tmp_path / "sent")
    assert [item.what for item in report.items] == ["CT, 6 slices of 8 x 8, every 2.50 mm"]


def test_patients_at_any_depth_are_found(desk: Desk, tmp_path: Path) -> None:
    write_series(tmp_path / "sent" / "a" / "study" / "series", VALUES, AFFINE, SeriesFacts("a"))
    write_series(tmp_path / "sent" / "b", VALUES, AFFINE, SeriesFacts("b"))
    write_small_case(tmp_path / "sent" / "c" / "d" / "case")
    assert len(workflow.ingest(desk, tmp_path / "sent").cases) == 3


def test_a_case_toml_that_means_nothing_stops_no_other_case(desk: Desk, tmp_path: Path) -> None:
    write_small_case(tmp_path / "sent" / "good")
    (write_small_case(tmp_path / "sent" / "bad", offset=1) / "case.toml").write_text("synthetic = ")
    report = workflow.ingest(desk, tmp_path / "sent")
    assert [case.outcome for case in report.cases] == [Outcome.NEW]
    assert [(item.what, "case.toml" in item.must) for item in report.skipped] == [
        ("folder 1 of 2: a case's folder", True)
    ]


def test_a_folder_that_cannot_be_opened_is_said(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path / "sent" / "a", VALUES, AFFINE, SeriesFacts("a"))
    (tmp_path / "sent" / "closed").mkdir()
    scandir = os.scandir

    def closed(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    report = workflow.ingest(desk, tmp_path / "sent")
    assert len(report.cases) == 1
    assert [(item.what, item.found) for item in report.skipped] == [("1 folder", "one that cannot be opened.")]

"""No identifier of a patient and no free text of an object is kept or said, whatever others wrote there."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from pydicom.sr.codedict import codes

from db.records import WorklistQuery
from services import workflow
from tests.services.foreign.folders import image, write
from tests.services.foreign.test_nnunet import predict
from tests.services.foreign.writers import description, in_slice, masks, write_ct, write_rtstruct, write_seg
from tests.traces import kept_in

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from services.desk import Desk

SQUARE = [(1.5, 2.5), (1.5, 6.5), (5.5, 6.5), (5.5, 2.5)]
MARKS = ("Meier", "Anna", "47110815", "19510203", "secret-study")
NAMES = {"background": 0, "Anna Meier": 1, "47110815": 2}


def test_nobody_is_named_by_what_others_computed(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    root = tmp_path / "Meier^Anna"
    write_marked_objects(root / "47110815 secret-study")
    write_marked_folders(root / "nnU-Net of Meier")
    reports = [workflow.ingest(desk, folder) for folder in sorted(root.iterdir())]
    keys = [case.key for report in reports for case in report.cases]
    assert sum(len(workflow.case_page(desk, key).layers) for key in keys) == 5
    said = [str(reports), str(workflow.cases(desk)), caplog.text, str(workflow.worklist(desk, WorklistQuery()))]
    said += [str(workflow.case_page(desk, key)) for key in keys]
    desk.store.close()
    kept = b"".join(content for _, content in kept_in(desk.settings.home))
    assert [mark for mark in MARKS if mark in " ".join(said) or mark.encode() in kept] == []


def write_marked_objects(folder: Path) -> None:
    ct = write_ct(folder / "ct")
    segments = [description(1, "Anna Meier"), description(2, "47110815", codes.SCT.Kidney, "AUTOMATIC", "Meier's net")]
    write_seg(folder / "Meier.dcm", ct, masks(), segments)
    write_rtstruct(folder / "Anna.dcm", ct, {"Meier 19510203": [in_slice(2, SQUARE)]})
    write_seg(folder / "broken Anna.dcm", ct, masks(), segments)
    path = folder / "broken Anna.dcm"
    path.write_bytes(path.read_bytes()[:-60])


def write_marked_folders(folder: Path) -> None:
    write(folder / "imagesTs" / "Meier_0000.nii.gz", image())
    predict(folder / "out of Anna", "Meier", dataset={"labels": NAMES, "file_ending": ".nii.gz", "name": "Meier"})
    plans = {"image_reader_writer": "SimpleITKIO", "dataset_name": "Dataset47110815_Meier"}
    (folder / "out of Anna" / "plans.json").write_text(json.dumps(plans))

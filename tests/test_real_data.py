"""Real input: a CTA with the masks of two programs, the same written as DICOM, three slices of a scanner."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.vocabulary import LabelSource, Outcome
from services import workflow
from services.imaging.nifti import read_ct
from services.intake import IntakeOptions
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.conftest import ROOT, real_data
from tests.test_workflow import outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

pytestmark = pytest.mark.real
DISSECTION = ROOT / "tests" / "data" / "cta_dissection.toml"
AORTA_VOXELS, AORTA_DICE = 72_810, 0.9765
"""Counted with nibabel and numpy in `aorta.nii.gz` and `organ_aorta_T264.nii.gz`."""


def test_the_real_cta_with_the_masks_of_two_programs(desk: Desk) -> None:
    options = IntakeOptions(manifest=DISSECTION)
    report = workflow.ingest(desk, real_data("cta_dissection"), options=options)
    assert outcomes(report) == [(Outcome.NEW, 6)]
    check_dissection(desk, report.cases[0].key)
    assert outcomes(workflow.ingest(desk, real_data("cta_dissection"), options=options)) == [(Outcome.UNCHANGED, 0)]


def test_the_real_cta_written_as_a_dicom_series_is_the_same_volume(desk: Desk, tmp_path: Path) -> None:
    source = real_data("cta_dissection")
    volume = read_ct(source / "ct_cropped.nii.gz")
    write_series(tmp_path / "case" / "ct", volume.array, volume.affine, SeriesFacts("cta"))
    text = DISSECTION.read_text().replace('image = "ct_cropped.nii.gz"', "")
    (tmp_path / "case" / "case.toml").write_text(text)
    for mask in source.glob("*.nii.gz"):
        if mask.name != "ct_cropped.nii.gz":
            shutil.copy(mask, tmp_path / "case" / mask.name)
    report = workflow.ingest(desk, tmp_path / "case")
    assert outcomes(report) == [(Outcome.NEW, 6)], report.skipped
    check_dissection(desk, report.cases[0].key)
    page = workflow.case_page(desk, report.cases[0].key)
    array, _ = desk.store.blobs.get(page.series.image.digest)
    np.testing.assert_array_equal(array, volume.array)


def check_dissection(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    voxel_ml = np.prod(page.series.spacing_mm) / 1000
    scores = {(score.name, score.subject): score.value for score in page.scores}
    assert scores["volume_outer_wall", "TotalSegmentator"] == pytest.approx(AORTA_VOXELS * voxel_ml, rel=1e-3)
    assert scores["dice_outer_wall", "TotalSegmentator vs T264"] == pytest.approx(AORTA_DICE, abs=5e-4)
    assert {layer.spec.source for layer in page.layers} == {LabelSource.SOFTWARE}
    assert not page.row.synthetic


def test_three_real_dicom_slices_are_one_case(desk: Desk) -> None:
    report = workflow.ingest(desk, real_data("ct_seg_sr_dicom", "ct-3slice"))
    page = workflow.case_page(desk, report.cases[0].key)
    assert (page.series.shape, page.series.modality) == ((3, 512, 512), "CT")
    assert page.layers == ()
    assert page.row.agreement_reason == "fewer than two authors drew the outer wall"


def test_a_folder_with_everything_gives_the_ct_and_says_what_the_rest_is(desk: Desk) -> None:
    report = workflow.ingest(desk, real_data("ct_seg_sr_dicom"))
    assert len(report.cases) == 1
    left_out = " ".join(item.what for item in report.skipped)
    assert "Comprehensive SR file" in left_out
    assert "MR Image file" in left_out

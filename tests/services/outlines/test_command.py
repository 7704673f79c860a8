"""`secondlook outline`: what it refuses, what it prints, and that the installed model follows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from services import storing, workflow
from services.cli_outline import Outlined, _result
from services.jobs import OUTLINE
from services.settings import Settings
from tests.services.outlines.conftest import BOX
from tests.services.outlines.test_outlines import AUTHOR, work
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from tests.services.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--box", "1,2,3,4", "--click", "1,2"),
        ("--box", "1,2,3"),
        ("--click", "Meier"),
        ("--click", "1,2", "--axis", "oblique"),
        ("--click", "100,2"),
    ],
)
def test_what_is_no_start_is_refused_and_nothing_is_queued(
    run: Run, desk: Desk, key: str, words: tuple[str, ...]
) -> None:
    code, _, error = run("outline", key, "--slice", 11, *words)
    assert (code, len(error.splitlines())) == (2, 3)
    assert "Meier" not in error
    assert desk.jobs.recent(kinds=(OUTLINE,)).jobs == ()


def test_a_case_that_is_not_there_is_refused(run: Run, desk: Desk) -> None:
    assert run("outline", "P0000000000-1", "--slice", 11, "--click", "1,2")[0] == 2


def test_its_result_is_what_the_job_has_stored(desk: Desk, key: str) -> None:
    for _ in range(2):
        desk.outlines.queue("Dr Who", key, BOX)
        work(desk)
    job = desk.outlines.of_case(key)
    assert job is not None
    stopped = ("upwards to slice 20: the scan ends", "downwards to slice 1: the scan ends")
    assert _result(desk, job) == Outlined(key, AUTHOR, "1 run 2", 5, stopped)


def test_one_box_is_followed_by_the_installed_model(run: Run, home: Path, tmp_path: Path) -> None:
    desk = workflow.open_home(Settings(home=home))
    whole: Any = nib.load(write_small_case(tmp_path / "whole", offset=7, synthetic=False) / "ct.nii.gz")
    four = nib.Nifti1Image(np.asarray(whole.dataobj)[:, :, :4], whole.affine)
    (tmp_path / "four").mkdir()
    nib.save(four, tmp_path / "four" / "ct.nii.gz")
    (case,) = workflow.ingest(desk, tmp_path / "four").cases
    code, out, _ = run("outline", case.key, "--slice", 2, "--box", "13,17,35,39", "--json")
    said = json.loads(out)
    assert (code, said["author"], said["version"], said["layers"]) == (0, "LiteMedSAM one box", "0.1.1", 5)
    assert all("the scan ends" in sentence for sentence in said["stopped"])
    labels = storing.decoded(desk.store, workflow.case_page(desk, case.key).layers[0]).array
    assert labels.shape[0] == 4
    assert (labels > 0).sum() == pytest.approx(4 * np.pi * 9**2, rel=0.15)
    desk.store.close()

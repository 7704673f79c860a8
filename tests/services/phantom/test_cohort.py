"""The demonstration's cohort: who is in it, the same bytes twice, and back through the ingest voxel for voxel."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from db.vocabulary import LayerKind
from services import workflow
from services.imaging.deidentify import Pseudonymiser
from services.intake import IntakeOptions, discover, prepare
from services.phantom.anatomy import generate
from services.phantom.aorta import aorta_of
from services.phantom.cohort import ROUND, DemoCase, demo_cases
from services.phantom.frame import Frame
from services.phantom.plan import Phase, SacKind
from services.phantom.readers import Failure
from services.phantom.structures import Factor, Structure
from services.phantom.truth import largest_diameter
from services.phantom.writing import write_case, write_cohort
from services.prepared import PreparedCase
from tests.services.phantom.small import GRID

if TYPE_CHECKING:
    from services.workflow import Desk

ROOT = Path(__file__).parents[3]
CASES = demo_cases()
SMALL = dataclasses.replace(GRID, shape=(20, 64, 64), spacing=(6.0, 6.0, 6.0))


def small(case: DemoCase) -> DemoCase:
    """The case on a coarse grid."""
    scan = dataclasses.replace(case.plan.scan, grid=SMALL, thickness=None)
    return dataclasses.replace(case, plan=dataclasses.replace(case.plan, scan=scan))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small case on the disk."""
    folder = tmp_path_factory.mktemp("cohort") / "case"
    write_case(folder, small(CASES[1]))
    return folder


def test_there_are_24_cases_of_19_patients() -> None:
    assert len(CASES) == ROUND == 24
    assert len({case.facts.patient_id for case in CASES}) == 19
    assert len({case.folder for case in CASES}) == 24


def test_every_factor_phase_kind_and_failure_is_in_the_cohort() -> None:
    assert {factor for case in CASES for factor in case.plan.factors} == set(Factor)
    assert {case.plan.phase for case in CASES} == set(Phase)
    assert {case.plan.sac.kind for case in CASES} == set(SacKind)
    assert {case.failure for case in CASES} == set(Failure)
    assert any(not case.plan.factors for case in CASES)


def test_five_patients_have_two_dates_and_a_known_growth() -> None:
    scans = Counter(case.facts.patient_id for case in CASES)
    again = [(early, late) for early, late in pairwise(CASES) if early.facts.patient_id == late.facts.patient_id]
    assert sorted(scans.values()) == [1] * 14 + [2] * 5
    for early, late in again:
        assert early.facts.study_date < late.facts.study_date
        assert late.growth_mm == 2 * (late.plan.sac.radius - early.plan.sac.radius) > 0
        assert early.plan.person == late.plan.person


def test_the_planned_growth_is_that_of_the_formulas_diameters() -> None:
    for early, late in pairwise(CASES):
        if late.growth_mm is not None:
            first, second = (largest_diameter(aorta_of(one.plan, Frame(one.plan)))[0] for one in (early, late))
            assert second - first == pytest.approx(late.growth_mm, rel=0.25)


def test_aneurysms_are_30_mm_or_more_and_other_aortas_are_not() -> None:
    for case in CASES[::3]:
        diameter, _ = largest_diameter(aorta_of(case.plan, Frame(case.plan)))
        assert (diameter >= 30) == (case.plan.sac.kind is not SacKind.NONE), case.folder


def test_the_document_names_every_factor() -> None:
    text = (ROOT / "docs" / "phantoms.md").read_text()
    assert [factor for factor in Factor if f"| {factor.value} |" not in text] == []


@pytest.mark.parametrize("case", demo_cases(70)[26::11], ids=lambda case: case.folder)
def test_the_recipe_goes_on_to_make_bodies(case: DemoCase) -> None:
    phantom = generate(small(case).plan)
    wanted = (Structure.LUMEN, Structure.VERTEBRA, Structure.FAT, Structure.MUSCLE, Structure.BOWEL, Structure.LIVER)
    assert set(map(int, wanted)) <= set(np.unique(phantom.labels))
    assert phantom.hounsfield.min() < -950
    assert np.percentile(phantom.hounsfield, 99.5) > 200


def test_sexes_ages_scanners_and_dates_vary() -> None:
    assert {case.facts.sex for case in CASES} == {"F", "M"}
    assert len({case.facts.age for case in CASES}) >= 10
    assert len({case.facts.model for case in CASES}) >= 4
    assert len({case.facts.study_date[:4] for case in CASES}) >= 4


def test_more_cases_begin_with_the_same_ones_and_have_patients_of_their_own() -> None:
    more = demo_cases(60)
    assert more[:24] == CASES
    assert demo_cases(5) == CASES[:5]
    assert len({case.plan.seed for case in more}) == len({case.facts.patient_id for case in more}) > 40


@pytest.mark.parametrize("index", [1, 8])
def test_the_same_case_has_the_same_bytes_in_every_file(index: int, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_case(tmp_path / name, small(CASES[index]))
    first, second = (digests(tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert len(first) > SMALL.shape[0]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_processes_write_what_one_does(tmp_path: Path) -> None:
    cases = tuple(small(case) for case in CASES[:3])
    told: list[int] = []
    write_cohort(tmp_path / "two", cases, progress=lambda _, done, __: told.append(done))
    for case in cases:
        write_case(tmp_path / "one" / case.folder, case)
    assert digests(tmp_path / "two") == digests(tmp_path / "one")
    assert told == [0, 1, 2, 3]


def test_a_case_that_cannot_be_made_ends_the_cohort_and_leaves_no_half_of_it(tmp_path: Path) -> None:
    cases = [small(case) for case in CASES[:2]]
    far = dataclasses.replace(SMALL, middle=(0.0, 1e6, 1e6))
    scan = dataclasses.replace(cases[0].plan.scan, grid=far)
    cases[0] = dataclasses.replace(cases[0], plan=dataclasses.replace(cases[0].plan, scan=scan))
    with pytest.raises(ValueError, match="must hold"):
        write_cohort(tmp_path, cases, progress=lambda *_: None)
    assert not (tmp_path / "case01").exists()


def test_cases_that_are_there_stay_and_an_unfinished_one_is_made_again(tmp_path: Path) -> None:
    case = small(CASES[0])
    (tmp_path / f".{case.folder}.unfinished" / "ct").mkdir(parents=True)
    (tmp_path / "case02").mkdir()
    write_cohort(tmp_path, (case, small(CASES[1])), progress=lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case01", "case02"]
    assert list((tmp_path / "case02").iterdir()) == []


def test_a_case_says_that_it_is_synthetic_wherever_one_looks(written: Path) -> None:
    assert tomllib.loads((written / "case.toml").read_text())["synthetic"] is True
    assert tomllib.loads((written / "truth" / "truth.toml").read_text())["synthetic"] is True
    header = dcmread(written / "ct" / "0001.dcm")
    assert "SYNTHETIC" in str(header.PatientID)
    assert "SYNTHETIC" in str(header.PatientName)
    assert header.Manufacturer == "SYNTHETIC"


def test_the_header_says_phase_kernel_and_slice_thickness_as_the_scan_was_made() -> None:
    for case in CASES:
        assert case.facts.thickness == case.plan.thickness
        assert case.facts.description.endswith(case.plan.phase.value)
        assert case.facts.kernel == case.plan.scan.kernel.value
    assert any(case.facts.thickness > case.plan.grid.spacing[0] for case in CASES)


def test_the_truth_beside_a_case_names_its_factors_labels_and_figures(written: Path) -> None:
    truth = tomllib.loads((written / "truth" / "truth.toml").read_text())
    assert (truth["generator"], truth["planned_growth_mm"]) == ("implicit", CASES[1].growth_mm)
    assert truth["outer_ml"] == pytest.approx(truth["lumen_ml"] + truth["thrombus_ml"], abs=0.02)
    assert truth["labels"]["5"] == "inferior vena cava"
    labels = np.asarray(nib.load(written / "truth" / "labels.nii.gz").dataobj)
    assert {str(value) for value in np.unique(labels)} <= {"0", *truth["labels"]}


def test_the_axis_beside_a_case_has_the_wall_around_it(written: Path) -> None:
    axis = json.loads((written / "truth" / "axis.json").read_text())
    points, wall = np.array(axis["axis_lps_mm"]), np.array(axis["wall_mm"])
    assert np.linalg.norm(np.diff(points, axis=0), axis=1) == pytest.approx(1.0, abs=0.04)
    assert wall.shape == (len(points), len(axis["angle_deg"]))
    truth = tomllib.loads((written / "truth" / "truth.toml").read_text())
    height, half = points[:, 2] - points[-1, 2], wall.shape[1] // 2
    across = (wall[:, :half] + wall[:, half:])[(height > 8) & (height < 80)]
    assert 0.85 * truth["diameter_mm"] < across.max() <= truth["diameter_mm"] + 0.1


def test_dicom_through_the_ingest_gives_the_same_voxels_in_the_same_place(written: Path) -> None:
    case = small(CASES[1])
    (folder,) = discover(written, IntakeOptions())
    (prepared,) = prepare(folder, Pseudonymiser(b"key"), IntakeOptions())
    assert isinstance(prepared, PreparedCase)
    np.testing.assert_array_equal(prepared.volume.array, generate(case.plan).hounsfield)
    np.testing.assert_allclose(prepared.volume.affine, case.plan.grid.affine, atol=1e-4)
    assert prepared.volume.spacing == pytest.approx(SMALL.spacing)
    assert prepared.synthetic


def test_the_truth_is_no_layer_of_what_is_taken_in(desk: Desk, written: Path) -> None:
    report = workflow.ingest(desk, written)
    (item,) = report.items
    assert (item.outcome, item.layers_added) == ("new", 8)
    page = workflow.case_page(desk, item.key)
    readers = {f"Reader {number}" for number in (1, 2, 3, 4)}
    assert {layer.spec.author for layer in page.layers} == {"Model A", "Model B"} | readers
    assert {layer.spec.source for layer in page.layers} == {"synthetic"}
    assert {layer.spec.kind for layer in page.layers} == {LayerKind.LABELS, LayerKind.PROBABILITY}

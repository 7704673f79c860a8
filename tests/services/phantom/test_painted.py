"""The second generator: coded apart, with the same factors by name, and as repeatable as the first."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services import workflow
from services.phantom.painted.anatomy import PaintedPhantom, PaintedPlan, generate_painted
from services.phantom.painted.cohort import EXTERNAL_SEED, external_cases, write_external
from services.phantom.painted.painting import Canvas, Grid
from services.phantom.painted.vessels import AortaShape
from services.phantom.structures import CLASSES, INSIDE_THE_WALL, Factor, Structure

if TYPE_CHECKING:
    from services.workflow import Desk

ROOT = Path(__file__).parents[3]
GRID = Grid((56, 116, 116), (4.0, 3.0, 3.0))
PLAN = PaintedPlan(7, GRID)
SHARED = {
    "services.phantom.structures",
    "services.phantom.dicom_writer",
    "services.imaging.nifti",
    "services.imaging.progress",
}
"""All of ours that both generators may use: names, and how files are written."""


@cache
def painted(*factors: Factor) -> PaintedPhantom:
    return generate_painted(replace(PLAN, factors=frozenset(factors)))


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return {name for name in found if name.split(".")[0] in {"services", "db", "dashboard"}}


def test_the_painter_shares_no_code_with_the_first_generator_but_names_and_the_writing_of_files() -> None:
    for path in (ROOT / "services" / "phantom" / "painted").glob("*.py"):
        ours = {name for name in imports(path) if not name.startswith("services.phantom.painted")}
        assert ours <= SHARED, path.name


def test_the_first_generator_uses_nothing_of_the_painter() -> None:
    for path in (ROOT / "services" / "phantom").glob("*.py"):
        assert not [name for name in imports(path) if "painted" in name], path.name


def test_every_voxel_has_one_label_with_a_name() -> None:
    values = set(np.unique(painted().labels))
    assert values <= {0, *CLASSES}
    wanted = {
        Structure.LUMEN,
        Structure.THROMBUS,
        Structure.CALCIFICATION,
        Structure.INFERIOR_VENA_CAVA,
        Structure.LIVER,
    }
    assert {*wanted, Structure.KIDNEYS, Structure.VERTEBRA, Structure.BOWEL, Structure.ILIAC_ARTERIES} <= values


def test_the_labels_of_the_aorta_are_those_of_its_distance() -> None:
    np.testing.assert_array_equal(np.isin(painted().labels, INSIDE_THE_WALL), painted().aorta.outer < 0)


def test_the_same_plan_gives_the_same_voxels_and_another_seed_others() -> None:
    np.testing.assert_array_equal(generate_painted(PLAN).hounsfield, painted().hounsfield)
    assert (generate_painted(replace(PLAN, seed=8)).hounsfield != painted().hounsfield).any()


def test_blood_thrombus_and_air_have_the_hounsfield_units_of_the_plan() -> None:
    phantom = painted()
    assert phantom.hounsfield[phantom.aorta.lumen < -4].mean() == pytest.approx(PLAN.contrast, abs=15)
    clot = (phantom.aorta.outer < -6) & (phantom.aorta.lumen > 5)
    assert phantom.hounsfield[clot].mean() == pytest.approx(34, abs=12)
    assert phantom.hounsfield[:, 0].mean() == pytest.approx(-1000, abs=3)


def test_noise_has_the_standard_deviation_that_the_plan_says() -> None:
    silent = generate_painted(replace(PLAN, noise=1e-6))
    body = silent.hounsfield > -200
    difference = (painted().hounsfield.astype(float) - silent.hounsfield)[body]
    assert difference.std() == pytest.approx(PLAN.noise, rel=0.1)


def test_the_diameter_is_that_of_the_widest_slice() -> None:
    phantom = painted()
    area = (phantom.aorta.outer < 0).sum(axis=(1, 2)) * GRID.spacing[1] * GRID.spacing[2]
    across = 2 * np.sqrt(area.max() / np.pi)
    assert across < phantom.aorta.largest_diameter < 1.2 * across
    assert phantom.aorta.largest_diameter == pytest.approx(2 * PLAN.aorta.sac_radius, rel=0.12)


def test_an_aorta_without_aneurysm_has_no_thrombus() -> None:
    plain = generate_painted(replace(PLAN, aorta=AortaShape(sac_radius=10.5)))
    assert not (plain.labels == Structure.THROMBUS).any()


@pytest.mark.parametrize("factor", list(Factor))
def test_each_factor_changes_the_scan_and_its_pair_is_the_plain_plan(factor: Factor) -> None:
    hard = replace(PLAN, factors=frozenset({factor}))
    assert hard.without(factor) == PLAN
    changed = painted(factor).hounsfield != painted().hounsfield
    assert changed.any()
    np.testing.assert_array_equal(painted(factor).aorta.outer, painted().aorta.outer)


def mean_where(factor: Factor, inside: np.ndarray) -> float:
    return float(painted(factor).hounsfield[inside].mean())


def test_factors_are_what_they_are_called() -> None:
    pair = painted()
    clot = (pair.aorta.outer < -6) & (pair.aorta.lumen > 5)
    blood = pair.aorta.lumen < -4
    assert mean_where(Factor.BOWEL_DENSITY, clot) > 55
    assert mean_where(Factor.NON_CONTRAST, blood) < 60
    assert mean_where(Factor.DISSECTION, blood) < PLAN.contrast - 15
    assert (painted(Factor.THIN_THROMBUS).labels == 2).sum() < 0.7 * (pair.labels == 2).sum()
    assert (painted(Factor.ENDOGRAFT).labels == Structure.ENDOGRAFT).any()
    assert (painted(Factor.ILIAC_ANEURYSM).labels == 4).sum() > 1.3 * (pair.labels == 4).sum()
    assert painted(Factor.NOISE).hounsfield[blood].std() > 1.8 * pair.hounsfield[blood].std()


def test_the_external_cohort_has_every_factor_and_seeds_of_its_own() -> None:
    cases = external_cases(22)
    assert {factor for case in cases for factor in case.plan.factors} == set(Factor)
    assert min(case.plan.seed for case in cases) == EXTERNAL_SEED
    assert external_cases(40)[:22] == cases


def test_a_painted_case_is_taken_in_as_any_other(desk: Desk, tmp_path: Path) -> None:
    (case,) = external_cases(1)
    write_external(tmp_path, (replace(case, plan=replace(case.plan, grid=GRID)),), progress=lambda *_: None)
    (item,) = workflow.ingest(desk, tmp_path / case.folder).items
    truth = tomllib.loads((tmp_path / case.folder / "truth" / "truth.toml").read_text())
    assert (item.outcome, truth["generator"], truth["strata"]) == ("new", "painted", [next(iter(Factor)).value])


def test_a_shape_is_painted_where_it_lies_and_nowhere_else() -> None:
    canvas = Canvas(Grid((9, 21, 21), (2.0, 1.0, 1.0)))
    canvas.ellipsoid((4.0, -3.0, 5.0), (3.0, 3.0, 3.0), 100.0, Structure.LIVER)
    k, j, i = (int(index.mean()) for index in np.nonzero(canvas.labels == Structure.LIVER))
    assert (k, j, i) == (6, 7, 15)
    before = canvas.hounsfield.copy()
    canvas.ellipsoid((500.0, 0.0, 0.0), (3.0, 3.0, 3.0), 100.0, Structure.LIVER)
    np.testing.assert_array_equal(canvas.hounsfield, before)

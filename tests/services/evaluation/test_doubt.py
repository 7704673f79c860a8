"""The evaluation of the diameter's intervals: its cohorts, its evidence, its fit, its figures, its tables."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts.doubt_page import BEGIN, END, quoted
from services.evaluation import doubt_cases, doubt_evidence, doubt_fitting, doubt_tables
from services.evaluation.doubt_cases import CALIBRATION, CALIBRATION_SEED, DoubtCase, cases
from services.evaluation.doubt_evidence import Gathered
from services.evaluation.doubt_scores import Scored, share_interval, summaries, summary
from services.evaluation.held_out import Generator, HeldOut
from services.imaging.progress import silent
from services.measurement.interval import DiameterInterval, Method, undefined
from services.phantom.cohort import demo_cases
from services.segmentation.inference import predict
from services.segmentation.training_set import TRAINING_SEED, VALIDATION_SEED
from tests.services.measurement.test_intervals import evidence, members
from tests.services.segmentation.known_engines import ByIntensity, card_of

if TYPE_CHECKING:
    from pathlib import Path

SAME, OTHER = Generator.SAME.value, Generator.OTHER.value


def scored(lower: float, upper: float, truth: float, *, cohort: str = SAME, factors: tuple[str, ...] = ()) -> Scored:
    return Scored(cohort, "case01", factors, truth, DiameterInterval(Method.SHAPES, "1", lower, upper))


def test_no_cohort_shares_a_seed_with_another_or_with_training() -> None:
    chosen = cases(8, 1)
    seeds = {
        cohort: {one.scan.plan.seed for one in chosen if one.cohort == cohort} for cohort in (CALIBRATION, SAME, OTHER)
    }
    assert len(seeds[CALIBRATION]) == 8
    assert not seeds[CALIBRATION] & seeds[SAME]
    assert not seeds[CALIBRATION] & seeds[OTHER]
    assert min(seeds[CALIBRATION]) >= CALIBRATION_SEED > VALIDATION_SEED + 100_000 > TRAINING_SEED


def test_cohorts_grow_together() -> None:
    """Whoever stops early has some of each."""
    assert [one.cohort for one in cases(8, 1)[:6]] == [CALIBRATION, SAME, OTHER] * 2


def test_the_calibration_cohort_follows_the_demonstrations_recipe() -> None:
    """Person for person the same factors and kinds of sac, in other bodies."""
    ours = list(doubt_cases.persons_of_the_recipe(6))
    theirs = {case.plan.seed: case.plan for case in reversed(demo_cases(10))}
    assert (
        [(one.plan.factors, one.plan.sac.kind) for one in ours]
        == [  # type: ignore[union-attr]
            (plan.factors, plan.sac.kind) for _, plan in sorted(theirs.items())[:6]
        ]
    )


@pytest.fixture(scope="module")
def small_case() -> DoubtCase:
    """One scan of the recipe on voxels of 4 mm, so that it is made in a second or two."""
    plan = next(doubt_cases.persons_of_the_recipe(1)).plan
    grid = replace(plan.scan.grid, shape=(60, 80, 80), spacing=(4.0, 4.4, 4.4))  # type: ignore[union-attr]
    return DoubtCase(SAME, HeldOut("case01", Generator.SAME, replace(plan, scan=replace(plan.scan, grid=grid))))  # type: ignore[union-attr, arg-type]


def test_a_scan_is_asked_about_once_and_its_evidence_is_kept(small_case: DoubtCase, tmp_path: Path) -> None:
    """By a model that takes all bright voxels for lumen; what is read again is what was gathered."""
    card = card_of(tmp_path, 2, spacing=4.0)
    asked = []

    def ask(hounsfield: np.ndarray, affine: np.ndarray) -> object:
        asked.append(affine)
        return predict(hounsfield, affine, card, engines=lambda *_: ByIntensity())

    first, again = (doubt_cases.predicted(small_case, ask, card, tmp_path) for _ in range(2))  # type: ignore[arg-type]
    assert len(asked) == 1
    assert len(again.members) == 2
    assert len(again.readers) == 3
    np.testing.assert_array_equal(first.mask, again.mask)
    truth, planes = doubt_evidence.truth_of(small_case.scan.plan)
    read = [
        doubt_evidence.widest_of(doubt_evidence.field_of(wall, again.readers_affine), planes) for wall in again.readers
    ]
    assert [one is not None and abs(one - truth) < 5 for one in read] == [True] * 3


def gathered(truth: float, name: str = "case01", cohort: str = CALIBRATION) -> Gathered:
    return Gathered(cohort, name, CALIBRATION_SEED, (), truth, evidence(members=members(-1, 0, 1)))


def test_evidence_is_read_as_it_was_kept(tmp_path: Path) -> None:
    one = gathered(40.0)
    doubt_evidence.keep(tmp_path / "one.npz", one)
    again = doubt_evidence.kept(tmp_path / "one.npz")
    assert again is not None
    assert one.evidence is not None
    assert again.evidence is not None
    assert (again.truth_mm, again.evidence.members) == (40.0, one.evidence.members)
    np.testing.assert_array_equal(again.evidence.strays_mm, one.evidence.strays_mm)
    np.testing.assert_array_equal(again.evidence.rings.points, one.evidence.rings.points)
    assert doubt_evidence.kept(tmp_path / "none.npz") is None


def test_an_outline_without_a_diameter_is_kept_with_its_reason(tmp_path: Path) -> None:
    doubt_evidence.keep(tmp_path / "one.npz", Gathered(SAME, "case01", 1, (), 40.0, None, "nothing is outlined"))
    again = doubt_evidence.kept(tmp_path / "one.npz")
    assert again is not None
    assert again.evidence is None
    assert again.reason == "nothing is outlined"


def test_fitting_finds_a_bias_and_conformal_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every truth lies 3 mm below what is shown: that is the bias. With 20 errors the largest is the quantile."""
    monkeypatch.setattr(doubt_fitting, "SAMPLES", 5)
    monkeypatch.setattr(doubt_fitting, "FLOORS", (0.5,))
    monkeypatch.setattr(doubt_fitting, "SLOPES", (0.0,))
    monkeypatch.setattr(doubt_fitting, "MEMBERS", (0.0, 1.0))
    monkeypatch.setattr(doubt_fitting, "START", (0, 0, 1))
    monkeypatch.setattr(doubt_fitting, "START_ALONE", (0, 0, 0))
    one = gathered(0.0)
    assert one.evidence is not None
    shown = one.evidence.diameter_mm
    fit = doubt_fitting.fit_to([replace(one, truth_mm=shown - 3 - 0.01 * n) for n in range(20)], "m@1", 5, silent)
    assert fit.bias_mm == pytest.approx(3, abs=1)
    assert fit.error_mm == pytest.approx(3.19, abs=1e-6)
    assert fit.cases == 20
    assert fit.model == "m@1"
    assert fit.coverage == 1.0


def test_coverage_width_and_score_by_hand() -> None:
    """Two of three hold the truth; widths 4, 4 and 10; the second misses by 1: (4 + 44 + 10) / 3."""
    found = summary(SAME, "all", [scored(38, 42, 40), scored(38, 42, 43), scored(35, 45, 40)])
    assert (found.scans, found.covered, found.undefined) == (3, 2, 0)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.width_mm == pytest.approx(6)
    assert found.score_mm == pytest.approx((4 + 44 + 10) / 3)


def test_scans_without_an_interval_are_counted_apart() -> None:
    nothing = Scored(SAME, "case02", (), 40.0, undefined(Method.SHAPES, "1", "no diameter"))
    found = summary(SAME, "all", [scored(38, 42, 40), nothing])
    assert (found.scans, found.undefined, found.coverage) == (1, 1, 1.0)
    assert summary(SAME, "all", [nothing]).coverage is None


def test_a_share_has_its_exact_interval() -> None:
    """10 of 10: the lower bound is 0.025^(1/10) = 0.6915. None of 10: the mirror of it."""
    assert share_interval(10, 10) == pytest.approx((0.6915, 1.0), abs=1e-4)
    assert share_interval(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)


def test_a_scan_counts_in_each_of_its_strata() -> None:
    found = summaries([scored(38, 42, 40, factors=("high noise", "non-contrast")), scored(38, 42, 40)])
    assert [(one.stratum, one.scans) for one in found] == [
        ("all", 2), ("no factor", 1), ("non-contrast", 1), ("high noise", 1),
    ]  # fmt: skip


def published() -> dict[str, object]:
    rows = summaries([scored(38, 42, 40, cohort=cohort) for cohort in (CALIBRATION, SAME, OTHER)])
    fit = {
        "version": "1", "fitted_on": "3 scans", "floor_mm": 1.0, "per_doubt": 1.5, "per_member": 2.0, "bias_mm": 0.5,
        "floor_alone_mm": 1.0, "per_doubt_alone": 1.5, "bias_alone_mm": 0.5, "error_mm": 9.0,
    }  # fmt: skip
    made = {"at": "2026-11-25T10:00:00", "command": "secondlook evaluate --doubt"}
    return {"rows": [asdict(one) for one in rows], "fit": fit, "made": made, "note": "SYNTHETIC"}


def test_the_tables_say_what_the_file_says() -> None:
    page = json.loads(json.dumps(published()))
    lines = doubt_tables.page(page)
    assert "| shape sampling | 1 | 100% | 3% to 100% | 4.0 | 4.0 |" in lines
    assert any(line.startswith("| all | 1 of 1, 4 mm |") for line in lines)
    assert any("shape sampling holds 1 of 1" in line for line in lines)


def test_a_page_is_brought_up_to_date_between_its_marks_alone() -> None:
    assert quoted(f"before\n{BEGIN}\nold\n{END}\nafter", ["new"]) == f"before\n{BEGIN}\nnew\n{END}\nafter"
    assert quoted("without marks", ["new"]) == "without marks"

"""Scores of held-out scans: which settings there are, what is concluded, and what is published; worked by hand."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.aggregation.names import DEFAULT, KEYS, SIZE, Strategy, Where, key_of
from services.evaluation import failures_lines, failures_results, failures_tables
from services.evaluation.failures_lines import DICE, HD95, NO_OVERLAP, quality
from services.evaluation.failures_scoring import scores_of_scan, versions
from services.evaluation.failures_settings import BOTH, table_of
from services.evaluation.failures_summary import (
    AUROC,
    EXCESS,
    FAILURES,
    OUTSIDE,
    PLAIN,
    WITHIN,
    failures_found,
    percentiles,
    rankings,
    strangers_found,
)
from services.evaluation.held_out import Generator
from services.evaluation.measures import Measured
from services.evaluation.real_scan import RealScan
from services.evaluation.uncertainty_asking import Networks, looked_at
from services.evaluation.uncertainty_lines import ScanFigures
from services.evaluation.uncertainty_ways import Part, Way
from services.imaging.progress import silent
from services.phantom.structures import Factor
from services.uncertainty.names import Measure
from tests.services.evaluation.scans import held_out
from tests.services.segmentation.known_engines import ByIntensity, card_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from services.evaluation.uncertainty_judging import Looked

SAME, OTHER = Generator.SAME, Generator.OTHER
GEARY = key_of(Measure.PREDICTIVE, Strategy.GEARY, Where.AORTA)


def line(seed: int, generator: Generator, dice: float, *factors: Factor, **scores: float | None) -> ScanFigures:
    """The default score is 1 - Dice and the plain mean the opposite; sizes follow nothing."""
    said = {DICE: dice, DEFAULT: 1 - dice, PLAIN: dice, SIZE: float(seed * 7 % 11), GEARY: 0.5} | scores
    return ScanFigures(f"case{seed}", generator, seed, factors, said, {}, {})


def cohort() -> list[ScanFigures]:
    """Twelve plain scans of each generator, six noisy ones of the same one; the other generator's are worse."""
    plain = [line(seed, SAME, 0.96 - 0.005 * seed) for seed in range(12)]
    noisy = [line(20 + seed, SAME, 0.84 - 0.03 * seed, Factor.NOISE) for seed in range(6)]
    other = [line(40 + seed, OTHER, 0.85 - 0.02 * seed, Factor.TOUCHING) for seed in range(12)]
    return [*plain, *noisy, *other]


def test_a_setting_sets_plain_scans_of_the_same_generator_against_others() -> None:
    settings = {one.name: one for one in table_of(cohort()).settings}
    assert list(settings) == ["other generator", "high noise, same generator"]
    assert [int(settings["other generator"].inside.sum()), int(settings["other generator"].outside.sum())] == [12, 12]
    assert settings["high noise, same generator"].outside.nonzero()[0].tolist() == [12, 13, 14, 15, 16, 17]


def test_a_score_that_falls_with_doubt_is_turned() -> None:
    table = table_of(cohort())
    assert (table.scores[GEARY] == -0.5).all()
    assert (table.scores[DEFAULT] == 1 - table.dice).all()


def test_a_score_that_is_the_risk_finds_every_failure_and_one_turned_round_none() -> None:
    found = {(one.score, one.scans): one for one in failures_found(table_of(cohort()), 40)}
    default, plain = found[DEFAULT, BOTH], found[PLAIN, BOTH]
    assert (default.count, default.positive) == (30, 13)
    assert (default.figures[AUROC].value, default.figures[WITHIN].value, plain.figures[AUROC].value) == (1.0, 1.0, 0.0)
    assert default.figures[EXCESS].value == pytest.approx(0, abs=1e-12)
    assert default.figures[AUROC].lower == 1.0
    assert found[DEFAULT, OTHER.value].positive == 9


def test_few_failures_have_a_reason_and_no_figure() -> None:
    lines = [line(seed, SAME, 0.9) for seed in range(12)]
    found = failures_found(table_of(lines), 10)[0].figures
    assert math.isnan(found[AUROC].value)
    assert found[AUROC].reason == "0 of 12 scans failed: fewer than 3 of a kind"
    assert found[EXCESS].value == 0.0


def test_strange_scans_are_those_from_outside() -> None:
    found = {(one.score, one.scans): one.figures[AUROC].value for one in strangers_found(table_of(cohort()), 10)}
    assert found[DEFAULT, "other generator"] == 1.0
    assert found[GEARY, "other generator"] == 0.5


def test_ranks_say_by_how_much_the_default_is_better_than_the_plain_mean() -> None:
    by_task = {one.task: one for one in rankings(table_of(cohort()), 30)}
    for task in (FAILURES, OUTSIDE):
        ranking = by_task[task]
        assert ranking.ranks[DEFAULT] == 1.0
        assert ranking.gain is not None
        assert ranking.gain.value == ranking.ranks[PLAIN] - 1
        assert ranking.gain.lower > 0


def test_the_real_scan_has_a_percentile_among_the_scans_of_the_same_generator() -> None:
    found = dict(percentiles(table_of(cohort()), {DEFAULT: 0.0, PLAIN: None}))
    assert found[DEFAULT].value == 0.0
    assert found[PLAIN].reason == "there is no such score"


def test_quality_of_an_empty_outline_has_reasons() -> None:
    nothing = np.zeros((4, 4, 4), bool)
    found = quality(nothing, nothing, (1.0, 1.0, 1.0))
    assert found[DICE].reason == NO_OVERLAP
    assert found[HD95].reason


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Networks:
    card = card_of(tmp_path_factory.mktemp("cards"), 2, spacing=9.0)
    return Networks({Part.A: card}, None, lambda _card, member: ByIntensity(2.0 * (1 + member.seed)))


def means(looked: Looked, _: Sequence[float]) -> dict[str, Measured]:
    """Scores that a test can check: the mean of one map in its box, and one that is undefined."""
    mean = float(looked.ways[Way.ENSEMBLE].maps[Measure.PREDICTIVE].mean())
    return {DEFAULT: Measured(mean), PLAIN: Measured(math.nan, "not here"), SIZE: Measured(1.0)}


def test_scans_are_scored_once_and_a_network_is_asked_once(networks: Networks, tmp_path: Path) -> None:
    measure = partial(
        failures_lines.evaluate, score=means, scores="1", folder=tmp_path / "f", answers=tmp_path / "a", progress=silent
    )
    found = measure([held_out(1), held_out(2)], networks, turns=(1, 1))
    assert [one.seed for one in found] == [1, 2]
    assert found[0].reasons[PLAIN] == "not here"
    assert 0 < found[0].figure(DICE) <= 1
    nobody = Networks(networks.cards, None, lambda card, member: pytest.fail("what was asked is kept"))
    assert measure([held_out(1), held_out(2)], nobody, turns=(1, 1)) == found
    again = measure([held_out(1)], nobody, turns=(1, 1), scores="2")
    assert again == found[:1], "other scores are computed anew from the same answers"


def test_every_score_of_a_scan_has_its_key_and_a_reason_where_it_is_undefined(
    networks: Networks, tmp_path: Path
) -> None:
    scan = held_out(1).generate()
    spacing = np.linalg.norm(scan.affine[:3, :3], axis=0).tolist()
    looked = looked_at("scan", scan, networks, tmp_path)
    found = scores_of_scan(looked, spacing)
    assert set(found) <= set(KEYS)
    assert "scores " in versions()
    assert {DEFAULT, PLAIN, SIZE} <= set(found)
    assert all(one.reason for one in found.values() if math.isnan(one.value))
    whole = looked.ways[Way.ENSEMBLE].maps[Measure.PREDICTIVE].sum() / math.log(3) / math.prod(looked.shape)
    mean = found[key_of(Measure.PREDICTIVE, Strategy.MEAN, Where.WHOLE)].value
    assert mean == pytest.approx(whole, rel=0.1), "voxels of one size change it a little"
    assert found[SIZE].value == pytest.approx(np.count_nonzero(looked.mask()) * math.prod(spacing) / 1000)


def test_the_real_scan_is_scored_without_labels(networks: Networks, tmp_path: Path) -> None:
    scan = held_out(1).generate()
    nothing = np.zeros(scan.hounsfield.shape, bool)
    found = failures_lines.of_real_scan(
        RealScan(scan.hounsfield, scan.affine, nothing, nothing), networks, means, tmp_path
    )
    assert found[PLAIN] is None
    assert found[DEFAULT] is not None


def test_a_few_scans_of_one_process_are_published_with_dashes(networks: Networks) -> None:
    document = failures_results.document(cohort()[:3], networks, "scores 1", {}, "command", (5, 5))
    page = "\n".join(failures_tables.page(json.loads(json.dumps(document, allow_nan=False))))
    assert "The real CTA was not looked at." in page
    assert all("**not tested**" in row for row in failures_tables.claims(document)[2:])


def test_what_is_published_holds_every_table(networks: Networks) -> None:
    document = failures_results.document(cohort(), networks, "scores 1", {DEFAULT: 0.0525}, "command", (20, 20))
    published = json.loads(json.dumps(document, allow_nan=False))
    page = "\n".join(failures_tables.page(published))
    assert "SYNTHETIC" in page
    assert "| **foreground-ratio quantile** | 1.0 | 1.0 | 1.00 (1.00 to 1.00) | 1.00 (1.00 to 1.00) |" in page
    assert "its default score is higher than 17 % of the scans of the same generator" in page
    assert [row.rsplit("|", 2)[1].strip() for row in failures_tables.claims(published)[2:]] == ["**reproduced**"] * 2
    assert any(row.startswith("Aimed at") for row in failures_tables.brief(published))

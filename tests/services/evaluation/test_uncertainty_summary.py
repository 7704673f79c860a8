"""From lines to conclusions, worked by hand: strata, temperatures, failures, gains, claims."""

from __future__ import annotations

import math

import pytest

from services.evaluation.held_out import Generator
from services.evaluation.results import ALL, NONE
from services.evaluation.uncertainty_comparing import (
    EQUAL_COST,
    OURS,
    OWN_AAC,
    PLAIN,
    best_baseline,
    claims,
    difference,
    gain,
    gains,
)
from services.evaluation.uncertainty_judging import (
    AAC,
    DICE,
    EXACT,
    LOSS,
    MASS_ERROR,
    NCC,
    SCORE,
    TEMPERATURES,
    WIDTH_ERROR,
    key,
)
from services.evaluation.uncertainty_lines import ScanFigures
from services.evaluation.uncertainty_readings import majority_of
from services.evaluation.uncertainty_summary import calibrated, detected, rows_of, sweep
from services.evaluation.uncertainty_tables import verdict
from services.evaluation.uncertainty_ways import Way
from services.phantom.simulated_readers import CONTROL, MAIN
from services.phantom.structures import Factor
from services.uncertainty.names import Measure

SAME, OTHER = Generator.SAME, Generator.OTHER
TEN = (Way.TEN, Measure.PREDICTIVE)
TWICE = (Way.TWICE, Measure.TOTAL)


def line(
    seed: int,
    figures: dict[str, float | None],
    *,
    generator: Generator = OTHER,
    factors: tuple[str, ...] = (),
    curves: dict[str, list[float | None]] | None = None,
) -> ScanFigures:
    return ScanFigures(f"case{seed}", generator, seed, factors, figures, {}, curves or {})


def areas(ours: float, ten: float, twice: float) -> dict[str, float | None]:
    values = {OURS: ours, TEN: ten, TWICE: twice}
    return {key(*one, EXACT, AAC): value for one, value in values.items()}


def test_a_gain_is_that_of_the_means_over_scans_that_have_both() -> None:
    """Ours 0.02 and 0.04, theirs 0.05 and 0.07; a third scan has no figure of theirs: 1 - 0.06 / 0.12."""
    lines = [line(1, areas(0.02, 0.05, 1)), line(2, areas(0.04, 0.07, 1)), line(3, {key(*OURS, EXACT, AAC): 9.0})]
    found = gain(lines, OURS, TEN, EXACT)
    assert found.value == pytest.approx(0.5)
    assert (found.cases, found.undefined) == (2, 1)
    assert found.reason == "no interval: fewer than 3 persons"


def test_a_gain_that_is_the_same_in_every_scan_has_a_narrow_interval() -> None:
    lines = [line(seed, areas(0.09 * seed, 0.1 * seed, 1)) for seed in range(1, 6)]
    found = gain(lines, OURS, TEN, EXACT)
    assert (found.value, found.lower, found.upper) == pytest.approx((0.1, 0.1, 0.1))


def test_a_baseline_without_errors_leaves_no_gain_to_compute() -> None:
    found = gain([line(seed, areas(0, 0, 0)) for seed in range(4)], OURS, TEN, EXACT)
    assert found.value is None
    assert found.reason == "the baseline's area is 0"


def test_the_best_baseline_is_the_one_with_the_least_area() -> None:
    lines = [line(seed, areas(0.1, 0.3, 0.2)) for seed in range(3)]
    assert best_baseline(lines, EXACT) == TWICE
    assert best_baseline([], EXACT) is None
    chosen = [one for one in gains(lines) if one.best]
    assert [one.theirs for one in chosen] == [TWICE]
    assert chosen[0].estimate.value == pytest.approx(0.5)


def test_without_controls_no_baseline_is_the_best() -> None:
    """B alone, which needs none, would be too easily beaten."""
    alone = key(Way.SOFT_ALONE, Measure.PREDICTIVE, EXACT, AAC)
    lines = [line(seed, {key(*OURS, EXACT, AAC): 0.1, alone: 0.2}) for seed in range(3)]
    assert best_baseline(lines, EXACT) is None
    assert not [one for one in gains(lines) if one.best]
    assert claims(lines)[0].found == {}


def test_a_baseline_may_be_judged_by_its_own_mask_as_well() -> None:
    lines = [line(seed, areas(0.1, 0.2, 0.3) | {key(*TEN, EXACT, OWN_AAC): 0.4}) for seed in range(3)]
    found = {one.own_mask: one.estimate.value for one in gains(lines) if one.best}
    assert found == {False: pytest.approx(0.5), True: pytest.approx(0.75)}


def test_no_baseline_is_one_of_ours() -> None:
    assert OURS not in EQUAL_COST
    assert PLAIN not in EQUAL_COST


def test_a_gain_that_vanishes_where_readers_follow_nothing_is_shown() -> None:
    """NCC higher by 0.2 with the main readers and by 0.05 with the others: 0.15."""
    soft, hard = (Way.TWO_ENSEMBLES, Measure.ALEATORIC), (Way.ENSEMBLE, Measure.EXPECTED)
    main, control = (majority_of(cohort.name, iliacs=False) for cohort in (MAIN, CONTROL))
    figures: dict[str, float | None] = {
        key(*soft, main, NCC): 0.6,
        key(*hard, main, NCC): 0.4,
        key(*soft, control, NCC): 0.15,
        key(*hard, control, NCC): 0.1,
    }
    found = {one.claim: one.found for one in claims([line(seed, figures) for seed in range(4)])}
    vanishing = next(each for claim, each in found.items() if "where they do not" in claim)
    assert vanishing[OTHER.value].value == pytest.approx(0.15)
    assert vanishing[SAME.value].value is None


def test_the_rule_of_the_page() -> None:
    above, across, below = ({"lower": low, "upper": high} for low, high in ((0.1, 0.2), (-0.1, 0.1), (-0.2, -0.1)))
    assert verdict([above, above]) == "reproduced"
    assert verdict([above, across]) == "partly"
    assert verdict([above, below]) == "not reproduced"
    assert verdict([across]) == "not reproduced"
    assert verdict([]) == "not tested"


def test_a_difference_leaves_out_scans_without_one_of_the_two() -> None:
    lines = [line(1, {"a": 3.0, "b": 1.0}), line(2, {"a": 3.0, "b": None})]
    found = difference(lines, "a", "b")
    assert (found.value, found.cases, found.undefined) == (2, 1, 1)


def test_a_scan_with_two_factors_is_in_both_strata() -> None:
    name = key(*OURS, EXACT, AAC)
    both = (Factor.NOISE.value, Factor.METAL.value)
    rows = rows_of([line(1, {name: 0.1}, factors=both), line(2, {name: 0.3})], {key(*OURS)})
    found = {row.stratum: row.estimate.value for row in rows if row.generator == OTHER}
    assert found[ALL] == pytest.approx(0.2)
    assert found[NONE] == 0.3
    assert found[Factor.NOISE] == found[Factor.METAL] == 0.1
    assert found[Factor.ENDOGRAFT] is None


def calibrating(seed: int, generator: Generator, best: int) -> ScanFigures:
    """A scan whose loss and calibration error are least at the temperature of index `best`."""
    away: list[float | None] = [abs(place - best) / 100 for place in range(len(TEMPERATURES))]
    names = [key(Way.ENSEMBLE, EXACT, what) for what in (LOSS, WIDTH_ERROR, MASS_ERROR)]
    return line(seed, {}, generator=generator, curves=dict.fromkeys(names, away))


def test_a_temperature_is_fitted_to_other_persons_of_the_same_generator() -> None:
    """Persons 1 and 2 want index 10 and 12, each gets the other's; one of the other generator what suits both."""
    lines = [calibrating(1, SAME, 10), calibrating(2, SAME, 12), calibrating(9, OTHER, 14)]
    found = calibrated(lines, Way.ENSEMBLE, EXACT, SAME)
    assert found.temperature == pytest.approx((TEMPERATURES[10] + TEMPERATURES[12]) / 2)
    assert found.before[WIDTH_ERROR].value == pytest.approx((0.02 + 0.04) / 2)
    assert found.after[WIDTH_ERROR].value == pytest.approx(0.02)
    other = calibrated(lines, Way.ENSEMBLE, EXACT, OTHER)
    assert other.after[MASS_ERROR].value == pytest.approx(0.04)


def test_without_other_persons_nothing_is_calibrated() -> None:
    found = calibrated([calibrating(1, SAME, 10)], Way.ENSEMBLE, EXACT, SAME)
    assert found.temperature is None
    assert found.after[WIDTH_ERROR].value is None
    assert found.before[WIDTH_ERROR].value == pytest.approx(0.02)


def test_a_sweep_is_the_mean_of_the_scans_that_have_the_structure() -> None:
    name = key(Way.ENSEMBLE, EXACT, "lumen")
    lines = [line(seed, {}, curves={name: [value, None]}) for seed, value in ((1, 0.5), (2, 0.7), (3, None))]
    found = sweep(lines, Way.ENSEMBLE, EXACT, "lumen", OTHER)
    assert found[0] == pytest.approx(0.6)
    assert math.isnan(found[1])


def test_a_score_that_knows_bad_scans_finds_them() -> None:
    """Five of ten scans are below the limit, and the score is highest there."""
    score, dice = key(*OURS, SCORE), key(Way.ENSEMBLE, EXACT, DICE)
    lines = [line(seed, {score: float(seed), dice: 0.95 - 0.05 * seed}) for seed in range(10)]
    found = {(one.score, one.scans): one.figures for one in detected(lines)}
    figures = found[score, OTHER.value]
    assert figures["auroc"][0] == 1
    assert figures["excess"][0] == pytest.approx(0, abs=1e-12)
    assert figures["aurc"][1] is not None
    assert found[score, SAME.value]["aurc"][3] == "fewer than 8 scans"

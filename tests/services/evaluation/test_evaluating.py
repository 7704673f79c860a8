"""An evaluation from generated scans to a file of figures, with models whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.errors import InputRefused
from services.evaluation import evaluating, lines, results
from services.evaluation.held_out import Generator, HeldOut
from services.evaluation.lines import Line
from services.evaluation.measures import MEASURES
from services.evaluation.results import ALL, NONE
from services.evaluation.summary import pairs_of, strata_of
from services.imaging.progress import silent
from services.phantom.structures import Factor
from tests.services.evaluation import scans

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.measures import Outline


def knowing(cases: list[HeldOut], asked: list[int]) -> evaluating.Predict:
    """A model that knows the exact labels of these cases; `asked` grows by one with each scan it is shown."""
    truths = {scan.hounsfield.tobytes(): scan for scan in (case.generate() for case in cases)}

    def predict(hounsfield: NDArray[np.int16], affine: NDArray[np.float64]) -> Outline:
        asked.append(1)
        return scans.whole(scans.exact(truths[hounsfield.tobytes()]))

    return predict


def line(name: str, value: float | None, *factors: Factor, removed: str = "", seed: int | None = None) -> Line:
    figures = dict.fromkeys(MEASURES, value)
    number = len(name) if seed is None else seed
    return Line(name, Generator.OTHER, number, tuple(map(str, factors)), removed, figures)


def test_an_evaluation_that_was_interrupted_measures_only_what_is_missing(tmp_path: Path) -> None:
    cases, asked = [scans.held_out(1), scans.held_out(2)], list[int]()
    predict, kept, card = knowing(cases, asked), tmp_path / "kept.jsonl", scans.card(tmp_path)
    (first,) = evaluating.evaluate(cases[:1], predict, card, kept, silent)
    with kept.open("a") as file:
        file.write('{"name": "cut off')
    both = evaluating.evaluate(cases, predict, card, kept, silent)
    assert both[0] == first
    assert len(asked) == 2
    assert lines.kept(kept) == both
    assert [one.figures["outer wall Dice"] for one in both] == [1, 1]


def test_the_pair_of_a_scan_is_the_same_seed_without_the_factor() -> None:
    case = scans.held_out()
    pair = case.without(Factor.NOISE)
    assert (pair.name, pair.plan.seed, pair.factors, pair.removed) == (case.name, case.plan.seed, (), Factor.NOISE)
    np.testing.assert_array_equal(pair.generate().labels, case.generate().labels)


def test_a_stratum_holds_the_scans_with_its_factor_and_pairs_are_not_among_them() -> None:
    found = [
        line("a", 0.5, Factor.NOISE),
        line("bb", 0.7, Factor.NOISE, Factor.METAL),
        line("ccc", 0.9),
        line("a", 0.8, removed=Factor.NOISE),
    ]
    means = {row.stratum: row.other for row in strata_of(found) if row.measure == MEASURES[0]}
    assert means[Factor.NOISE].value == pytest.approx(0.6)
    assert (means[Factor.METAL].value, means[NONE].value) == (0.7, 0.9)
    assert (means[ALL].cases, means[ALL].value) == (3, pytest.approx(0.7))
    assert means[Factor.ENDOGRAFT].reason == "no such scan"
    assert all(row.same.value is None for row in strata_of(found))


def test_what_a_factor_changes_is_the_mean_difference_of_pairs() -> None:
    found = [line(name, value, Factor.NOISE) for name, value in (("a", 0.5), ("bb", 0.6), ("ccc", 0.4))]
    found += [line(name, 0.8, removed=Factor.NOISE) for name in ("a", "bb", "ccc")]
    (change,) = [row.other for row in pairs_of(found) if (row.stratum, row.measure) == (Factor.NOISE, MEASURES[0])]
    assert change.value == pytest.approx(-0.3)
    assert change.lower is not None
    assert -0.4 - 1e-9 <= change.lower < -0.3


def test_a_figure_that_is_undefined_on_either_side_of_a_pair_is_counted_as_undefined() -> None:
    found = [line("a", None, Factor.NOISE), line("a", 0.8, removed=Factor.NOISE)]
    (change,) = [row.other for row in pairs_of(found) if (row.stratum, row.measure) == (Factor.NOISE, MEASURES[0])]
    assert (change.value, change.undefined, change.reason) == (None, 1, "undefined in every scan")


def test_the_file_of_figures_is_read_as_it_was_written_and_says_how_it_was_made(tmp_path: Path) -> None:
    card = scans.card(tmp_path)
    evaluation = evaluating.figures_of(card, "f" * 12, [line("a", 0.5, seed=3)], (), "secondlook evaluate")
    results.write(tmp_path / results.EVALUATION, evaluation)
    assert results.read(tmp_path / results.EVALUATION) == evaluation
    assert evaluation.seeds["other generator"] == (3,)
    assert {"at", "command", "processor", "cores", "python", "torch"} <= set(evaluation.made)
    assert str(tmp_path) not in (tmp_path / results.EVALUATION).read_text()


def test_a_file_that_is_none_of_figures_is_refused_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert results.read(tmp_path / results.EVALUATION) is None
    for text in ("[]", "{", '{"model": "aorta"}'):
        (tmp_path / results.EVALUATION).write_text(text)
        with pytest.raises(InputRefused, match="secondlook evaluate"):
            results.read(tmp_path / results.EVALUATION)


def test_figures_come_from_beside_the_card_or_from_the_home_and_are_of_its_own_weights(tmp_path: Path) -> None:
    card, home = scans.card(tmp_path), tmp_path / "home"
    evaluation = evaluating.figures_of(card, "f" * 12, [line("a", 0.5)], (), "secondlook evaluate")
    assert results.of_card(card, home) is None
    results.place_of(card, home).parent.mkdir(parents=True)
    results.write(results.place_of(card, home), evaluation)
    assert results.of_card(card, home) == evaluation
    results.write(tmp_path / results.EVALUATION, replace(evaluation, weights=("b" * 64,)))
    with pytest.raises(InputRefused, match="other weights"):
        results.of_card(card, home)


def test_other_weights_coarse_pass_or_inference_have_another_fingerprint(tmp_path: Path) -> None:
    one, other = scans.card(tmp_path), scans.card(tmp_path, "b" * 64)
    given = ((one, None, "1"), (other, None, "1"), (one, other, "1"), (one, None, "2"))
    assert len({evaluating.fingerprint_of(*each) for each in given}) == len(given)
    assert evaluating.fingerprint_of(*given[0]) == evaluating.fingerprint_of(*given[0])

"""From single scans to figures with intervals: every way and measure, per generator and stratum; calibration; failures.

Intervals are percentile bootstraps over persons (see `bootstrap`). Failure detection is one figure of many scans, so
that it is computed anew on each drawing of persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.bootstrap import FEWEST, LEVEL, mean_with_interval
from services.evaluation.held_out import Generator
from services.evaluation.results import ALL, NONE
from services.evaluation.uncertainty_judging import (
    AAC,
    DICE,
    EXACT,
    LOSS,
    MASS_ERROR,
    NCC,
    SCORE,
    TEMPERATURES,
    VOLUME,
    WIDTH_ERROR,
    key,
)
from services.evaluation.uncertainty_readings import majority_of
from services.evaluation.uncertainty_ways import Way
from services.phantom.simulated_readers import MAIN
from services.phantom.structures import Factor
from services.uncertainty.failure import FailureFigures, failure_figures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from services.evaluation.results import Estimate
    from services.evaluation.uncertainty_lines import ScanFigures

SEED = 20_261_125
STRATA = (NONE, *(factor.value for factor in Factor))
IN_STRATA, REFERENCES_IN_STRATA = (AAC, NCC), (EXACT, majority_of(MAIN.name))
FAILED_BELOW = 0.80
"""Outer wall Dice below which a scan counts as failed; set before anything was measured."""
BOTH = "both generators"
FAILURE_RESAMPLES = 1_000
NO_TEMPERATURE = "no other person's scan of the same generator to fit a temperature to"


@dataclass(frozen=True)
class Row:
    """One figure in one stratum of one generator."""

    name: str
    """`uncertainty_judging.key` of way, measure, reference and figure."""
    generator: str
    stratum: str
    estimate: Estimate


def rows_of(lines: Sequence[ScanFigures], maps: Collection[str]) -> list[Row]:
    """Every figure on all scans of each generator; AAC and NCC of `maps` (`key` of each) in every stratum as well."""
    names = list(dict.fromkeys(name for line in lines for name in line.figures))
    found = [_row(lines, name, generator, ALL) for generator in Generator for name in names]
    chosen = [name for name in names if _in_strata(name, maps)]
    return found + [
        _row(lines, name, generator, stratum) for stratum in STRATA for generator in Generator for name in chosen
    ]


def within(lines: Iterable[ScanFigures], generator: Generator, stratum: str) -> list[ScanFigures]:
    """The scans of one stratum; one with two factors is in both."""
    here = [line for line in lines if line.generator is generator]
    return here if stratum == ALL else [line for line in here if stratum in (line.factors or (NONE,))]


def estimated(lines: Sequence[ScanFigures], values: Sequence[float]) -> Estimate:
    """The mean of one value a scan, with its interval over persons."""
    return mean_with_interval(values, [line.seed for line in lines], np.random.default_rng(SEED))


def _row(lines: Sequence[ScanFigures], name: str, generator: Generator, stratum: str) -> Row:
    here = within(lines, generator, stratum)
    return Row(name, generator, stratum, estimated(here, [line.figure(name) for line in here]))


def _in_strata(name: str, maps: Collection[str]) -> bool:
    of_map, _, figure = name.rpartition("|")
    of_map, _, reference = of_map.rpartition("|")
    return of_map in maps and reference in REFERENCES_IN_STRATA and figure in IN_STRATA


@dataclass(frozen=True)
class Calibrated:
    """One way's calibration errors against one reference, at temperature 1 and at one fitted to other scans."""

    way: str
    reference: str
    generator: str
    temperature: float | None
    """Mean over scans of what was fitted for each; None where nothing could be."""
    before: dict[str, Estimate]
    """By kind of bins."""
    after: dict[str, Estimate]
    """The scans whose temperature could be fitted."""


def calibrated(lines: Sequence[ScanFigures], way: Way, reference: str, generator: Generator) -> Calibrated:
    """Temperatures are fitted to scans of the generator that networks learnt from, of other persons than the scan's."""
    here = [line for line in lines if line.generator is generator and key(way, reference, LOSS) in line.curves]
    chosen = [_temperature(lines, line.seed, key(way, reference, LOSS)) for line in here]
    plain = TEMPERATURES.index(1.0)
    before, after = {}, {}
    for what in (WIDTH_ERROR, MASS_ERROR):
        curves = [line.curves[key(way, reference, what)] for line in here]
        before[what] = estimated(here, [_number(curve[plain]) for curve in curves])
        values = [np.nan if at is None else _number(curve[at]) for curve, at in zip(curves, chosen, strict=True)]
        after[what] = estimated(here, values)
    fitted = [TEMPERATURES[at] for at in chosen if at is not None]
    return Calibrated(way, reference, generator, float(np.mean(fitted)) if fitted else None, before, after)


def _temperature(lines: Sequence[ScanFigures], person: int, name: str) -> int | None:
    """Which of TEMPERATURES has the least mean loss on scans of the same generator as training's, of other persons."""
    others = [
        [_number(value) for value in line.curves[name]]
        for line in lines
        if line.generator is Generator.SAME and line.seed != person and name in line.curves
    ]
    return int(np.mean(others, axis=0).argmin()) if others else None


def sweep(lines: Sequence[ScanFigures], way: Way, reference: str, structure: str, generator: Generator) -> list[float]:
    """Mean Dice over scans at each of `calibration.THRESHOLDS`; scans without the structure do not count."""
    name = key(way, reference, structure)
    curves = [line.curves[name] for line in lines if line.generator is generator and name in line.curves]
    table = np.array([[_number(value) for value in curve] for curve in curves], np.float64)
    known = ~np.isnan(table)
    count = known.sum(axis=0) if len(table) else np.zeros(0)
    sums = np.where(known, table, 0).sum(axis=0) if len(table) else np.zeros(0)
    means = np.divide(sums, count, out=np.full(len(sums), np.nan), where=count > 0)
    return [float(mean) for mean in means]


@dataclass(frozen=True)
class Detected:
    """How well one score of a scan finds badly segmented scans; bounds None where there is no interval."""

    score: str
    scans: str
    """Of which generator, or of both."""
    figures: dict[str, tuple[float | None, float | None, float | None, str]]
    """By name of the figure: value, bounds, and the reason where there is none."""


def detected(lines: Sequence[ScanFigures]) -> list[Detected]:
    """Every map's mean in the predicted region as a score, and the predicted volume alone beside them."""
    names = list(dict.fromkeys(name for line in lines for name in line.figures if name.endswith(f"|{SCORE}")))
    groups = {column.value: within(lines, column, ALL) for column in Generator} | {BOTH: list(lines)}
    chosen = [*names, key(Way.ENSEMBLE, VOLUME)]
    return [_detected(name, scans, here) for scans, here in groups.items() for name in chosen]


def _detected(name: str, scans: str, lines: Sequence[ScanFigures]) -> Detected:
    score, dice = (np.array([line.figure(one) for line in lines]) for one in (name, key(Way.ENSEMBLE, EXACT, DICE)))
    found = failure_figures(score, dice, failed_below=FAILED_BELOW)
    _, person = np.unique([line.seed for line in lines], return_inverse=True)
    persons, rng, drawn = int(person.max(initial=-1)) + 1, np.random.default_rng(SEED), []
    for _ in range(FAILURE_RESAMPLES if persons >= FEWEST and not found.aurc.reason else 0):
        times = np.bincount(rng.integers(persons, size=persons), minlength=persons)
        again = np.repeat(np.arange(len(lines)), times[person])
        drawn.append([one.value for one in failure_figures(score[again], dice[again], failed_below=FAILED_BELOW)])
    return Detected(name, scans, _with_bounds(found, np.array(drawn).reshape(len(drawn), len(FailureFigures._fields))))


def _with_bounds(
    found: FailureFigures, drawn: np.ndarray
) -> dict[str, tuple[float | None, float | None, float | None, str]]:
    tail = (1 - LEVEL) / 2
    said: dict[str, tuple[float | None, float | None, float | None, str]] = {}
    for place, (figure, one) in enumerate(found._asdict().items()):
        values = drawn[~np.isnan(drawn[:, place]), place]
        if np.isnan(one.value) or not values.size:
            said[figure] = (None if np.isnan(one.value) else one.value, None, None, one.reason)
            continue
        lower, upper = np.quantile(values, (tail, 1 - tail))
        said[figure] = (one.value, float(lower), float(upper), one.reason)
    return said


def _number(value: float | None) -> float:
    return np.nan if value is None else value

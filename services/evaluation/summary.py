"""From single scans to tables: a row a stratum and measure, a column a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.bootstrap import mean_with_interval
from services.evaluation.held_out import Generator
from services.evaluation.measures import MEASURES, UNITS
from services.evaluation.results import ALL, NONE, Row
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.evaluation.lines import Line
    from services.evaluation.results import Estimate

BOOTSTRAP_SEED = 20_261_124
STRATA = (ALL, NONE, *(factor.value for factor in Factor))


def strata_of(lines: Sequence[Line]) -> tuple[Row, ...]:
    """Every measure in every stratum. A scan with two factors counts in both strata; pairs do not count."""
    cases = [line for line in lines if not line.removed]
    return tuple(
        _row(stratum, measure, *(_mean(_members(cases, stratum, column), measure) for column in Generator))
        for stratum in STRATA
        for measure in MEASURES
    )


def pairs_of(lines: Sequence[Line]) -> tuple[Row, ...]:
    """Per factor, what it changes: the mean of a scan's figure less that of the same seed without the factor."""
    return tuple(
        _row(factor.value, measure, *(_difference(lines, factor, column, measure) for column in Generator))
        for factor in Factor
        for measure in MEASURES
    )


def _row(stratum: str, measure: str, same: Estimate, other: Estimate) -> Row:
    return Row(stratum, measure, UNITS[measure.rpartition(" ")[2]], same, other)


def _members(cases: Sequence[Line], stratum: str, column: Generator) -> list[Line]:
    here = [line for line in cases if line.generator is column]
    if stratum == ALL:
        return here
    return [line for line in here if (stratum in line.factors if stratum != NONE else not line.factors)]


def _mean(cases: Sequence[Line], measure: str) -> Estimate:
    return mean_with_interval([line.figure(measure) for line in cases], [line.seed for line in cases], _rng())


def _difference(lines: Sequence[Line], factor: Factor, column: Generator, measure: str) -> Estimate:
    with_it = {line.name: line for line in lines if line.generator is column and not line.removed}
    without = [line for line in lines if line.generator is column and line.removed == factor and line.name in with_it]
    changes = [with_it[line.name].figure(measure) - line.figure(measure) for line in without]
    return mean_with_interval(changes, [line.seed for line in without], _rng())


def _rng() -> np.random.Generator:
    """The same chance for every interval, so that one more stratum moves no other."""
    return np.random.default_rng(BOOTSTRAP_SEED)

"""How good intervals are: how many hold the truth, how wide they are, and both in one score. Per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta

from services.evaluation.doubt_cases import CALIBRATION
from services.evaluation.held_out import Generator
from services.evaluation.results import NONE
from services.measurement.interval import LEVEL, interval_score
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.measurement.interval import DiameterInterval

COHORTS = (CALIBRATION, Generator.SAME.value, Generator.OTHER.value)
ALL = "all"
STRATA = (ALL, NONE, *(factor.value for factor in Factor))


@dataclass(frozen=True)
class Scored:
    """One method's interval of one scan, and the truth."""

    cohort: str
    name: str
    factors: tuple[str, ...]
    truth: float
    interval: DiameterInterval


@dataclass(frozen=True)
class Summary:
    """One method in one stratum of one cohort. Figures are None where no scan has an interval."""

    cohort: str
    stratum: str
    method: str
    scans: int
    """With an interval."""
    undefined: int
    """Without one, as the mask gives no diameter or the method nothing: counted apart."""
    covered: int
    coverage: float | None
    coverage_lower: float | None
    coverage_upper: float | None
    """95 % interval of the share (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404)."""
    width_mm: float | None
    score_mm: float | None


def summaries(scored: Sequence[Scored]) -> list[Summary]:
    """Every method in every stratum of every cohort that has scans of it."""
    methods = dict.fromkeys(one.interval.method for one in scored)
    found = []
    for cohort in COHORTS:
        for stratum in STRATA:
            here = [one for one in scored if one.cohort == cohort and _within(one, stratum)]
            of_methods = ([one for one in here if one.interval.method == method] for method in methods)
            found += [summary(cohort, stratum, some) for some in of_methods if some]
    return found


def summary(cohort: str, stratum: str, scored: Sequence[Scored]) -> Summary:
    """Of one method's intervals, at least one."""
    bounds = np.array(list(_defined(scored))).reshape(-1, 3)
    method = str(scored[0].interval.method)
    undefined = len(scored) - len(bounds)
    if not len(bounds):
        return Summary(cohort, stratum, method, 0, undefined, 0, *(None,) * 5)
    lower, upper, truth = bounds.T
    covered = int(((lower <= truth) & (truth <= upper)).sum())
    score = float(np.mean([interval_score(*one) for one in bounds]))
    low, high = share_interval(covered, len(bounds))
    width = float((upper - lower).mean())
    return Summary(
        cohort, stratum, method, len(bounds), undefined, covered, covered / len(bounds), low, high, width, score
    )


def share_interval(successes: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Where the true share lies that gave so many of `count`: exact, after Clopper and Pearson."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, count - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, count - successes)) if successes < count else 1.0
    return low, high


def _within(one: Scored, stratum: str) -> bool:
    return stratum == ALL or stratum in (one.factors or (NONE,))


def _defined(scored: Iterable[Scored]) -> Iterable[tuple[float, float, float]]:
    for one in scored:
        if one.interval.lower is not None and one.interval.upper is not None:
            yield one.interval.lower, one.interval.upper, one.truth

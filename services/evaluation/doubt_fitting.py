"""Fits the intervals' constants to the calibration cohort: the smallest mean interval score, one constant at a time.

The score punishes what is missed and what is wide at once, so that no coverage is asked for; conformal constants are
quantiles of errors. Nothing of the cohorts that are measured on is seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.doubt_cases import CALIBRATION, CALIBRATION_SEED
from services.measurement.conformal import error_quantile, normalised_quantile
from services.measurement.fit import DoubtFit
from services.measurement.interval import LEVEL, interval_score, percentile_bounds
from services.measurement.intervals import reflected, shapes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.evaluation.doubt_evidence import Gathered
    from services.imaging.progress import Tell
    from services.measurement.evidence import Evidence

VERSION = "1"
SAMPLES = 40
"""Of each scan while constants are tried."""
FLOORS = (0.5, 1.0, 1.6, 2.4, 3.4, 4.6)
SLOPES = (0.0, 0.3, 0.6, 1.0, 1.5, 2.2)
MEMBERS = (0.0, 1.0, 2.0, 3.0, 4.5)
"""What is tried of a (mm), b and c; see `DoubtFit`."""
CORRELATION_MM = 30.0
"""Chosen: about half a sac's width, so that few fields fold. Opposite sides of a wall are nearly independent."""
START = (0, 4, 3)
"""Of the three lists, where the search begins."""
START_ALONE = (0, 4, 0)
"""And where there are no members."""
SPREAD_FLOOR_MM = 1.0


def fit_to(gathered: Sequence[Gathered], model: str, seed: int, progress: Tell) -> DoubtFit:
    """The constants that suit the calibration cohort best. Raises ValueError where none of it has a diameter."""
    known = [(one.evidence, one.truth_mm) for one in gathered if one.cohort == CALIBRATION and one.evidence]
    if not known:
        raise ValueError("Constants are fitted to scans with a diameter. Found: none. Predict the cohort first.")
    search = Search([(evidence, truth) for evidence, truth in known], _started(known, model, seed, gathered))
    with_members = search.best(START, members=True, progress=progress)
    alone = search.best(START_ALONE, members=False, progress=progress)
    found = replace(
        with_members,
        floor_alone_mm=alone.floor_alone_mm,
        per_doubt_alone=alone.per_doubt_alone,
        bias_alone_mm=alone.bias_alone_mm,
    )
    return search.finished(found)


def _started(known: Sequence[tuple[Evidence, float]], model: str, seed: int, gathered: Sequence[Gathered]) -> DoubtFit:
    errors = [evidence.diameter_mm - truth for evidence, truth in known]
    spreads = [float(np.std([one for one in evidence.members if one is not None], ddof=1)) for evidence, _ in known]
    last = max(one.seed for one in gathered if one.cohort == CALIBRATION)
    return DoubtFit(
        version=VERSION,
        fitted_on=f"{len(known)} generated scans (SYNTHETIC), seeds {CALIBRATION_SEED} to {last}",
        model=model,
        seed=seed,
        cases=len(known),
        correlation_mm=CORRELATION_MM,
        floor_mm=0.0,
        per_doubt=0.0,
        per_member=0.0,
        bias_mm=0.0,
        floor_alone_mm=0.0,
        per_doubt_alone=0.0,
        bias_alone_mm=0.0,
        error_mm=round(error_quantile(errors, LEVEL), 3),
        error_spreads=round(normalised_quantile(errors, spreads, SPREAD_FLOOR_MM, LEVEL), 4),
        spread_floor_mm=SPREAD_FLOOR_MM,
        coverage=0.0,
        width_mm=0.0,
        score_mm=0.0,
    )


class Search:
    """Tries constants on scans whose truth is known, and remembers what was tried."""

    def __init__(self, known: Sequence[tuple[Evidence, float]], start: DoubtFit) -> None:
        self._known, self._start = known, start
        self._tried: dict[tuple[object, ...], tuple[float, DoubtFit]] = {}

    def best(self, start: tuple[int, int, int], *, members: bool, progress: Tell) -> DoubtFit:
        """From a place in the three lists, to the better neighbour along one of them, until there is none."""
        here, score = start, self.score(start, members=members)[0]
        while True:
            progress("constants tried", len(self._tried), len(self._tried) + 1)
            near = [one for one in _neighbours(here) if members or one[2] == 0]
            found = min(((self.score(one, members=members)[0], one) for one in near), default=(score, here))
            if found[0] >= score:
                return self.score(here, members=members)[1]
            score, here = found

    def score(self, place: tuple[int, int, int], *, members: bool) -> tuple[float, DoubtFit]:
        """Mean interval score, mm, of the constants at a place, and these with their bias."""
        key = (place, members)
        if key not in self._tried:
            fit = _at(self._start, place, members=members)
            bounds, bias = self.bounds(fit, members=members, samples=SAMPLES)
            scores = [interval_score(*one, truth) for one, (_, truth) in zip(bounds, self._known, strict=True)]
            with_bias = replace(fit, bias_mm=bias) if members else replace(fit, bias_alone_mm=bias)
            self._tried[key] = float(np.mean(scores)), with_bias
        return self._tried[key]

    def bounds(self, fit: DoubtFit, *, members: bool, samples: int) -> tuple[list[tuple[float, float]], float]:
        """The interval of each scan, mm, and the bias: the median over scans of mean sample less truth."""
        drawn = [_sampled(evidence, fit, members=members, samples=samples) for evidence, _ in self._known]
        bias = float(np.median([some.mean() - truth for some, (_, truth) in zip(drawn, self._known, strict=True)]))
        return [percentile_bounds(some - bias) for some in drawn], round(bias, 3)

    def finished(self, fit: DoubtFit) -> DoubtFit:
        """With the figures on the scans that it was fitted to."""
        bounds, _ = self.bounds(fit, members=True, samples=SAMPLES)
        truths = [truth for _, truth in self._known]
        covered = np.mean([lower <= truth <= upper for (lower, upper), truth in zip(bounds, truths, strict=True)])
        widths = np.mean([upper - lower for lower, upper in bounds])
        scores = np.mean([interval_score(*one, truth) for one, truth in zip(bounds, truths, strict=True)])
        coverage, width_mm, score_mm = (round(float(value), 3) for value in (covered, widths, scores))
        return replace(fit, coverage=coverage, width_mm=width_mm, score_mm=score_mm)


def _sampled(evidence: Evidence, fit: DoubtFit, *, members: bool, samples: int) -> NDArray[np.float64]:
    if not members:
        evidence = replace(evidence, strays_mm=evidence.strays_mm[:0])
    return reflected(evidence, shapes_of(evidence, fit, samples).diameters)


def _at(fit: DoubtFit, place: tuple[int, int, int], *, members: bool) -> DoubtFit:
    floor, slope, ways = place
    if not members:
        return replace(fit, floor_alone_mm=FLOORS[floor], per_doubt_alone=SLOPES[slope])
    return replace(fit, floor_mm=FLOORS[floor], per_doubt=SLOPES[slope], per_member=MEMBERS[ways])


def _neighbours(place: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    found = []
    for axis, values in enumerate((FLOORS, SLOPES, MEMBERS)):
        for step in (-1, 1):
            moved = list(place)
            moved[axis] += step
            if 0 <= moved[axis] < len(values):
                found.append((moved[0], moved[1], moved[2]))
    return found

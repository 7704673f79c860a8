"""How much lower the area above the rejection curve is than with other ways, and what that says about the claims.

All differences are paired: the same scans, the same region, the same mask. The best baseline is chosen on the scans
that it is compared on, which favours it; its choice is not part of the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.bootstrap import FEWEST, LEVEL, RESAMPLES
from services.evaluation.held_out import Generator
from services.evaluation.results import ALL, Estimate
from services.evaluation.uncertainty_judging import AAC, EXACT, NCC, OWN_AAC, key
from services.evaluation.uncertainty_readings import majority_of
from services.evaluation.uncertainty_summary import SEED, estimated, within
from services.evaluation.uncertainty_ways import Way
from services.phantom.simulated_readers import CONTROL, LOW_AGREEMENT, MAIN
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.evaluation.uncertainty_lines import ScanFigures

Map = tuple[Way, Measure]
OURS: Map = (Way.TWO_ENSEMBLES, Measure.TOTAL)
OTHERS_OF_OURS: tuple[Map, ...] = (
    (Way.LIGHT, Measure.TOTAL),
    (Way.FIRST, Measure.TOTAL),
    (Way.MAJORITY, Measure.TOTAL),
)
"""The network with two heads, and the two ensembles with another ensemble A."""
EQUAL_COST: tuple[Map, ...] = (
    *((way, measure) for way in (Way.TEN, Way.LONGER) for measure in Measure if measure is not Measure.ALEATORIC),
    (Way.TWICE, Measure.TOTAL),
    (Way.SOFT_ALONE, Measure.PREDICTIVE),
    (Way.SOFT_ALONE, Measure.EXPECTED),
)
"""Baselines that ask as many networks as the two ensembles, or networks that learnt for as long: B alone among them."""
CHEAPER: tuple[Map, ...] = tuple(
    (way, measure)
    for way in (Way.ENSEMBLE, Way.DROPOUT, Way.AUGMENTATION)
    for measure in (Measure.PREDICTIVE, Measure.EXPECTED, Measure.MUTUAL, Measure.SOFTMAX)
)
PLAIN: Map = (Way.ENSEMBLE, Measure.PREDICTIVE)
SHOWN = (OURS, *OTHERS_OF_OURS, *EQUAL_COST, *CHEAPER)
BRIEF = (
    OURS, OTHERS_OF_OURS[0], (Way.TEN, Measure.PREDICTIVE), (Way.TEN, Measure.TOTAL), (Way.TWICE, Measure.TOTAL),
    (Way.SOFT_ALONE, Measure.PREDICTIVE), PLAIN, (Way.ENSEMBLE, Measure.MUTUAL), (Way.ENSEMBLE, Measure.SOFTMAX),
    (Way.DROPOUT, Measure.PREDICTIVE), (Way.AUGMENTATION, Measure.PREDICTIVE),
)  # fmt: skip
"""What README shows."""
MATCHED = (
    (Way.TWO_ENSEMBLES, Measure.ALEATORIC), (Way.TWO_ENSEMBLES, Measure.EPISTEMIC), OURS,
    (Way.LIGHT, Measure.ALEATORIC), (Way.LIGHT, Measure.EPISTEMIC), (Way.ENSEMBLE, Measure.EXPECTED),
    (Way.ENSEMBLE, Measure.MUTUAL), (Way.TWICE, Measure.ALEATORIC), (Way.AUGMENTATION, Measure.PREDICTIVE),
    (Way.DROPOUT, Measure.PREDICTIVE),
)  # fmt: skip
"""Whose NCC with the readers is shown."""
AIM = 0.09
"""What the two ensembles are to gain over the best baseline at equal cost, on the other generator."""
COHORTS_READ = (MAIN.name, CONTROL.name, LOW_AGREEMENT.name)
READ = tuple(majority_of(name, iliacs=False) for name in COHORTS_READ)
"""What maps are matched with readers on: without what is a habit of all of them."""
REFERENCES = (EXACT, *map(majority_of, COHORTS_READ), *READ)
LEADING = (EXACT, majority_of(MAIN.name), majority_of(MAIN.name, iliacs=False))
"""Those that the areas are compared on first."""


@dataclass(frozen=True)
class Gain:
    """By which part the AAC of one map is lower than that of another: 1 - ours / theirs."""

    ours: Map
    theirs: Map
    reference: str
    generator: Generator
    own_mask: bool
    """Whether theirs is judged on the errors of its own mask."""
    best: bool
    """Whether theirs has the lowest AAC of all baselines at equal cost."""
    estimate: Estimate


def gains(lines: Sequence[ScanFigures]) -> list[Gain]:
    """Ours against every baseline, and our other ways against the best one, per reference and generator."""
    found = []
    for reference in REFERENCES:
        for generator in Generator:
            here = within(lines, generator, ALL)
            best = best_baseline(here, reference)
            pairs = [(OURS, theirs) for theirs in (*EQUAL_COST, *CHEAPER)]
            pairs += [(ours, best) for ours in OTHERS_OF_OURS] if best else []
            for ours, theirs in pairs:
                one = gain(here, ours, theirs, reference)
                found += [Gain(ours, theirs, reference, generator, False, theirs == best, one)] if one.cases else []
            own = gain(here, OURS, best, reference, figure=OWN_AAC) if best else None
            if best and own and own.cases:
                found.append(Gain(OURS, best, reference, generator, True, True, own))
    return found


def best_baseline(lines: Sequence[ScanFigures], reference: str) -> Map | None:
    """The one at equal cost with the lowest mean AAC on these scans.

    None where the baselines that need controls were not measured: the best of the others would be too easily beaten.
    """
    known = {one: values for one in EQUAL_COST if _known(values := _values(lines, one, reference))}
    if not {way for way, _ in known} >= {Way.TEN, Way.TWICE}:
        return None
    return min(known, key=lambda one: float(np.nanmean(known[one])))


def gain(lines: Sequence[ScanFigures], ours: Map, theirs: Map, reference: str, *, figure: str = AAC) -> Estimate:
    """1 - mean AAC of ours / mean AAC of theirs, over scans that have both; `figure`: which of theirs."""
    pairs = np.stack([_values(lines, ours, reference), _values(lines, theirs, reference, figure)], axis=1)
    defined = np.isfinite(pairs).all(axis=1)
    undefined, pairs = int((~defined).sum()), pairs[defined]
    if not len(pairs):
        return Estimate(None, None, None, 0, 0, undefined, "no scan has both")
    _, person = np.unique([line.seed for line, one in zip(lines, defined, strict=True) if one], return_inverse=True)
    count = int(person.max()) + 1
    sums = np.stack([np.bincount(person, column, count) for column in pairs.T], axis=1)
    value = float(_relative(sums.sum(axis=0)))
    if count < FEWEST or not np.isfinite(value):
        reason = f"no interval: fewer than {FEWEST} persons" if np.isfinite(value) else "the baseline's area is 0"
        return Estimate(value if np.isfinite(value) else None, None, None, len(pairs), count, undefined, reason)
    drawn = np.random.default_rng(SEED).integers(count, size=(RESAMPLES, count))
    tail = (1 - LEVEL) / 2
    lower, upper = np.nanquantile(_relative(sums[drawn].sum(axis=1)), (tail, 1 - tail))
    return Estimate(value, float(lower), float(upper), len(pairs), count, undefined)


def difference(lines: Sequence[ScanFigures], one: str, other: str) -> Estimate:
    """Mean over scans of one figure less another."""
    return estimated(lines, [line.figure(one) - line.figure(other) for line in lines])


@dataclass(frozen=True)
class Compared:
    """One claim's comparisons, each a difference that is above 0 where the claim holds."""

    claim: str
    paper: str
    found: dict[str, Estimate]


def claims(lines: Sequence[ScanFigures]) -> list[Compared]:
    """What the paper claims about expert-guided uncertainty, and what was found."""
    main, _, low = READ
    columns = {column.value: within(lines, column, ALL) for column in Generator}
    against = {f"{name}, {reference}": (here, reference) for name, here in columns.items() for reference in LEADING}
    return [
        Compared(
            "the two ensembles' total has a smaller AAC than the best baseline at equal cost",
            "9 to 50 % better, depending on the task; tables not seen",
            {name: one for name, (here, reference) in against.items() if (one := _gain_of_best(here, OURS, reference))},
        ),
        Compared(
            "one network with two heads does so too",
            "a lighter variant is named; ours is our own design",
            {
                name: one
                for name, (here, reference) in against.items()
                if (one := _gain_of_best(here, OTHERS_OF_OURS[0], reference))
            },
        ),
        Compared(
            "aleatoric uncertainty follows the readers more than epistemic does: NCC",
            "components are estimated separately; no figure seen",
            {name: _follows(here, main) for name, here in columns.items()},
        ),
        Compared(
            "B follows the readers more than A's own expected entropy does: NCC",
            "learning from readers is what helps; no figure seen",
            {name: _more_than_a(here, main) for name, here in columns.items()},
        ),
        Compared(
            "that gain is larger where readers follow the image than where they do not: NCC",
            "our control, not the paper's",
            {name: _vanishes(here) for name, here in columns.items()},
        ),
        Compared(
            "where readers agree little, the plain ensemble is better: AAC",
            "so on LIDC-IDRI (WACV 2025)",
            {name: _reversed(gain(here, OURS, PLAIN, low)) for name, here in columns.items()},
        ),
    ]


def _gain_of_best(lines: Sequence[ScanFigures], ours: Map, reference: str) -> Estimate | None:
    best = best_baseline(lines, reference)
    return gain(lines, ours, best, reference) if best else None


def _follows(lines: Sequence[ScanFigures], reference: str) -> Estimate:
    of = {what: key(Way.TWO_ENSEMBLES, what, reference, NCC) for what in (Measure.ALEATORIC, Measure.EPISTEMIC)}
    return difference(lines, of[Measure.ALEATORIC], of[Measure.EPISTEMIC])


def _more_than_a(lines: Sequence[ScanFigures], reference: str) -> Estimate:
    return difference(lines, *_pair(reference))


def _vanishes(lines: Sequence[ScanFigures]) -> Estimate:
    """The gain in NCC with the main cohort less that with readers who differ wherever chance has it."""
    values = []
    for line in lines:
        followed, elsewhere = (_pair(reference) for reference in READ[:2])
        first, second = (line.figure(one) - line.figure(other) for one, other in (followed, elsewhere))
        values.append(first - second)
    return estimated(lines, values)


def _pair(reference: str) -> tuple[str, str]:
    soft = key(Way.TWO_ENSEMBLES, Measure.ALEATORIC, reference, NCC)
    return soft, key(Way.ENSEMBLE, Measure.EXPECTED, reference, NCC)


def _reversed(one: Estimate) -> Estimate:
    value, lower, upper = (None if bound is None else -bound for bound in (one.value, one.upper, one.lower))
    return Estimate(value, lower, upper, one.cases, one.patients, one.undefined, one.reason)


def _values(lines: Sequence[ScanFigures], one: Map, reference: str, figure: str = AAC) -> np.ndarray:
    return np.array([line.figure(key(*one, reference, figure)) for line in lines], np.float64)


def _known(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())


def _relative(sums: np.ndarray) -> np.ndarray:
    """1 - ours / theirs of sums (..., 2)."""
    shares = np.divide(sums[..., 0], sums[..., 1], out=np.full(sums.shape[:-1], np.nan), where=sums[..., 1] > 0)
    return np.asarray(1 - shares, np.float64)

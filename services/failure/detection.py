"""Which score of a scan finds bad outlines, and which finds scans unlike the others. Pure functions on arrays.

Failure detection: AURC, E-AURC, AUGRC and AUROC of a score against 1 - Dice (services/uncertainty/failure.py).
Out-of-distribution detection: the AUROC of a score for a scan coming from outside. Scores are compared by their mean
rank over settings (Guarino et al. 2026, arXiv:2603.29941); a setting is a group of scans and one from outside it.
Intervals are percentile bootstraps over persons, the same drawings for every score.

In aneurysms size goes with everything, so that a score may do no more than measure it. `auroc_within` compares only
scans of like size: pairs of a failed and another scan within one tertile of the predicted volume (a stratified Mann and
Whitney statistic; van Elteren 1960), so that size alone is worth little there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import rankdata

from services.evaluation.measures import Measured
from services.uncertainty.failure import FEWEST_OF_A_KIND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Index = NDArray[np.intp]

VERSION = "1"
LEVEL = 0.95
FEWEST_PERSONS = 3
"""Persons below which no interval is given."""
TERTILES = 3


class Bounded(NamedTuple):
    """A number with its 95 % interval; nan only with its reason, bounds nan where there is no interval."""

    value: float
    lower: float
    upper: float
    reason: str = ""


class Ranked(NamedTuple):
    """Scores side by side over several settings, 1 the best, ties sharing their mean rank."""

    ranks: dict[str, float]
    """The mean over settings, best first."""
    left_out: dict[str, str]
    """Scores that are undefined in some setting, with the reason."""


def drawings(person: Index, rng: np.random.Generator, times: int) -> list[Index]:
    """So many times the places of scans (scan,) of persons drawn with replacement, each with all scans of theirs.

    Field and Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x. None below FEWEST_PERSONS.
    """
    _, whose = np.unique(person, return_inverse=True)
    count = int(whose.max(initial=-1)) + 1
    if count < FEWEST_PERSONS:
        return []
    drawn = (np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(times))
    return [np.repeat(np.arange(len(whose)), each[whose]) for each in drawn]


def bounded(figures: Callable[[Index], Sequence[Measured]], scans: int, drawn: Sequence[Index]) -> tuple[Bounded, ...]:
    """Figures of all scans, each with its interval over the drawings in which it is defined."""
    found = figures(np.arange(scans))
    again = np.array([[one.value for one in figures(places)] for places in drawn]).reshape(len(drawn), len(found))
    return tuple(
        Bounded(math.nan, math.nan, math.nan, one.reason)
        if math.isnan(one.value)
        else Bounded(one.value, *interval_of(again[:, place]), one.reason)
        for place, one in enumerate(found)
    )


def interval_of(again: Numbers) -> tuple[float, float]:
    """Percentile interval of a figure over drawings (drawing,); nan where nothing is defined."""
    known = again[np.isfinite(again)]
    if not known.size:
        return math.nan, math.nan
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(known, (tail, 1 - tail))
    return float(lower), float(upper)


def auroc(score: Numbers, positive: Mask) -> Measured:
    """Chance that a positive scan scores higher than another, ties counting half; scans without a score do not count.

    By ranks (Mann and Whitney 1947, doi:10.1214/aoms/1177730491). nan with the reason for too few of a kind.
    """
    known = np.isfinite(score)
    told, wanted = score[known], positive[known]
    many, few = int(wanted.sum()), int((~wanted).sum())
    if min(many, few) < FEWEST_OF_A_KIND:
        return Measured(math.nan, _too_few(many, few))
    return Measured(_wins(told, wanted) / (many * few))


def auroc_within(score: Numbers, positive: Mask, size: Numbers) -> Measured:
    """AUROC over pairs of scans within one tertile of `size`: all such pairs together. nan with the reason."""
    known = np.isfinite(score) & np.isfinite(size)
    told, wanted, group = score[known], positive[known], tertile_of(size[known])
    wins, pairs, many = 0.0, 0, 0
    for number in range(TERTILES):
        here = group == number
        failed, fine = int(wanted[here].sum()), int((~wanted[here]).sum())
        if failed and fine:
            wins, pairs, many = wins + _wins(told[here], wanted[here]), pairs + failed * fine, many + failed
    if many < FEWEST_OF_A_KIND:
        return Measured(math.nan, f"{many} positive scans share a tertile of size with others: too few")
    return Measured(wins / pairs)


def tertile_of(size: Numbers) -> Index:
    """0 small, 1, 2 large (scan,): the thirds of the sorted sizes, equal sizes together."""
    ranks = rankdata(size, method="average")
    third: Index = np.minimum((ranks - 0.5) * TERTILES / max(len(size), 1), TERTILES - 1).astype(np.intp)
    return third


def mean_ranks(values: Mapping[str, Sequence[float]], *, highest_first: bool) -> Ranked:
    """Of a figure of every score in the same settings (setting,). A score that is undefined in one is left out."""
    whole = {name: each for name, each in values.items() if len(each) and np.isfinite(each).all()}
    out = {
        name: f"undefined in {int((~np.isfinite(each)).sum())} of {len(each)} settings" if len(each) else "no setting"
        for name, each in values.items()
        if name not in whole
    }
    if not whole:
        return Ranked({}, out)
    table = np.array(list(whole.values()), np.float64)
    ranks = rankdata(-table if highest_first else table, axis=0).mean(axis=1)
    order = np.argsort(ranks, kind="stable")
    names = list(whole)
    return Ranked({names[place]: float(ranks[place]) for place in order}, out)


def percentile(value: float, others: Numbers) -> Measured:
    """Share of other scans that score lower, equal ones counting half, in per cent; nan with the reason."""
    known = others[np.isfinite(others)]
    if not math.isfinite(value) or not known.size:
        return Measured(math.nan, "there is no such score")
    below, same = int((known < value).sum()), int((known == value).sum())
    return Measured(100 * (below + same / 2) / known.size)


def _wins(score: Numbers, positive: Mask) -> float:
    """Pairs in which the positive scan scores higher, ties counting half."""
    many = int(positive.sum())
    return float(rankdata(score)[positive].sum()) - many * (many + 1) / 2


def _too_few(many: int, few: int) -> str:
    return f"{many} of {many + few} scans are of that kind: fewer than {FEWEST_OF_A_KIND} of one"

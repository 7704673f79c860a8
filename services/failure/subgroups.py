"""Groups of cases by what is known of them: how wrong a model is in each, and where it fails more often than elsewhere.

Both look many times, so every p-value is corrected over all looks (Benjamini and Hochberg 1995,
doi:10.1111/j.2517-6161.1995.tb02031.x). Cases count as independent, which the scans of one patient are not quite. Pure
functions of counted groups.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.failure.attributes import CUT_LABELS, Attribute, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.failure.attributes import Cuts, Group

    Key = tuple[tuple[Attribute, str], ...]

FEWEST = 3
"""Cases with a defined error that a group, and all others, must have for an interval and a test."""
SUPPORT = 8
"""Judged cases that a slice must hold: a rule of our own."""
SIGNIFICANT = 0.05
MOST_SLICES = 6
LEVEL = 0.95
TOO_FEW = f"fewer than {FEWEST} cases with a defined error, here or elsewhere"


class Sums(NamedTuple):
    """Counts and sums over cases, see Group."""

    cases: int = 0
    judged: int = 0
    failed: int = 0
    measured: int = 0
    total: float = 0.0
    square: float = 0.0

    def plus(self, other: Sums, sign: int = 1) -> Sums:
        """Both together, or this without the other."""
        return Sums(
            self.cases + sign * other.cases,
            self.judged + sign * other.judged,
            self.failed + sign * other.failed,
            self.measured + sign * other.measured,
            self.total + sign * other.total,
            self.square + sign * other.square,
        )

    @property
    def mean(self) -> float:
        """Of the error; nan where no case has one."""
        return self.total / self.measured if self.measured else math.nan

    @property
    def deviation(self) -> float:
        """Standard deviation of the error in a sample; nan of fewer than two."""
        if self.measured < 2:
            return math.nan
        rest = max(self.square - self.total**2 / self.measured, 0.0)
        return math.sqrt(rest / (self.measured - 1))


@dataclass(frozen=True)
class Subgroup:
    """All cases with one label."""

    attribute: Attribute
    words: str
    sums: Sums
    lower: float | None
    upper: float | None
    """Interval of the mean error by Student's t."""
    share: tuple[float, float] | None
    """Wilson's interval of the share that failed; None where no case is judged."""
    p: float | None
    """Corrected, of a mean that differs from that of all others (Welch); None with the reason."""
    reason: str = ""
    label: str = ""

    @property
    def labels(self) -> Key:
        """What its cases have in common."""
        return ((self.attribute, self.label),)


@dataclass(frozen=True)
class FailingSlice:
    """Cases that share one or two labels and fail more often than the others."""

    words: str
    failed: int
    judged: int
    failed_elsewhere: int
    judged_elsewhere: int
    lift: float
    """How many times as often as all cases together."""
    p: float
    """Corrected, one-sided, by Fisher's exact test."""
    labels: Key = ()

    @property
    def sentence(self) -> str:
        """In plain words."""
        elsewhere = f"{self.failed_elsewhere} of {self.judged_elsewhere} elsewhere"
        return f"{self.words[:1].upper()}{self.words[1:]}: {self.failed} of {self.judged} failed, {elsewhere}."


@dataclass(frozen=True)
class Looked:
    """What was found, and after how many looks."""

    subgroups: tuple[Subgroup, ...]
    tested: int
    slices: tuple[FailingSlice, ...]
    rules: int
    all: Sums


def look(groups: Sequence[Group], cuts: Cuts) -> Looked:
    """Every label by itself, and the slices in which failures gather."""
    singles, whole = _summed(groups, 1), _all(groups)
    subgroups = _subgroups(singles, whole, cuts)
    slices, rules = _slices(singles | _summed(groups, 2), whole, cuts)
    return Looked(subgroups, sum(one.p is not None for one in subgroups), slices, rules, whole)


def _all(groups: Iterable[Group]) -> Sums:
    whole = Sums()
    for group in groups:
        whole = whole.plus(Sums(*group[1:]))
    return whole


def _summed(groups: Sequence[Group], depth: int) -> dict[Key, Sums]:
    """Of every combination of so many labels that are known."""
    found: defaultdict[Key, Sums] = defaultdict(Sums)
    for group in groups:
        labels = [(name, label) for name, label in zip(Attribute, group.labels, strict=True) if label]
        own = Sums(*group[1:])
        for key in combinations(labels, depth):
            found[key] = found[key].plus(own)
    return dict(found)


def _subgroups(singles: Mapping[Key, Sums], whole: Sums, cuts: Cuts) -> tuple[Subgroup, ...]:
    """Of attributes that tell cases apart, in their order."""
    several = {name for name in Attribute if sum(key[0][0] is name for key in singles) > 1}
    keys = sorted((key for key in singles if key[0][0] in several), key=lambda key: (_place(key), *_rank(key[0][1])))
    raw = [_welch(singles[key], whole.plus(singles[key], -1)) for key in keys]
    corrected = iter(_corrected([p for p in raw if p is not None]))
    return tuple(
        _subgroup(key[0], singles[key], cuts, next(corrected) if p is not None else None)
        for key, p in zip(keys, raw, strict=True)
    )


def _place(key: Key) -> int:
    return list(Attribute).index(key[0][0])


def _rank(label: str) -> tuple[int, str]:
    """Low, middle, high in this order; names in that of letters."""
    return (CUT_LABELS.index(label) if label in CUT_LABELS else 0), label


def _subgroup(named: tuple[Attribute, str], sums: Sums, cuts: Cuts, p: float | None) -> Subgroup:
    lower, upper = _interval(sums)
    share = _wilson(sums.failed, sums.judged) if sums.judged else None
    reason = "" if p is not None else TOO_FEW
    return Subgroup(named[0], words_of(*named, cuts), sums, lower, upper, share, p, reason, named[1])


def _interval(sums: Sums) -> tuple[float | None, float | None]:
    from scipy import stats  # noqa: PLC0415 -- takes long to load, and is needed once asked for

    if sums.measured < FEWEST:
        return None, None
    half = stats.t.ppf((1 + LEVEL) / 2, sums.measured - 1) * sums.deviation / math.sqrt(sums.measured)
    return sums.mean - float(half), sums.mean + float(half)


def _wilson(failed: int, judged: int) -> tuple[float, float]:
    """Wilson 1927, doi:10.1080/01621459.1927.10502953."""
    from scipy import stats  # noqa: PLC0415 -- as above

    interval = stats.binomtest(failed, judged).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def _welch(own: Sums, others: Sums) -> float | None:
    """Two-sided; None where too few, or where neither varies."""
    from scipy import stats  # noqa: PLC0415 -- as above

    if min(own.measured, others.measured) < FEWEST or not own.deviation + others.deviation:
        return None
    sides = (own.mean, own.deviation, own.measured, others.mean, others.deviation, others.measured)
    return float(stats.ttest_ind_from_stats(*sides, equal_var=False).pvalue)


def _corrected(p: Sequence[float]) -> list[float]:
    from scipy import stats  # noqa: PLC0415 -- as above

    found: list[float] = stats.false_discovery_control(np.asarray(p)).tolist() if p else []
    return found


def _slices(found: Mapping[Key, Sums], whole: Sums, cuts: Cuts) -> tuple[tuple[FailingSlice, ...], int]:
    """Those that are significant, highest lift first, and how many rules were looked at.

    Of rules with the same counts, which hold the same cases as a rule, the shortest is kept.
    """
    from scipy import stats  # noqa: PLC0415 -- as above

    if not whole.failed:
        return (), 0
    looked = {key: sums for key, sums in found.items() if SUPPORT <= sums.judged < whole.judged}
    tail = [
        float(stats.hypergeom.sf(sums.failed - 1, whole.judged, whole.failed, sums.judged)) for sums in looked.values()
    ]
    made = [
        _slice(key, looked[key], whole, cuts, p)
        for key, p in zip(looked, _corrected(tail), strict=True)
        if p <= SIGNIFICANT and _says_more(key, found)
    ]
    ranked = sorted(made, key=lambda one: (-one.lift, one.p, len(one.words)))
    once = {(one.failed, one.judged): one for one in reversed(ranked)}
    return tuple(one for one in ranked if once[one.failed, one.judged] is one)[:MOST_SLICES], len(looked)


def _says_more(key: Key, found: Mapping[Key, Sums]) -> bool:
    """A rule of two labels fails more often than either label alone."""
    rate = found[key].failed / found[key].judged
    alone = [found[(one,)] for one in key] if len(key) > 1 else []
    return all(rate > one.failed / one.judged for one in alone)


def _slice(key: Key, sums: Sums, whole: Sums, cuts: Cuts, p: float) -> FailingSlice:
    words = " and ".join(words_of(name, label, cuts) for name, label in key)
    lift = sums.failed / sums.judged / (whole.failed / whole.judged)
    rest = whole.plus(sums, -1)
    return FailingSlice(words, sums.failed, sums.judged, rest.failed, rest.judged, lift, p, key)

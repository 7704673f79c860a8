"""What stays unseen when only the most doubtful cases are reviewed: risk and coverage of a score over judged cases.

n cases are sorted from the least doubtful on; a share c of them, the coverage, is left unreviewed, and B(c) of these
are unacceptable, of U in all:

    risk(c)      B(c) / (c n)      share of unacceptable ones among those that nobody reviews
    unseen(c)    B(c) / U          share of the unacceptable ones that nobody reviews

Geifman and El-Yaniv 2017, arXiv:1705.08500 (selective risk). Cases with equal scores come in no order of their own: B
is taken as it is on average over all orders, and between two cases it is a line. Intervals are percentiles over persons
drawn again with all their cases (Efron 1979, doi:10.1214/aos/1176344552); where every draw says the same, since none or
all of the cases are unacceptable, the interval of Wilson 1927 (doi:10.1080/01621459.1927.10502953) stands in their
place. Cases with a verdict are seldom a random draw: what readers chose to review says little about what they never
opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.uncertainty.rejection import Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Mask = NDArray[np.bool_]

VERSION = "1"
FEWEST = 20
"""Judged cases below which nothing is said."""
FEWEST_OF_A_KIND = 3
"""Unacceptable ones, and others, below which nothing is said."""
RESAMPLES = 500
SEED = 20_330
LEVEL, NORMAL = 0.95, 1.959963984540054
"""Of all intervals, and the quantile of the normal distribution that goes with it."""
BY_PERSONS, BY_WILSON = "bootstrap over patients", "Wilson"
NOTHING_LEFT = "every case is reviewed"
NOTHING_WRONG = "no case is unacceptable"
MOST_POINTS = 100


class Share(NamedTuple):
    """A share with its 95 % interval, and how that was made; nan only with the reason."""

    value: float
    lower: float
    upper: float
    by: str
    """How the interval was made, or why there is no value."""


class Left(NamedTuple):
    """What one score leaves at one budget."""

    risk: Share
    unseen: Share
    last: int | None
    """The unacceptable case that the score finds least doubtful: the one that is found last. None without any."""


def too_few(bad: int, every: int) -> str:
    """Why nothing can be said of so many judged cases; '' where something can."""
    if every < FEWEST:
        return f"{every} of the {FEWEST} judged cases that are needed"
    if min(bad, every - bad) < FEWEST_OF_A_KIND:
        return f"{bad} of {every} judged cases are unacceptable, and {FEWEST_OF_A_KIND} of each kind are needed"
    return ""


@dataclass(frozen=True)
class Curve:
    """Risk at rising coverage, with the band of 95 %."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    case: tuple[int, ...]
    """The most doubtful case that is left unreviewed there."""


@dataclass(frozen=True)
class Judged:
    """Cases whose acceptability is known, and draws of their persons."""

    unacceptable: Mask
    """(case,)"""
    weights: NDArray[np.float64]
    """(1 + draw, case): how often a case counts; once in the first row, and as often as its person was drawn below."""

    @classmethod
    def of(
        cls,
        unacceptable: Sequence[bool] | Mask,
        persons: Sequence[object],
        rng: np.random.Generator,
        draws: int = RESAMPLES,
    ) -> Judged:
        """Of (case,) and whose case each is: a person is drawn again with all his cases."""
        _, person = np.unique(np.asarray(persons), return_inverse=True)
        count = int(person.max()) + 1 if person.size else 0
        times = rng.multinomial(count, np.full(count, 1 / count), size=draws) if count else np.zeros((draws, 0), int)
        weights = np.concatenate([np.ones((1, person.size)), times[:, person]])
        return cls(np.asarray(unacceptable, np.bool_), weights)

    @property
    def too_few(self) -> str:
        """Why nothing can be said; '' where something can."""
        return too_few(int(self.unacceptable.sum()), len(self.unacceptable))

    def by(self, score: Sequence[float] | Floats) -> Ranked:
        """The cases sorted by a score (case,), finite, high where a case is doubtful."""
        order = Order.of(np.asarray(score, np.float64))
        weights = self.weights[:, order.places]
        bad = self.unacceptable[order.places]
        return Ranked(order, bad, _running(weights, order.ends), _running(weights * bad, order.ends))


@dataclass(frozen=True)
class Ranked:
    """Judged cases from the least doubtful one on."""

    order: Order
    bad: Mask
    """(case,), in this order."""
    kept: NDArray[np.float64]
    """(1 + draw, group + 1): cases up to the end of each group of equal scores."""
    wrong: NDArray[np.float64]
    """The unacceptable ones among them."""

    @cached_property
    def curve(self) -> Curve:
        """Risk at up to 100 coverages."""
        count = len(self.bad)
        ranks = np.unique(np.linspace(1, count, min(count, MOST_POINTS)).round().astype(int))
        risk, _ = self._at(ranks / count)
        lower, upper = np.nanquantile(risk[1:], _tails(), axis=0)
        at, middle, low, high = (tuple(map(float, one)) for one in (ranks / count, risk[0], lower, upper))
        return Curve(at, middle, low, high, tuple(map(int, self.order.places[ranks - 1])))

    def left(self, reviewed: float) -> Left:
        """What stays unseen where this share of the cases, the most doubtful ones, is reviewed."""
        coverage = max(0.0, 1 - reviewed)
        risk, unseen = self._at(np.array([coverage]))
        first = np.flatnonzero(self.bad)
        return Left(
            _share(risk[:, 0], coverage * len(self.bad), NOTHING_LEFT),
            _share(unseen[:, 0], int(self.bad.sum()), NOTHING_WRONG),
            int(self.order.places[first[0]]) if first.size else None,
        )

    def apart(self, other: Ranked, reviewed: float) -> Share:
        """How much more of the unacceptable cases `other` leaves unseen, on the same draws."""
        coverage = np.array([max(0.0, 1 - reviewed)])
        more = (other._at(coverage)[1] - self._at(coverage)[1])[:, 0]
        return Share(float(more[0]), *_quantiles(more[1:]), BY_PERSONS)

    def _at(self, coverage: Floats) -> tuple[Floats, Floats]:
        """Risk and unseen share, both (1 + draw, coverage); nan where there is nothing to divide by."""
        at = self.kept[:, -1:] * coverage
        found = np.stack([np.interp(*row) for row in zip(at, self.kept, self.wrong, strict=True)])
        with np.errstate(invalid="ignore", divide="ignore"):
            return found / at, found / self.wrong[:, -1:]


def wilson(share: float, count: float) -> tuple[float, float]:
    """Interval of a share of `count` cases, to 95 %; count > 0."""
    squared = NORMAL**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = NORMAL / (1 + squared / count) * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def best(ranked: Mapping[str, Ranked], reviewed: float) -> str:
    """In words: which of at least two scores leaves least unseen, and whether the next one is told apart from it."""
    left = {name: one.left(reviewed).unseen.value for name, one in ranked.items()}
    first, second = sorted(left, key=lambda name: left[name])[:2]
    apart = ranked[first].apart(ranked[second], reviewed)
    said = f"Least is left unseen by {first} ({100 * left[first]:.0f} % of the unacceptable cases), then by {second} "
    said += f"({100 * left[second]:.0f} %)."
    lower, upper = 100 * apart.lower, 100 * apart.upper
    if lower > 0:
        return f"{said} The second leaves {lower:.0f} to {upper:.0f} points (95 %) more."
    return (
        f"{said} These cases do not tell the two apart: the difference is {lower:+.0f} to {upper:+.0f} points (95 %)."
    )


def _running(values: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """(draw, group + 1): sums over the cases up to the end of each group."""
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(sums[:, ends], np.float64)


def _share(values: Floats, count: float, why: str) -> Share:
    """The first value with the interval of the others; `count`: cases that it is a share of."""
    value = float(values[0])
    if math.isnan(value):
        return Share(value, value, value, why)
    lower, upper = _quantiles(values[1:])
    if upper > lower:
        return Share(value, lower, upper, BY_PERSONS)
    return Share(value, *wilson(value, count), BY_WILSON)


def _quantiles(draws: Floats) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if not known.size:
        return math.nan, math.nan
    lower, upper = np.quantile(known, _tails())
    return float(lower), float(upper)


def _tails() -> tuple[float, float]:
    return (1 - LEVEL) / 2, (1 + LEVEL) / 2

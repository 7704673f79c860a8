"""A threshold with a promise: with confidence 1 - delta, at most a share alpha of all cases is bad and not flagged.

Learn then test (Angelopoulos et al. 2021, arXiv:2110.01052). The risk of a threshold t is

    R(t) = P(unacceptable, and not flagged: nothing else flags the case and its score lies below t)

and R(t) > alpha is tested threshold by threshold, from the one that flags most, in a fixed order and each at level
delta, until one cannot be rejected (fixed-sequence testing); the last rejected one flags least and is chosen. So the
chance that the true risk of what is chosen exceeds alpha is at most delta.

What is known of unflagged cases must come from cases drawn at random: whoever looks only where flags are sees no
failure that has none. Every unflagged case is drawn with a known probability p, by itself. Of n cases of which all had
this chance, the number drawn and found unacceptable below t is then binomial with n trials and probability p R(t),
flagged cases counting as not bad: its p-value is exact. Where probabilities differ, the mean of (least p / p) times the
loss is tested by the inequality of Hoeffding and Bentkus (Bates et al. 2021, arXiv:2101.02703), which is wider.

The grid of thresholds is set before anything is judged. A drawn case that is not judged yet counts as unacceptable. The
promise is about cases like these, from the same scanners and model: it says nothing about others.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

METHOD, VERSION = "learn then test", "1"
ALPHA, DELTA = 0.05, 0.10
"""Tolerance and chance of error unless others are asked for."""
GRID = tuple(step / 100 for step in range(101))
"""Thresholds that are tried, for scores in [0, 1]; the first flags every case with a score."""
BINOMIAL, BENTKUS = "binomial, exact", "Hoeffding and Bentkus"
NONE_DRAWN = "no unflagged case was drawn at random, so that nothing is known of those that no flag points at"
ONLY_ALL = "among the thresholds that were tried only one that flags every drawn case keeps the promise"
NONE_KEEPS = "none of the thresholds that were tried keeps the promise"


class Audited(NamedTuple):
    """An unflagged case that was drawn at random."""

    score: float
    """High where doubtful; nan where it has none: such a case counts as flagged at every threshold."""
    probability: float
    """Of being drawn, above 0."""
    unacceptable: bool | None
    """None while it is not judged: it counts as unacceptable."""


class Promise(NamedTuple):
    """What was chosen; without a threshold the reason, and how many cases are still needed."""

    threshold: float | None
    """A case whose score is this or higher is flagged."""
    alpha: float
    delta: float
    method: str
    cases: int
    """That had the chance to be drawn, flagged ones among them."""
    audited: int
    waiting: int
    """Drawn, and not judged yet."""
    p_values: tuple[float, ...]
    """Of every threshold of the grid, in its order; () where nothing was tested."""
    risk: float | None
    """The estimate of the risk at the chosen threshold."""
    needed: int
    """Further cases, drawn like these, before any threshold could be chosen; 0 where none are missing."""
    reason: str


def promised(
    audited: Sequence[Audited],
    cases: int,
    *,
    probability: float,
    alpha: float = ALPHA,
    delta: float = DELTA,
    grid: Sequence[float] = GRID,
) -> Promise:
    """The threshold that flags least and keeps the promise; refused with the number still needed.

    audited: all drawn cases; cases: how many there are in all, drawn, not drawn and flagged. probability: of being
    drawn, as it is now; used where nothing was drawn yet, to say how many cases are needed. grid: rising.
    """
    _require(audited, cases, probability, alpha, delta, grid)
    shares = {one.probability for one in audited} or {probability}
    method, least = BINOMIAL if len(shares) == 1 else BENTKUS, min(shares)
    waiting = sum(one.unacceptable is None for one in audited)
    missing = max(fewest(alpha, delta, least) - cases, 0)
    refused = Promise(None, alpha, delta, method, cases, len(audited), waiting, (), None, missing, NONE_DRAWN)
    if not audited:
        return refused
    if missing:
        return refused._replace(reason=_too_few(missing, least))
    losses = _losses(audited, np.asarray(grid, np.float64), least)
    values = p_values(losses, cases, least * alpha, exact=method == BINOMIAL)
    last = int(last_rejected(values, delta))
    tested = refused._replace(p_values=tuple(values.tolist()))
    if last < 0:
        return tested._replace(reason=NONE_KEEPS)
    reason = "" if any(one.score < grid[last] for one in audited) else ONLY_ALL
    return tested._replace(threshold=float(grid[last]), risk=float(losses[last] / (cases * least)), reason=reason)


def fewest(alpha: float, delta: float, probability: float) -> int:
    """Cases without which not even a threshold that misses nothing can be promised: (1 - p alpha)^n must reach delta.

    About ln(1/delta) / alpha of them are drawn, whatever p is.
    """
    return math.ceil(math.log(delta) / math.log1p(-probability * alpha))


def p_values(losses: Numbers, cases: int, mean: float, *, exact: bool) -> Numbers:
    """Of the hypothesis that the mean loss is above `mean`, for sums of losses (...) over so many cases.

    exact: losses are 0 or 1, so that sums are binomial. Else they lie between 0 and 1: the smaller of Hoeffding's bound
    and Bentkus's, e times the binomial.
    """
    from scipy.stats import binom  # noqa: PLC0415 -- slow to load, and the command line reads this module

    if exact:
        return np.asarray(binom.cdf(losses, cases, mean), np.float64)
    share = np.minimum(losses / cases, mean)
    hoeffding = np.exp(-cases * _divergence(share, mean))
    bentkus = math.e * binom.cdf(np.ceil(losses), cases, mean)
    return np.asarray(np.minimum(np.minimum(hoeffding, bentkus), 1.0), np.float64)


def last_rejected(values: Numbers, delta: float) -> NDArray[np.intp]:
    """(...): the place, along the last axis, before the first p-value above delta; -1 where that is the first one."""
    kept = np.asarray(values) <= delta
    return np.asarray(np.where(kept.all(axis=-1), kept.shape[-1], kept.argmin(axis=-1)) - 1, np.intp)


def _losses(audited: Sequence[Audited], grid: Numbers, least: float) -> Numbers:
    """(threshold,): sums over bad cases below each threshold, those that were drawn more often counting less."""
    bad = [one for one in audited if one.unacceptable is not False and not math.isnan(one.score)]
    scores = np.array([one.score for one in bad], np.float64)
    weights = np.array([least / one.probability for one in bad], np.float64)
    below = scores[None, :] < grid[:, None]
    return np.asarray((below * weights[None, :]).sum(axis=1), np.float64)


def _divergence(share: Numbers, mean: float) -> Numbers:
    """Kullback-Leibler divergence of two coins (...)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        heads = np.where(share > 0, share * np.log(share / mean), 0.0)
    return np.asarray(heads + (1 - share) * np.log((1 - share) / (1 - mean)), np.float64)


def _require(
    audited: Sequence[Audited], cases: int, probability: float, alpha: float, delta: float, grid: Sequence[float]
) -> None:
    if not (0 < alpha < 1 and 0 < delta < 1 and 0 < probability <= 1):
        raise ValueError(
            "alpha and delta must lie between 0 and 1, the probability above 0 and up to 1. "
            f"Found: {alpha:g}, {delta:g} and {probability:g}. Give others."
        )
    if any(not 0 < one.probability <= 1 for one in audited) or len(audited) > cases:
        raise ValueError(
            "Every drawn case must be one of all cases, with a probability above 0 and up to 1. "
            f"Found: {len(audited)} drawn of {cases}. Count all cases, and leave out what nobody drew."
        )
    if len(grid) == 0 or any(second <= first for first, second in pairwise(grid)):
        raise ValueError(f"Thresholds must rise. Found: {len(grid)} that do not. Sort them, each once.")


def _too_few(missing: int, probability: float) -> str:
    drawn = max(math.ceil(missing * probability), 1)
    return f"{missing} more cases are needed, about {drawn} of them drawn and judged, before any promise can be made"

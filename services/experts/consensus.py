"""One label map from several: majority, STAPLE, logarithmic opinion pool. Each names its ties and its parameters.

STAPLE (Warfield, Zou and Wells 2004, doi:10.1109/TMI.2004.828354) by expectation maximisation, for two classes or
more: theta[r, d, t], the chance that reader r says d where the truth is t, and the probability of each truth, in turn.
It is computed on the table of votes (`services/experts/votes.py`), in float64. Its result depends on how much
background is looked at, through the prior and the specificity: callers crop first, and say to what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.experts.votes import Votes

    Numbers = NDArray[np.float64]

TRUST = 0.99999
"""What every reader's chance to be right begins with, as in ITK's implementation."""
CLOSE, MOST_ROUNDS = 1e-10, 2000
"""Rounds end when no chance changes by more than this; or after so many, which the result says."""
FLOOR = 1e-3
"""Below this no probability falls before it is multiplied: one reader's certainty is no veto."""


@dataclass(frozen=True)
class Majority:
    """What most readers said."""

    labels: NDArray[np.uint8]
    """(vote,): the class with most readers; of equally many, the lowest class, so that background comes first."""
    tied: NDArray[np.bool_]
    """(vote,): whether another class had as many."""
    tied_voxels: int


@dataclass(frozen=True)
class Staple:
    """The truth that STAPLE estimates, and how good it thinks each reader is."""

    probability: Numbers
    """(vote, class): sums to 1 over class."""
    theta: Numbers
    """(reader, said, truth): chance of saying `said` where the truth is `truth`; nan where no voxel has that truth."""
    prior: Numbers
    """(class,): the mean share of each class in all readers' maps on the voxels that were looked at."""
    rounds: int
    converged: bool

    @property
    def sensitivity(self) -> Numbers:
        """(reader,): theta[r, 1, 1]; of masks."""
        return self.theta[:, 1, 1]

    @property
    def specificity(self) -> Numbers:
        """(reader,): theta[r, 0, 0]; of masks."""
        return self.theta[:, 0, 0]


def majority(votes: Votes) -> Majority:
    """The most frequent class of each vote."""
    number = votes.for_each
    tied = (number == number.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return Majority(number.argmax(axis=1).astype(np.uint8), tied, int(votes.counts[tied].sum()))


def staple(votes: Votes, *, trust: float = TRUST, most_rounds: int = MOST_ROUNDS) -> Staple:
    """STAPLE of the votes; a prior that all voxels share, the mean of all readers, as in ITK."""
    total = votes.counts.sum()
    prior = (votes.for_each * votes.counts[:, None]).sum(axis=0) / (total * votes.readers)
    theta = np.full((votes.readers, votes.classes, votes.classes), (1 - trust) / (votes.classes - 1))
    theta[:, range(votes.classes), range(votes.classes)] = trust
    said = (votes.table[:, :, None] == np.arange(votes.classes)).astype(np.float64)
    probability, change, rounds = np.empty(0), np.inf, 0
    while change > CLOSE and rounds < most_rounds:
        probability = _truth(said, theta, prior)
        better = _chances(said, probability * votes.counts[:, None])
        change = float(np.nanmax(np.abs(better - theta)))
        theta, rounds = better, rounds + 1
    return Staple(probability, theta, prior, rounds, change <= CLOSE)


def _truth(said: Numbers, theta: Numbers, prior: Numbers) -> Numbers:
    """(vote, class): the probability of each truth, given theta. In logarithms, so that no product underflows."""
    with np.errstate(divide="ignore"):
        chances, before = np.log(theta), np.log(prior)
    chances = np.where(np.isnan(chances), -np.inf, chances)
    spoken = np.where(said[..., None] > 0, chances[None], 0.0).sum(axis=(1, 2))
    likely = spoken + before
    shares: Numbers = np.exp(likely - logsumexp(likely, axis=1, keepdims=True))
    return shares


def _chances(said: Numbers, weight: Numbers) -> Numbers:
    """(reader, said, truth) from weights (vote, truth); nan where a truth has no weight."""
    total = weight.sum(axis=0)
    together = np.einsum("vrs,vt->rst", said, weight)
    chances: Numbers = np.divide(together, total, out=np.full(together.shape, np.nan), where=total > 0)
    return chances


def logarithmic_opinion_pool(
    shares: NDArray[np.floating], *, weights: NDArray[np.floating] | None = None, floor: float = FLOOR
) -> NDArray[np.float32]:
    """(class, k, j, i) from (reader, class, k, j, i): prod_r p_r^w_r, made to sum to 1.

    Genest and Zidek 1986, doi:10.1214/ss/1177013825.
    `weights`: one a reader, sum 1; None: all alike. Values below `floor` count as `floor`: a reader who gives a class
    no chance at all would rule it out alone. Label maps are smoothed first (`soft_labels.smoothed`).
    """
    share = np.full(len(shares), 1 / len(shares)) if weights is None else np.asarray(weights, np.float64)
    if len(share) != len(shares) or not np.isclose(share.sum(), 1) or (share < 0).any():
        raise ValueError("Weights must be one a reader, not negative, and sum to 1. Found: others. Divide by the sum.")
    pooled = np.zeros(shares.shape[1:])
    for weight, one in zip(share, shares, strict=True):
        pooled += weight * np.log(np.maximum(one, floor, dtype=np.float64))
    pooled -= logsumexp(pooled, axis=0, keepdims=True)
    result: NDArray[np.float32] = np.exp(pooled).astype(np.float32)
    return result

"""Doubt of an ensemble, split in two, from running sums: no more than one member is in memory at a time.

With p_m the class probabilities of member m and H(p) = -sum_c p_c ln p_c, in nats:

    predictive entropy    H(mean_m p_m)                   all doubt
    expected entropy      mean_m H(p_m)                   what every member doubts by itself
    mutual information    the difference of the two       what members disagree about

and the same in variances, of the label of one class (1 or 0), summed over classes:

    all of it             sum_c p_c (1 - p_c), p = mean_m p_m
    Bernoulli variance    sum_c mean_m p_mc (1 - p_mc)    what every member doubts by itself
    member variance       sum_c var_m p_mc                what members disagree about; divided by M, not M - 1

Depeweg et al. 2018, arXiv:1710.07283; Houlsby et al. 2011, arXiv:1112.5745.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from services.imaging.entropy import EXPECTED, MUTUAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUM_TOLERANCE = 0.02
"""Class probabilities sum to 1 up to this: maps that were stored in 255 steps do not sum to 1 exactly."""
ONE_MEMBER = "mutual information needs at least two members: one network cannot disagree with itself"
OF_ONE_MEMBER = MappingProxyType(
    {MUTUAL: ONE_MEMBER, EXPECTED: "expected entropy of one member is its predictive entropy"}
)
"""Maps that one member does not give, and why."""


@dataclass(frozen=True)
class Uncertainty:
    """What `members` networks say together. All float32; entropies in nats, from 0 to ln C, for C classes."""

    mean: NDArray[np.float32]
    """(class, k, j, i), sums to 1 over class as its members do."""
    predictive_entropy: NDArray[np.float32]
    """(k, j, i), as all that follow."""
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    """None with one member: it is undefined there, and 0 would say that nothing is in doubt."""
    members: int
    bernoulli_variance: NDArray[np.float32]
    """From 0 to 1 - 1/C, as the next."""
    member_variance: NDArray[np.float32] | None
    """None with one member."""


class Decomposition:
    """Running sums over members, in float64: of p, of H(p) and of sum_c p_c^2."""

    def __init__(self) -> None:
        self._probability: NDArray[np.float64] | None = None
        self._entropy: NDArray[np.float64] | None = None
        self._squares: NDArray[np.float64] | None = None
        self.members = 0

    def add(self, probability: NDArray[np.floating]) -> None:
        """Take one member in, (class, k, j, i) with values 0 to 1 that sum to 1 over class; it is only read.

        Raises ValueError where the shape is not that of the members before, or values are no probabilities.
        """
        if self._probability is None or self._entropy is None or self._squares is None:
            _require_four_axes(probability)
            self._probability = np.zeros(probability.shape)
            self._entropy, self._squares = (np.zeros(probability.shape[1:]) for _ in range(2))
        if probability.shape != self._probability.shape:
            raise ValueError(
                f"Members must lie on one grid with the same classes. Found: {probability.shape} after"
                f" {self._probability.shape}. Resample them to one grid first."
            )
        for k in range(probability.shape[1]):
            _require_probabilities(probability[:, k])
        for k in range(probability.shape[1]):  # a slice at a time, so that float64 copies stay small
            part = np.clip(probability[:, k], 0, 1, dtype=np.float64)
            self._probability[:, k] += part
            self._entropy[k] += entr(part).sum(axis=0)
            self._squares[k] += np.square(part).sum(axis=0)
        self.members += 1

    def result(self) -> Uncertainty:
        """Mean, entropies and variances of the members so far.

        Entropy and p (1 - p) are concave, so that what members disagree about is never negative but for rounding of the
        float64 sums (about 1e-15): what lies below 0 is set to 0. Raises ValueError where no member was added.
        """
        if self._probability is None or self._entropy is None or self._squares is None:
            raise ValueError("An ensemble must have a member. Found: none. Add one first.")
        mean = np.empty(self._probability.shape, dtype=np.float32)
        total, expected, mutual, bernoulli, apart = (np.empty(mean.shape[1:], dtype=np.float32) for _ in range(5))
        for k in range(len(total)):
            part = self._probability[:, k] / self.members
            mean[:, k] = part
            entropy, members_own = entr(part).sum(axis=0), self._entropy[k] / self.members
            total[k], expected[k], mutual[k] = entropy, members_own, np.maximum(entropy - members_own, 0)
            squares = self._squares[k] / self.members
            bernoulli[k] = np.maximum(part.sum(axis=0) - squares, 0)
            apart[k] = np.maximum(squares - np.square(part).sum(axis=0), 0)
        if self.members == 1:
            return Uncertainty(mean, total, expected, None, self.members, bernoulli, None)
        return Uncertainty(mean, total, expected, mutual, self.members, bernoulli, apart)


def softmax_response(mean: NDArray[np.floating]) -> NDArray[np.float32]:
    """(class, k, j, i) to 1 less the probability of the most probable class, 0 to 1 - 1/C: Geifman and El-Yaniv 2017.

    Selective classification, arXiv:1705.08500. For one network it says how far its answer is from certain.
    """
    return np.asarray(1 - mean.max(axis=0), dtype=np.float32)


def _require_four_axes(probability: NDArray[np.floating]) -> None:
    if probability.ndim != 4 or probability.shape[0] < 2:
        raise ValueError(
            "Probabilities must be (class, k, j, i) with at least two classes, background first."
            f" Found: shape {probability.shape}. Add the background's probability."
        )


def _require_probabilities(part: NDArray[np.floating]) -> None:
    """Raise ValueError unless all is between 0 and 1 and sums to 1; nan is not."""
    inside = part.min(initial=0) >= -SUM_TOLERANCE and part.max(initial=0) <= 1 + SUM_TOLERANCE
    off = float(np.abs(part.sum(axis=0) - 1).max(initial=0))
    if not (inside and off <= SUM_TOLERANCE):
        raise ValueError(
            f"Probabilities must be 0 to 1 and sum to 1 over class, up to {SUM_TOLERANCE}."
            f" Found: {part.min():.3g} to {part.max():.3g}, sums up to {off:.3g} off. Give probabilities, not logits."
        )

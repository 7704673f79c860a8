"""How good what is left becomes when the most uncertain voxels are taken away, share by share.

After Korchagin et al. 2025 (WACV, pp. 7980-7990): voxels are sorted by their uncertainty U; W(n) of the n most certain
ones are wrong. From the curve of the accuracy 1 - W(n)/n against the share that is thrown away, 1 - n/N:

    AAC      area above it, the mean of W(n)/n over n; lower is better
    TRA-99   the smallest share to throw away so that what is kept is right to 99 %
    TRD-X    the same for a Dice of X of one structure among the voxels that are kept

Voxels with the same U come in no order of their own. W is taken as it is on average over all orders, which is a line
between the ends of such a group: figures neither depend on where a voxel lies in memory, nor does a map that is the
same everywhere gain anything. Areas are exact integrals of that line, not sums over a grid of shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Mask = NDArray[np.bool_]

KEPT = (*(round(1 - 0.02 * step, 2) for step in range(50)), 0.01)
"""Shares of voxels that are kept at the 51 points of a stored curve: all, steps of 0.02, and 0.01 at last."""
ACCURACY = 0.99
DICE = 0.95
NOTHING = "the region has no voxel"
VERSION = "1"


class AccuracyRejection(NamedTuple):
    """The accuracy-rejection curve of one map."""

    accuracy: tuple[float, ...]
    """At each of KEPT."""
    aac: Measured
    """0 to 1; its optimum is `best_area(error)`, and `error` where U says nothing."""
    tra: Measured
    """0 to 1."""


class DiceRejection(NamedTuple):
    """The Dice-rejection curve of one structure."""

    dice: tuple[float, ...]
    """At each of KEPT; nan where neither mask has a voxel that is kept."""
    trd: Measured


@dataclass(frozen=True)
class Order:
    """Voxels from the most certain one on; those that are equally certain are one group."""

    places: NDArray[np.intp]
    ends: NDArray[np.int64]
    """(group + 1): how many voxels are kept up to the end of each group, 0 first."""

    @classmethod
    def of(cls, uncertainty: Floats) -> Order:
        """Of U (voxel,), only read. Raises ValueError unless all is finite: nan has no place in an order."""
        if uncertainty.ndim != 1 or not np.isfinite(uncertainty).all():
            raise ValueError("Uncertainty must be one finite number a voxel. Found: others. Choose the region first.")
        places = np.argsort(uncertainty, kind="stable")
        ordered = uncertainty[places]
        last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], [True] * bool(ordered.size)))
        return cls(places, np.concatenate([[0], last + 1]).astype(np.int64))

    def sums(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """(group + 1): sum of `values` (voxel,) over the voxels kept up to the end of each group."""
        running = np.concatenate([[0.0], np.cumsum(values[self.places], dtype=np.float64)])
        return np.asarray(running[self.ends], np.float64)

    def at(self, kept: Sequence[float], sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Such sums where these shares of the voxels are kept."""
        return np.asarray(np.interp(np.multiply(kept, self.ends[-1]), self.ends, sums), np.float64)


def accuracy_rejection(uncertainty: Floats, wrong: Mask, *, accuracy: float = ACCURACY) -> AccuracyRejection:
    """Of U (voxel,) and whether each voxel of the prediction is wrong. Raises ValueError where U is not finite."""
    return accuracy_of(Order.of(uncertainty), wrong, accuracy=accuracy)


def accuracy_of(order: Order, wrong: Mask, *, accuracy: float = ACCURACY) -> AccuracyRejection:
    """The same for voxels that are in order already."""
    if not wrong.size:
        empty = Measured(math.nan, NOTHING)
        return AccuracyRejection((math.nan,) * len(KEPT), empty, empty)
    errors = order.sums(wrong)
    curve = 1 - order.at(KEPT, errors) / np.multiply(KEPT, len(wrong))
    short = errors - (1 - accuracy) * order.ends
    reached = _share_thrown_away(short, order.ends, order.ends > 0)
    if math.isnan(reached):
        tra = Measured(math.nan, f"no share of voxels that is kept is right to {accuracy:.0%}")
    else:
        tra = Measured(reached)
    return AccuracyRejection(tuple(curve.tolist()), Measured(_area(errors, order.ends)), tra)


def dice_rejection(uncertainty: Floats, predicted: Mask, reference: Mask, *, dice: float = DICE) -> DiceRejection:
    """Of U and two masks of one structure, all (voxel,). Raises ValueError where U is not finite.

    Misleads where a structure's own voxels are the uncertain ones: they are thrown away first, and the Dice of what is
    kept may fall.
    """
    return dice_of(Order.of(uncertainty), predicted, reference, dice=dice)


def dice_of(order: Order, predicted: Mask, reference: Mask, *, dice: float = DICE) -> DiceRejection:
    """The same for voxels that are in order already."""
    if not predicted.size:
        return DiceRejection((math.nan,) * len(KEPT), Measured(math.nan, NOTHING))
    both = order.sums(predicted & reference)
    either = order.sums(predicted) + order.sums(reference)
    doubled, whole = 2 * order.at(KEPT, both), order.at(KEPT, either)
    curve = np.divide(doubled, whole, out=np.full(len(KEPT), np.nan), where=whole > 0)
    reached = _share_thrown_away(dice * either - 2 * both, order.ends, either > 0)
    trd = Measured(reached, f"no share of voxels that is kept has a Dice of {dice:.2f}" if math.isnan(reached) else "")
    return DiceRejection(tuple(curve.tolist()), trd)


def best_area(error: float) -> float:
    """The least AAC that a prediction with this share of wrong voxels can have: all of them thrown away first."""
    return 1.0 if error >= 1 else error + (1 - error) * math.log1p(-error)


def _area(errors: NDArray[np.float64], ends: NDArray[np.int64]) -> float:
    """Mean of W(n)/n over n from 0 to N, W being the line through these points: exact, group by group."""
    before, size = ends[:-1].astype(np.float64), np.diff(ends).astype(np.float64)
    slope = np.diff(errors) / size
    offset = errors[:-1] - slope * before
    longer = np.log1p(np.divide(size, before, out=np.zeros_like(size), where=before > 0))
    return float((offset * longer + slope * size).sum() / ends[-1])


def _share_thrown_away(short: NDArray[np.float64], ends: NDArray[np.int64], counts: Mask) -> float:
    """The smallest share so that `short`, a line through these points, is no longer above 0; nan where it always is.

    `counts`: points at which something is kept that can be judged.
    """
    met = np.flatnonzero((short <= 0) & counts)
    if not met.size:
        return math.nan
    last = int(met[-1])
    if last == len(ends) - 1:
        return 0.0
    step = short[last] / (short[last] - short[last + 1])
    kept = ends[last] + step * (ends[last + 1] - ends[last])
    return float(1 - kept / ends[-1])

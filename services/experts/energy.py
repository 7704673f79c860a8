"""Distances between sets of masks: the generalised energy distance, and a model's distance to its readers.

GED^2 = 2 E[d(S, Y)] - E[d(S, S')] - E[d(Y, Y')] (Kohl et al. 2018, arXiv:1806.05034; Szekely and Rizzo 2013,
doi:10.1016/j.jspi.2013.03.018), each mean over all ordered pairs, a mask with itself among them, as both were published
for sets that are all there is. d is 1 - IoU, as Kohl et al. have it, or 1 - Dice, as ValUES has it (arXiv:2401.08501);
the two give different numbers, so that each is quoted with its name. Both empty: d = 0; one empty: d = 1.
"""

from __future__ import annotations

import math
from enum import StrEnum
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Masks = NDArray[np.bool_]
    """(mask, k, j, i)."""

NO_MASKS = "there is no mask on one side"
TOO_FEW = "readers among each other need two readers"


class Distance(StrEnum):
    """How far two masks lie apart, 0 to 1."""

    IOU = "1 - IoU"
    DICE = "1 - Dice"


class ModelDistance(NamedTuple):
    """How a model's masks stand to those of the readers."""

    ged: Measured
    """Generalised energy distance, squared, 0 to 2; 0 where both sets are the same."""
    to_readers: Measured
    """Mean distance of a mask of the model from one of the readers."""
    among_readers: Measured
    """Mean distance of two different readers."""
    excess: Measured
    """The difference: 0 where the model lies among the readers as they do among each other."""


def distance(first: NDArray[np.bool_], second: NDArray[np.bool_], kind: Distance) -> float:
    """Of two masks of one shape."""
    shared = int(np.count_nonzero(first & second))
    both = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    if both == 0:
        return 0.0
    return 1 - shared / (both - shared) if kind is Distance.IOU else 1 - 2 * shared / both


def generalised_energy_distance(samples: Masks, readers: Masks, kind: Distance) -> Measured:
    """GED^2 between what a model may draw and what readers drew; nan without masks on either side.

    With one mask of a model its own spread is 0, so that a single sure answer is punished where readers differ.
    """
    if not len(samples) or not len(readers):
        return Measured(math.nan, NO_MASKS)
    between = _mean_between(samples, readers, kind)
    return Measured(2 * between - _mean_within(samples, kind) - _mean_within(readers, kind))


def model_distance(samples: Masks, readers: Masks, kind: Distance) -> ModelDistance:
    """A model's masks (one, or several samples) against those of the readers."""
    ged = generalised_energy_distance(samples, readers, kind)
    if not len(samples) or not len(readers):
        return ModelDistance(ged, ged, ged, ged)
    to_readers = Measured(_mean_between(samples, readers, kind))
    if len(readers) < 2:
        undefined = Measured(math.nan, TOO_FEW)
        return ModelDistance(ged, to_readers, undefined, undefined)
    among = _mean_within(readers, kind) * len(readers) / (len(readers) - 1)
    return ModelDistance(ged, to_readers, Measured(among), Measured(to_readers.value - among))


def _mean_between(first: Masks, second: Masks, kind: Distance) -> float:
    return float(np.mean([distance(one, other, kind) for one, other in product(first, second)]))


def _mean_within(masks: Masks, kind: Distance) -> float:
    """Over all ordered pairs, each mask with itself (0) among them."""
    return 2 * sum(distance(one, other, kind) for one, other in combinations(masks, 2)) / len(masks) ** 2

"""What measures of doubt are called, and the ways in which networks come to them."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from db.vocabulary import LayerKind
from services.imaging.entropy import EXPECTED, MUTUAL, NATS, PREDICTIVE, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Measure(StrEnum):
    """What a map of doubt measures; its formula stands in docs/methods.md."""

    ALEATORIC = "aleatoric"
    """Variance of a voxel's label within what one network says, summed over classes; unit 1, as the two that follow."""
    EPISTEMIC = "epistemic"
    """Variance of the probability over members, summed over classes."""
    TOTAL = "total"
    """The sum of the two."""
    PREDICTIVE = PREDICTIVE
    """Nats, as the two that follow."""
    EXPECTED = EXPECTED
    MUTUAL = MUTUAL
    SOFTMAX = "softmax response"
    """1 less the probability of the most probable class; unit 1."""


class Method(StrEnum):
    """How the probabilities that a measure is computed from came to be."""

    TWO_ENSEMBLES = "two ensembles"
    LIGHT = "one network, two heads"
    ENSEMBLE = "ensemble"
    DROPOUT = "Monte Carlo dropout"
    AUGMENTATION = "test-time augmentation"


VARIANCES = (Measure.ALEATORIC, Measure.EPISTEMIC, Measure.TOTAL)
ENTROPIES = (Measure.PREDICTIVE, Measure.EXPECTED, Measure.MUTUAL)
ONE = "1"
"""The unit of what has none."""
UNITS: Mapping[Measure, str] = MappingProxyType({measure: NATS if measure in ENTROPIES else ONE for measure in Measure})
KINDS: Mapping[Measure, LayerKind] = MappingProxyType(
    {
        Measure.ALEATORIC: LayerKind.ALEATORIC,
        Measure.EPISTEMIC: LayerKind.EPISTEMIC,
        Measure.TOTAL: LayerKind.TOTAL,
        Measure.PREDICTIVE: LayerKind.TOTAL,
        Measure.EXPECTED: LayerKind.ALEATORIC,
        Measure.MUTUAL: LayerKind.EPISTEMIC,
        Measure.SOFTMAX: LayerKind.TOTAL,
    }
)
"""What each is stored as."""


def largest(measure: Measure, classes: int) -> float:
    """The largest value that a measure can have, for `classes` classes, the background among them; the smallest is 0.

    With C classes, 1 - sum of p^2 is at most 1 - 1/C, and so are the variance within a network and that over members.
    Their sum is at most twice that, since two ensembles may be undecided in two ways at once.
    """
    if measure in ENTROPIES:
        return float(np.log(classes))
    even = 1 - 1 / classes
    return 2 * even if measure is Measure.TOTAL else even


def stored(
    measure: Measure, values: NDArray[np.floating], classes: int
) -> tuple[NDArray[np.uint16], dict[str, object]]:
    """A map as it is stored, on one scale for all cases, and its unit, range and slope. Below 0 counts as 0."""
    return steps_of(values, largest(measure, classes), UNITS[measure])

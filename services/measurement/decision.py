"""P(flip): how probable it is that the true diameter lies on the other side of a threshold from the shown one.

Our own design. It counts samples of the true diameter, as shape sampling draws them: k of n lie on the other side, and
P(flip) = (k + 1/2) / (n + 1), the mean of the posterior of a share under Jeffreys' prior (Jeffreys 1946,
doi:10.1098/rspa.1946.0056). It is never 0 or 1, since n samples cannot say so. It is as good as the samples are: where
these are too narrow or lie beside the truth, so is P(flip). It says nothing about rupture and advises nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.vocabulary import Sex
    from services.measurement.thresholds import Thresholds

METHOD, VERSION = "share of samples beyond the threshold, Jeffreys prior", "1"
FEWEST_SAMPLES = 20
"""With fewer, the prior alone gives more than 2 %."""


class Side(StrEnum):
    """Where a diameter lies: one that equals the threshold lies above it, since the threshold holds from there on."""

    BELOW = "below"
    ABOVE = "above"

    @property
    def other(self) -> Side:
        """The other side."""
        return Side.ABOVE if self is Side.BELOW else Side.BELOW


@dataclass(frozen=True)
class Decision:
    """What a diameter means against a threshold. `flip` is None only with a reason."""

    diameter_mm: float
    threshold_mm: float
    other_mm: float | None
    """The threshold of the other sex, where the patient's is not known; else None."""
    side: Side
    flip: float | None
    """P(flip), above 0 and below 1."""
    samples: int
    reason: str = ""


def side_of(diameter_mm: float, threshold_mm: float) -> Side:
    """On which side of a threshold a diameter lies."""
    return Side.ABOVE if diameter_mm >= threshold_mm else Side.BELOW


def decide(
    diameter_mm: float, samples_mm: Sequence[float], sex: Sex | None, thresholds: Thresholds, *, missing: str = ""
) -> Decision:
    """The side of the threshold that a diameter lies on, and P(flip).

    diameter_mm: as shown, finite. samples_mm: of the true diameter; with fewer than FEWEST_SAMPLES P(flip) is None.
    missing: why there are too few, in the words of whoever draws them.
    """
    if not math.isfinite(diameter_mm):
        message = f"the diameter must be a finite number of millimetres, got {diameter_mm}"
        raise ValueError(message)
    threshold, other = thresholds.of(sex, diameter_mm)
    side, count = side_of(diameter_mm, threshold), len(samples_mm)
    if count < FEWEST_SAMPLES:
        reason = missing or f"{count} samples of the diameter are too few: P(flip) needs {FEWEST_SAMPLES}"
        return Decision(diameter_mm, threshold, other, side, None, count, reason)
    beyond = sum(side_of(sample, threshold) is side.other for sample in samples_mm)
    return Decision(diameter_mm, threshold, other, side, (beyond + 0.5) / (count + 1), count)

"""An interval of a diameter: what it is made of, and the ways to make one of a few values or of many samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LEVEL = 0.95
FEWEST = 2
"""Values that have a spread."""


class Method(StrEnum):
    """How an interval is made."""

    MEMBERS = "ensemble members"
    READERS = "readers"
    VOXELS = "voxel-wise sampling"
    SHAPES = "shape sampling"
    CONFORMAL = "conformal"
    CONFORMAL_NORMALISED = "conformal, normalised"


@dataclass(frozen=True)
class DiameterInterval:
    """Where the true diameter lies with probability `level`, as one method has it. Undefined only with a reason."""

    method: Method
    version: str
    lower: float | None
    upper: float | None
    """mm, as `lower` and `samples`."""
    level: float = LEVEL
    samples: tuple[float, ...] = ()
    """The diameters that it is made of."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Ready for JSON."""
    seed: int | None = None
    reason: str = ""
    """Why it is undefined."""

    @property
    def defined(self) -> bool:
        """Whether there is an interval."""
        return self.lower is not None and self.upper is not None


def undefined(
    method: Method, version: str, reason: str, parameters: Mapping[str, Any] | None = None
) -> DiameterInterval:
    """No interval, and why."""
    return DiameterInterval(method, version, None, None, parameters=parameters or {}, reason=reason)


def prediction_bounds(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Where one more value of the same normal distribution lies: mean -+ t_(n-1) s sqrt(1 + 1/n).

    The truth is taken for one more draw, not for the mean that the values gather around. Raises ValueError for less
    than two values.
    """
    if len(values) < FEWEST:
        raise ValueError(f"A spread needs {FEWEST} values. Found: {len(values)}. Say that it is undefined.")
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    reach = float(stats.t.ppf(0.5 + level / 2, len(values) - 1)) * deviation * float(np.sqrt(1 + 1 / len(values)))
    return mean - reach, mean + reach


def percentile_bounds(samples: Sequence[float] | NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """The middle `level` of many samples. Raises ValueError where there is none."""
    if not len(samples):
        raise ValueError("Percentiles need samples. Found: none. Say that it is undefined.")
    lower, upper = np.quantile(np.asarray(samples, dtype=np.float64), [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def interval_score(lower: float, upper: float, truth: float, level: float = LEVEL) -> float:
    """Width plus 2 / (1 - level) times what the truth lies outside; smaller is better, in the unit of the bounds.

    A proper score: nothing is won by saying another interval than one believes in. Gneiting and Raftery 2007,
    doi:10.1198/016214506000001437, section 6.2.
    """
    missed = max(lower - truth, 0.0) + max(truth - upper, 0.0)
    return upper - lower + 2 / (1 - level) * missed

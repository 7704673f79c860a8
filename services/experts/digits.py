"""Digit preference: whether diameters end in 0 or 5 more often than they would by themselves.

Readers who measure by eye round to half centimetres (Lederle et al. 1995, J Vasc Surg 21:945). The
last digits of the diameters, rounded to whole millimetres, are compared with equally frequent ones by Pearson's
chi-squared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DIGITS = 10
FEWEST = 5 * DIGITS
"""Five expected in each cell, the usual condition of the chi-squared distribution."""
NARROWEST_MM = 10.0
"""Middle half of the diameters: within less than one round of digits they are not equally frequent by themselves."""


class Digits(NamedTuple):
    """How often each last digit occurs, and whether that is chance."""

    counts: NDArray[np.int64]
    """(10,): diameters whose last whole millimetre is 0 to 9."""
    chi_squared: Measured
    """Nine degrees of freedom."""
    p_value: Measured
    """The chance of a chi-squared as large where no digit is preferred."""
    halves: Measured
    """Share of diameters that end in 0 or 5: whole and half centimetres; 0.2 without preference."""


def digit_preference(diameters_mm: ArrayLike) -> Digits:
    """Of diameters in mm; those that are nan do not count.

    Undefined with a reason for fewer than FEWEST values, or values so close together that one round of ten digits
    holds half of them.
    """
    values = np.asarray(diameters_mm, np.float64).ravel()
    values = values[np.isfinite(values)]
    last = np.floor(values + 0.5).astype(np.int64) % DIGITS
    counts = np.bincount(last, minlength=DIGITS).astype(np.int64)
    reason = _why_not(values)
    if reason:
        return Digits(counts, *(Measured(math.nan, reason) for _ in range(3)))
    found = stats.chisquare(counts)
    halves = Measured(float(counts[[0, 5]].sum() / len(values)))
    return Digits(counts, Measured(float(found.statistic)), Measured(float(found.pvalue)), halves)


def _why_not(values: NDArray[np.float64]) -> str:
    if len(values) < FEWEST:
        return f"fewer than {FEWEST} diameters"
    low, high = np.percentile(values, [25, 75])
    return f"half of the diameters lie within {NARROWEST_MM:g} mm" if high - low < NARROWEST_MM else ""

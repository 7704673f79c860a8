"""A mean with its 95 % interval: percentile bootstrap over persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
FEWEST = 3
"""Persons below which no interval is given: resampling two of them says nothing."""


def mean_with_interval(values: Sequence[float], persons: Sequence[int], rng: np.random.Generator) -> Estimate:
    """Mean of the values that are defined, and the percentile interval of means over resampled persons.

    values: one a scan, nan where undefined; persons: whose scan it is, as two scans of one are not two witnesses. No
    value without a defined one, no interval below FEWEST persons. Efron 1979, doi:10.1214/aos/1176344552; persons drawn
    whole as in Field and Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x.
    """
    numbers, whose = np.asarray(values, np.float64), np.asarray(persons)
    defined = np.isfinite(numbers)
    undefined, numbers, whose = int((~defined).sum()), numbers[defined], whose[defined]
    if not numbers.size:
        reason = "undefined in every scan" if undefined else "no such scan"
        return Estimate(None, None, None, 0, 0, undefined, reason)
    _, person = np.unique(whose, return_inverse=True)
    count = int(person.max()) + 1
    mean = float(numbers.mean())
    if count < FEWEST:
        reason = f"no interval: fewer than {FEWEST} persons"
        return Estimate(mean, None, None, numbers.size, count, undefined, reason)
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(_means(numbers, person, count, rng), (tail, 1 - tail))
    return Estimate(mean, float(lower), float(upper), numbers.size, count, undefined)


def _means(
    numbers: NDArray[np.float64], person: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    sums, scans = np.bincount(person, numbers, count), np.bincount(person, minlength=count)
    drawn = rng.integers(count, size=(RESAMPLES, count))
    means: NDArray[np.float64] = sums[drawn].sum(axis=1) / scans[drawn].sum(axis=1)
    return means

"""Agreement of several readers beyond chance: Fleiss' kappa and Krippendorff's alpha for names without an order.

Both depend on how much background is looked at: a wide margin that nobody drew on changes them, and may bring them
near 1. So they are quoted with their region, the box around all that any reader drew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.experts.votes import Votes

ONE_READER = "one reader cannot agree or disagree"
ONE_CLASS = "everything was given the same class, so that no agreement beyond chance is possible"
MISSING = -1


def fleiss_kappa(votes: Votes) -> Measured:
    """(P - Pe) / (1 - Pe), at most 1. Fleiss 1971, doi:10.1037/h0031619.

    P: mean share of agreeing pairs of readers at a voxel; Pe: what it would be by the classes' shares alone.
    """
    if votes.readers < 2:
        return Measured(math.nan, ONE_READER)
    return fleiss_kappa_of_counts(votes.for_each, votes.counts)


def fleiss_kappa_of_counts(given: NDArray[np.int64], counts: NDArray[np.int64]) -> Measured:
    """The same from a table (unit, class) of how many raters gave each class, each row `counts` times."""
    raters = given[0].sum()
    weight = counts / counts.sum()
    agreed = ((given * (given - 1)).sum(axis=1) / (raters * (raters - 1)) * weight).sum()
    share = (given / raters * weight[:, None]).sum(axis=0)
    by_chance = (share**2).sum()
    if np.count_nonzero(share) < 2:
        return Measured(math.nan, ONE_CLASS)
    return Measured(float((agreed - by_chance) / (1 - by_chance)))


def krippendorff_alpha(table: NDArray[np.integer], counts: NDArray[np.int64]) -> Measured:
    """1 - Do/De for names, at most 1. Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".

    `table`: (unit, reader), MISSING where a reader said nothing; each row occurs `counts` times. Do: share of differing
    pairs within units; De: among all values together. Units with fewer than two values count for nothing.
    """
    if table.shape[1] < 2:
        return Measured(math.nan, ONE_READER)
    given = np.stack([(table == value).sum(axis=1) for value in range(int(table.max(initial=0)) + 1)], axis=1)
    said = given.sum(axis=1)
    given, weight, said = given[said > 1].astype(np.float64), counts[said > 1].astype(np.float64), said[said > 1]
    if not len(said):
        return Measured(math.nan, "no place was looked at by two readers")
    of_class = (given * weight[:, None]).sum(axis=0)
    total = of_class.sum()
    alike = ((given * (given - 1)).sum(axis=1) * weight / (said - 1)).sum()
    expected = total**2 - (of_class**2).sum()
    if np.count_nonzero(of_class) < 2:
        return Measured(math.nan, ONE_CLASS)
    return Measured(float(1 - (total - 1) * (total - alike) / expected))


def alpha_of_votes(votes: Votes) -> Measured:
    """Krippendorff's alpha of label maps, in which nothing is missing."""
    return krippendorff_alpha(votes.table.astype(np.int16), votes.counts)

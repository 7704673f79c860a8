"""Whether one number a scan tells which scans are badly segmented: the score S against the risk r = 1 - Dice.

With n scans sorted from the most certain on, and R_i the sum of the first i risks:

    AURC     1/n sum_i R_i / i                    mean risk of what is accepted, over all shares
    E-AURC   AURC less that of scans sorted by their risk; 0 is best
    AUGRC    area below R_i / n against i / n     mean risk of failing and being accepted (trapezoids, from 0)
    AUROC    chance that a failed scan scores higher than one that did not fail, ties counting half

Geifman et al. 2019, arXiv:1805.08206 (E-AURC); Traub et al. 2024, arXiv:2407.01032 (AUGRC). Scans with the same score
are taken as they are on average over all their orders.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import rankdata

from services.evaluation.measures import Measured
from services.uncertainty.rejection import Order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

FEWEST = 8
"""Scans below which nothing is said."""
FEWEST_OF_A_KIND = 3
"""Failed scans, and others, below which no AUROC is given."""
VERSION = "1"


class FailureFigures(NamedTuple):
    """How well a score finds failures; nan with the reason where there are too few scans."""

    aurc: Measured
    excess: Measured
    augrc: Measured
    auroc: Measured


def failure_figures(score: Floats, dice: Floats, *, failed_below: float) -> FailureFigures:
    """Of scores (scan,), high where a scan is doubtful, and the Dice of each. Scans without either do not count."""
    known = np.isfinite(score) & np.isfinite(dice)
    told, overlap = np.asarray(score, np.float64)[known], np.asarray(dice, np.float64)[known]
    if told.size < FEWEST:
        few = Measured(math.nan, f"fewer than {FEWEST} scans")
        return FailureFigures(few, few, few, few)
    risk = 1 - overlap
    area = aurc(told, risk)
    auroc = auroc_of(told, overlap < failed_below)
    return FailureFigures(Measured(area), Measured(area - aurc(risk, risk)), Measured(augrc(told, risk)), auroc)


def aurc(score: Floats, risk: Floats) -> float:
    """Area under the risk-coverage curve; at least one scan."""
    kept = np.arange(1, len(risk) + 1)
    return float((_running(score, risk)[1:] / kept).mean())


def augrc(score: Floats, risk: Floats) -> float:
    """Area under the generalised risk-coverage curve, half the mean risk where S says nothing."""
    return float(np.trapezoid(_running(score, risk)) / len(risk) ** 2)


def auroc_of(score: Floats, failed: NDArray[np.bool_]) -> Measured:
    """By ranks (Mann and Whitney 1947, doi:10.1214/aoms/1177730491)."""
    bad, good = int(failed.sum()), int((~failed).sum())
    if min(bad, good) < FEWEST_OF_A_KIND:
        return Measured(math.nan, f"{bad} of {bad + good} scans failed: fewer than {FEWEST_OF_A_KIND} of a kind")
    ranks = float(rankdata(score)[failed].sum())
    return Measured((ranks - bad * (bad + 1) / 2) / (bad * good))


def _running(score: Floats, risk: Floats) -> NDArray[np.float64]:
    """(n + 1): sum of the risks of the i most certain scans, i from 0."""
    order = Order.of(score)
    return np.asarray(np.interp(np.arange(len(risk) + 1), order.ends, order.sums(risk)), np.float64)

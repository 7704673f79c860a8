"""How unlike other cases the scores of a case are together: one number from many, by a mixture of Gaussians.

Each score x in [0, 1] becomes z = probit(B(x)), with B the distribution function of the Beta distribution that fits it
over the cases fitted on; z is about normal there. The meta-aggregator is the negative logarithm of the density
that a mixture of Gaussians, fitted on the same cases, has at the vector of all z. It is not below 0: its zero is the
least unusual case of the fit. Guarino et al. 2026 (arXiv:2603.29941). Fitting is in `meta_fitting`; what is here needs
numpy and scipy alone. A case that is unlike others need not be a bad one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from services.aggregation.names import INTENSITIES, MASSES, Strategy
from services.aggregation.scores import THRESHOLDS
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

METHOD, VERSION = "meta-aggregator", "1"
NATS = "nats"
FEATURES: Mapping[Strategy, tuple[Strategy, ...]] = {
    Strategy.SPATIAL: MASSES,
    Strategy.INTENSITY: INTENSITIES,
    Strategy.EVERY: (*MASSES, *INTENSITIES),
}
CLIP = 1e-10
"""Shares of a distribution are kept so far from 0 and 1, so that z stays finite: within 6.4."""


@dataclass(frozen=True)
class Beta:
    """A Beta distribution on [0, 1] with density proportional to x^(a-1) (1-x)^(b-1)."""

    a: float
    b: float

    @classmethod
    def by_moments(cls, values: Numbers) -> Beta | None:
        """That with the mean and variance of some values in [0, 1]; None where they do not vary."""
        mean, variance = float(values.mean()), float(values.var())
        if variance <= 0 or not 0 < mean < 1:
            return None
        size = max(mean * (1 - mean) / variance - 1, 1e-3)
        return cls(mean * size, (1 - mean) * size)

    def normal(self, values: Numbers) -> Numbers:
        """Values to z: standard normal where they come from this distribution."""
        share = special.betainc(self.a, self.b, np.clip(values, 0, 1))
        return np.asarray(special.ndtri(np.clip(share, CLIP, 1 - CLIP)))


@dataclass(frozen=True)
class Mixture:
    """Gaussians in D dimensions with full covariances, by the Cholesky factors of their precisions."""

    weights: Numbers
    """(component,), sum 1."""
    means: Numbers
    """(component, D)."""
    factors: Numbers
    """(component, D, D), upper triangular: factor @ factor.T is the inverse of the covariance."""

    def log_density(self, z: Numbers) -> Numbers:
        """(case, D) to (case,), natural logarithm."""
        apart = np.einsum("cnd,cde->cne", z[None] - self.means[:, None], self.factors)
        width = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)[:, None]
        each = -0.5 * (z.shape[1] * math.log(2 * math.pi) + np.square(apart).sum(axis=2)) + width
        return np.asarray(special.logsumexp(each + np.log(self.weights)[:, None], axis=0))


@dataclass(frozen=True)
class MetaAggregator:
    """One fitted meta-aggregator, for one map in one place."""

    features: tuple[Strategy, ...]
    """Those that varied over the cases it was fitted on."""
    betas: tuple[Beta, ...]
    mixtures: tuple[Mixture, ...]
    """One, or several of which the mean logarithm counts."""
    least: float
    """The smallest negative logarithm of the density over the cases fitted on: 0 of the score."""

    def score(self, values: Mapping[Strategy, Measured]) -> Measured:
        """Of the scores of one case, in nats, at least 0; nan with the reason where one of them is undefined."""
        row = feature_row(values, self.features)
        if isinstance(row, str):
            return Measured(math.nan, row)
        return Measured(float(self.scores(np.array([row]))[0]))

    def scores(self, rows: Numbers) -> Numbers:
        """(case, feature) to (case,)."""
        return np.maximum(-self.log_density(rows) - self.least, 0)

    def log_density(self, rows: Numbers) -> Numbers:
        """(case, feature) to (case,), mean over mixtures."""
        z = np.column_stack([beta.normal(column) for beta, column in zip(self.betas, rows.T, strict=True)])
        return np.asarray(np.mean([mixture.log_density(z) for mixture in self.mixtures], axis=0))


def feature_row(values: Mapping[Strategy, Measured], features: Sequence[Strategy]) -> list[float] | str:
    """The features of a case in order; where one is undefined, the reason.

    A mean above a threshold that no voxel reaches counts as 0, as in the paper: here it is a sign, and not missing.
    """
    row = []
    for feature in features:
        found = values.get(feature, Measured(math.nan, "not known"))
        if math.isnan(found.value) and feature not in THRESHOLDS:
            return f"{feature}: {found.reason}"
        row.append(0.0 if math.isnan(found.value) else found.value)
    return row

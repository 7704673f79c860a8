"""Fits meta-aggregators; needs scikit-learn. Guarino et al. 2026 (arXiv:2603.29941).

The number of Gaussians, 1 to 11, is that with the lowest BIC. Where the square of the number of features is more than
half the number of cases, as many Gaussians are fitted to each of 20 bootstrap samples of the cases, and the mean of
their logarithms counts: one mixture alone would fit its cases too closely.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from services.aggregation.meta_aggregator import Beta, MetaAggregator, Mixture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sklearn.mixture import GaussianMixture

    from services.aggregation.names import Strategy

    Numbers = NDArray[np.float64]

MOST_COMPONENTS = 11
STARTS = 10
"""Beginnings of each fit, of which the best counts."""
CROWDED = 0.5
"""Above this number of features squared per case, several bootstrap mixtures are fitted."""
BOOTSTRAPS = 20
SEED = 42


def fit(rows: Numbers, features: Sequence[Strategy], *, seed: int = SEED) -> MetaAggregator:
    """A meta-aggregator of rows (case, feature) in [0, 1], which are only read.

    Features that do not vary are left out. Raises ValueError where none is left, or there are fewer than two cases.
    """
    if len(rows) < 2:
        raise ValueError(f"A fit must have at least two cases. Found: {len(rows)}. Give more.")
    found = [
        (one, beta, column) for one, column in zip(features, rows.T, strict=True) if (beta := Beta.by_moments(column))
    ]
    if not found:
        raise ValueError("A score must vary over the cases of a fit. Found: none that does. Give other cases.")
    z = np.column_stack([beta.normal(column) for _, beta, column in found])
    mixtures = _mixtures(z, seed)
    log_density = np.mean([mixture.log_density(z) for mixture in mixtures], axis=0)
    kept, betas, _ = zip(*found, strict=True)
    return MetaAggregator(kept, betas, mixtures, float((-log_density).min()))


def _mixtures(z: Numbers, seed: int) -> tuple[Mixture, ...]:
    cases, features = z.shape
    whole = min((_gaussians(z, count, seed) for count in _counts(cases)), key=lambda one: float(one.bic(z)))
    if features**2 / cases <= CROWDED:
        return (_read(whole),)
    rng = np.random.default_rng(seed)
    samples = (z[rng.integers(cases, size=cases)] for _ in range(BOOTSTRAPS))
    return tuple(_read(_gaussians(sample, whole.n_components, seed)) for sample in samples)


def _counts(cases: int) -> range:
    return range(1, min(MOST_COMPONENTS, cases // 2) + 1)


def _gaussians(z: Numbers, count: int, seed: int) -> GaussianMixture:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 -- slow to load, and only fitting needs it
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of too many Gaussians, which BIC does not choose
        return GaussianMixture(count, n_init=STARTS, random_state=seed).fit(z)


def _read(fitted: GaussianMixture) -> Mixture:
    return Mixture(fitted.weights_, fitted.means_, fitted.precisions_cholesky_)

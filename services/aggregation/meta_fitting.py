"""Fits meta-aggregators; needs scikit-learn. Guarino et al. 2026 (arXiv:2603.29941).

The number of Gaussians, 1 to 11, is that with the lowest BIC. Our own: each must have cases enough, and none is thinner
than RIDGE says. Without that BIC chooses many that hold a handful of cases each and are as thin as numbers allow, and
every further case seems impossible. Where the square of the number of features is more than
half the number of cases, as many Gaussians are fitted to each of 20 bootstrap samples of the cases, and the mean of
their logarithms counts: one mixture alone would fit its cases too closely.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from services.aggregation import scores
from services.aggregation.common_grid import SPACING_MM
from services.aggregation.meta_aggregator import (
    FEATURES,
    METHOD,
    VERSION,
    Beta,
    MetaAggregator,
    Mixture,
    feature_row,
)
from services.aggregation.meta_fits import MetaFits
from services.aggregation.names import MEASURES, Where, key_of
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sklearn.mixture import GaussianMixture

    from services.aggregation.names import Strategy
    from services.uncertainty.names import Measure

    Numbers = NDArray[np.float64]

MOST_COMPONENTS = 11
CASES_EACH = 2
"""So many cases a Gaussian, times the number of its features and one."""
RIDGE = 1e-3
"""Added to every variance of z, which is about 1."""
STARTS = 10
"""Beginnings of each fit, of which the best counts."""
CROWDED = 0.5
"""Above this number of features squared per case, several bootstrap mixtures are fitted."""
BOOTSTRAPS = 20
SEED = 42
LEAST_CASES = 20
"""Fewer cases than this give no mixture of any use."""


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


def fit_all(
    cases: Sequence[Mapping[str, float]], version: str, about: Mapping[str, Any], *, seed: int = SEED
) -> MetaFits:
    """Every meta-aggregator that these cases suffice for.

    Args:
        cases: the defined scores of each, by key.
        version: of the document.
        about: what it says of the cases; how many each meta-aggregator has is added, and how it was fitted.
        seed: of the starts and of the bootstrap samples.
    """
    fitted, counts = {}, {}
    for measure in MEASURES:
        for strategy, features in FEATURES.items():
            rows = feature_rows(cases, measure, features)
            if len(rows) >= LEAST_CASES:
                key = key_of(measure, strategy, Where.AORTA)
                fitted[key], counts[key] = fit(rows, features, seed=seed), len(rows)
    return MetaFits(version, {**about, **_how(seed), "cases_of": counts}, fitted)


def feature_rows(cases: Sequence[Mapping[str, float]], measure: Measure, features: Sequence[Strategy]) -> Numbers:
    """(case, feature) of the cases in which all features are defined."""
    keys = {one: key_of(measure, one, Where.AORTA) for one in features}
    known = (
        {one: Measured(case[key]) for one, key in keys.items() if key in case} for case in cases if _has(case, keys)
    )
    rows = [row for values in known if isinstance(row := feature_row(values, features), list)]
    return np.array(rows).reshape(-1, len(features))


def _has(case: Mapping[str, float], keys: Mapping[Strategy, str]) -> bool:
    """Whether there is a map at all: a mean above a threshold may be missing, see `feature_row`."""
    return any(key in case for key in keys.values())


def _how(seed: int) -> dict[str, Any]:
    import sklearn  # noqa: PLC0415 -- slow to load, and only fitting needs it

    return {
        "method": f"{METHOD} {VERSION}",
        "scores": f"{scores.METHOD} {scores.VERSION}",
        "grid_mm": list(SPACING_MM),
        "seed": seed,
        "starts": STARTS,
        "bootstraps": BOOTSTRAPS,
        "ridge": RIDGE,
        "scikit-learn": sklearn.__version__,
    }


def _mixtures(z: Numbers, seed: int) -> tuple[Mixture, ...]:
    cases, features = z.shape
    whole = min((_gaussians(z, count, seed) for count in _counts(*z.shape)), key=lambda one: float(one.bic(z)))
    if features**2 / cases <= CROWDED:
        return (_read(whole),)
    rng = np.random.default_rng(seed)
    samples = (z[rng.integers(cases, size=cases)] for _ in range(BOOTSTRAPS))
    return tuple(_read(_gaussians(sample, whole.n_components, seed)) for sample in samples)


def _counts(cases: int, features: int) -> range:
    return range(1, max(1, min(MOST_COMPONENTS, cases // (CASES_EACH * (features + 1)))) + 1)


def _gaussians(z: Numbers, count: int, seed: int) -> GaussianMixture:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 -- slow to load, and only fitting needs it
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of too many Gaussians, which BIC does not choose
        return GaussianMixture(count, n_init=STARTS, random_state=seed, reg_covar=RIDGE).fit(z)


def _read(fitted: GaussianMixture) -> Mixture:
    return Mixture(fitted.weights_, fitted.means_, fitted.precisions_cholesky_)

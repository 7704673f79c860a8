"""Meta-aggregators whose density is known, what a fit keeps to, and that a document gives the same scores back."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.aggregation import meta_fits, meta_fitting
from services.aggregation.meta_aggregator import FEATURES, Beta, MetaAggregator, Mixture
from services.aggregation.names import INTENSITIES, KEYS, MASSES, MEASURES, METAS, Strategy, Where, key_of
from services.errors import InputRefused
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from pathlib import Path

UNIFORM = Beta(1.0, 1.0)
"""Its distribution function is x itself, so that z = probit(x)."""
KNOWN = MetaAggregator(
    (Strategy.MEAN, Strategy.ABOVE_07),
    (UNIFORM, UNIFORM),
    (Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None]),),
    0.0,
)
"""Two independent standard normal features: the negative logarithm of the density is ln 2 pi + (z1^2 + z2^2) / 2."""


@pytest.fixture(autouse=True)
def _few_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitted well enough, in a fifth of the time."""
    monkeypatch.setattr(meta_fitting, "STARTS", 2)


def test_the_score_of_a_known_density_by_hand() -> None:
    """0.5 is z = 0, and 0.8413 is z = 1."""
    found = KNOWN.score({Strategy.MEAN: Measured(0.5), Strategy.ABOVE_07: Measured(stats.norm.cdf(1))})
    assert found.value == pytest.approx(math.log(2 * math.pi) + 0.5)


def test_the_least_unusual_case_of_the_fit_is_0_and_nothing_is_below() -> None:
    floored = replace(KNOWN, least=math.log(2 * math.pi) + 0.5)
    values = {Strategy.MEAN: Measured(0.5), Strategy.ABOVE_07: Measured(0.5)}
    assert floored.score(values).value == 0


def test_a_mean_above_a_threshold_that_nothing_reaches_counts_as_0_and_any_other_gap_is_a_reason() -> None:
    missing = Measured(math.nan, "no voxel is at 0.7 or above")
    found = KNOWN.score({Strategy.MEAN: Measured(0.5), Strategy.ABOVE_07: missing})
    assert found.value == pytest.approx(KNOWN.scores(np.array([[0.5, 0.0]]))[0])
    assert KNOWN.score({Strategy.ABOVE_07: Measured(0.5)}).reason == "mean: not known"


@given(st.floats(0.5, 9), st.floats(0.5, 9))
def test_a_beta_distribution_is_found_again_by_its_moments(a: float, b: float) -> None:
    known = stats.beta(a, b)
    values = known.ppf((np.arange(4000) + 0.5) / 4000)
    found = Beta.by_moments(values)
    assert found is not None
    assert (found.a, found.b) == pytest.approx((a, b), rel=0.05)
    z = found.normal(values)
    assert (z.mean(), z.std()) == pytest.approx((0, 1), abs=0.05)


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_score_that_does_not_vary_has_no_distribution(value: float) -> None:
    assert Beta.by_moments(np.full(5, value)) is None


def test_a_mixture_has_the_density_that_scipy_says() -> None:
    rng = np.random.default_rng(0)
    spread = rng.random((3, 3))
    covariance = spread @ spread.T + np.eye(3)
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T
    mixture = Mixture(np.array([0.3, 0.7]), np.array([[0.0, 0, 0], [1, 2, 3]]), np.stack([np.eye(3), factor]))
    z = rng.standard_normal((5, 3))
    parts = stats.multivariate_normal(np.zeros(3)).pdf(z), stats.multivariate_normal([1, 2, 3], covariance).pdf(z)
    assert np.exp(mixture.log_density(z)) == pytest.approx(0.3 * parts[0] + 0.7 * parts[1])


def beta_rows(cases: int, features: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.beta(4, 6, size=(cases, features))


def test_two_groups_of_cases_are_two_gaussians() -> None:
    rng = np.random.default_rng(2)
    rows = np.concatenate([rng.normal(place, 0.02, size=(60, 2)) for place in (0.3, 0.7)])
    fitted = meta_fitting.fit(rows, MASSES[:2])
    assert [len(one.weights) for one in fitted.mixtures] == [2]
    assert fitted.scores(rows).min() == 0
    between, within = fitted.scores(np.array([[0.5, 0.5], [0.3, 0.7]])), np.median(fitted.scores(rows))
    assert between.min() > 5 * within


def test_many_features_of_few_cases_are_the_mean_of_twenty_bootstrap_mixtures_of_few_gaussians() -> None:
    """13^2 / 80 is above one half; and 80 cases suffice for two Gaussians of 13 features."""
    fitted = meta_fitting.fit(beta_rows(80, 13), INTENSITIES)
    assert len(fitted.mixtures) == 20
    assert len(fitted.mixtures[0].weights) <= 2


def test_cases_like_those_of_the_fit_are_not_impossible() -> None:
    """Without a ridge, and with Gaussians of a handful of cases each, they were: hundreds of thousands of nats."""
    fitted = meta_fitting.fit(beta_rows(80, 13), INTENSITIES)
    others = fitted.scores(beta_rows(80, 13, seed=9))
    assert np.median(others) < 3 * np.median(fitted.scores(beta_rows(80, 13)))


def test_the_same_seed_gives_the_same_fit() -> None:
    one, other = (meta_fitting.fit(beta_rows(60, 3), MASSES) for _ in range(2))
    assert np.array_equal(one.scores(beta_rows(9, 3, 5)), other.scores(beta_rows(9, 3, 5)))


def test_what_does_not_vary_is_left_out_and_a_fit_without_anything_is_refused() -> None:
    rows = np.column_stack([beta_rows(60, 2), np.zeros(60)])
    assert meta_fitting.fit(rows, MASSES).features == MASSES[:2]
    with pytest.raises(ValueError, match="must vary"):
        meta_fitting.fit(np.zeros((9, 3)), MASSES)
    with pytest.raises(ValueError, match="at least two"):
        meta_fitting.fit(np.zeros((1, 3)), MASSES)


def cases(count: int) -> list[dict[str, float]]:
    rng = np.random.default_rng(4)
    names = [key_of(MEASURES[0], one, Where.AORTA) for one in FEATURES[Strategy.EVERY]]
    return [dict(zip(names, rng.beta(4, 6, len(names)).tolist(), strict=True)) for _ in range(count)]


def test_a_document_gives_the_same_scores_back(tmp_path: Path) -> None:
    fits = meta_fitting.fit_all(cases(40), "own-1", {"cases": 40})
    meta_fits.keep(fits, tmp_path)
    found = meta_fits.chosen(tmp_path)
    assert found is not None
    assert (found.version, found.about["scikit-learn"]) == ("own-1", fits.about["scikit-learn"])
    assert set(found.fitted) == {key_of(MEASURES[0], one, Where.AORTA) for one in METAS}
    for key, one in fits.fitted.items():
        rows = meta_fitting.feature_rows(cases(9), MEASURES[0], one.features)
        assert found.fitted[key].scores(rows) == pytest.approx(one.scores(rows), rel=1e-5, abs=1e-5)


def test_the_newest_fit_of_an_installation_counts_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    fits = meta_fitting.fit_all(cases(25), "own-2", {"cases": 25})
    meta_fits.keep(fits, tmp_path)
    meta_fits.keep(replace(fits, version="own-10"), tmp_path)
    assert getattr(meta_fits.chosen(tmp_path), "version", None) == "own-10"
    (tmp_path / meta_fits.FOLDER / "own-11.json").write_text('{"version": 1}')
    with pytest.raises(InputRefused, match="damaged"):
        meta_fits.chosen(tmp_path)


def test_what_is_shipped_says_on_which_scans_it_was_fitted() -> None:
    fits = meta_fits.shipped()
    assert fits is not None
    assert meta_fits.chosen(meta_fits.place_of_shipped().parent / "nowhere") is fits
    assert set(fits.fitted) == {key_of(measure, one, Where.AORTA) for measure in MEASURES for one in METAS}
    assert set(fits.fitted) < set(KEYS)
    assert fits.version.startswith("shipped-")
    assert "SYNTHETIC" in fits.about["on"]
    assert fits.about["scans"] >= 200
    assert set(fits.about["cases_of"].values()) == {fits.about["scans"]}

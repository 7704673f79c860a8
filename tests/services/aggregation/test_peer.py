"""Our 2D scores against those of the authors' package, on maps of known seeds; and where we differ, both are said."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts.aggrigator_golden import PACKAGE, maps
from services.aggregation import strategies
from services.aggregation.autocorrelation import FLAT, sums_of
from services.aggregation.maps import DoubtMap
from services.aggregation.names import MASSES, Strategy
from services.aggregation.spatial_mass import ALL_FLAT, NO_DOUBT, mass_ratios

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.evaluation.measures import Measured

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "aggrigator.json").read_text())
MAPS = maps()
FLAT_MAPS = {"flat", "empty"}
TOLERANCE = 1e-6


def ours(name: str) -> dict[str, Measured]:
    values, labels = MAPS[name]
    doubt = DoubtMap.of(values, labels)
    aggregates: dict[str, Callable[[DoubtMap], Measured]] = {
        "mean": strategies.mean,
        **{f"above 0.{n}": partial(strategies.above_threshold, threshold=n / 10) for n in (3, 5, 7)},
        **{f"above its {q:.2f} quantile": partial(strategies.above_quantile, q=q) for q in (0.6, 0.75, 0.9)},
        "foreground-ratio quantile": strategies.foreground_quantile,
        "patch of 5": partial(strategies.patch_maximum, size=(5, 5)),
        "balanced class mean": partial(strategies.class_mean, by_size=False),
        "imbalance-weighted class mean": partial(strategies.class_mean, by_size=True),
        "boundary mean": strategies.boundary_mean,
        "interior mean": strategies.interior_mean,
    }
    of_windows = {one.value: mass_ratios(doubt.values, one, [None])[0] for one in MASSES}
    sums = sums_of(doubt)
    return {
        **{key: aggregate(doubt) for key, aggregate in aggregates.items()},
        "Moran's I": sums.moran,
        "Geary's C": sums.geary,
        **of_windows,
    }


def test_the_answers_are_those_of_the_version_that_the_paper_names() -> None:
    assert GOLDEN["package"] == PACKAGE == "aggrigator==0.1.0rc1"
    assert set(GOLDEN["said"]) == set(MAPS)


@pytest.mark.parametrize("name", MAPS)
def test_what_is_defined_agrees_to_a_millionth(name: str) -> None:
    said, found = GOLDEN["said"][name], ours(name)
    assert set(found) == set(said)
    defined = {key: one.value for key, one in found.items() if not math.isnan(one.value)}
    if name == "plateau":
        defined.pop(Strategy.MORAN_MASS)  # differs on purpose: see below
    assert defined == pytest.approx({key: said[key] for key in defined}, abs=TOLERANCE)
    assert len(defined) >= 10


@pytest.mark.parametrize("name", sorted(set(MAPS) - FLAT_MAPS))
def test_on_a_map_that_varies_only_means_above_thresholds_that_nothing_reaches_are_undefined(name: str) -> None:
    """There the package says 0, which would be read as no doubt."""
    undefined = {key for key, one in ours(name).items() if math.isnan(one.value)}
    said = GOLDEN["said"][name]
    assert all(key.startswith("above 0.") and said[key] == 0 for key in undefined)


@pytest.mark.parametrize("name", sorted(FLAT_MAPS))
def test_a_map_without_variation_has_no_autocorrelation_where_the_package_says_1_or_0(name: str) -> None:
    """Its Geary's C of a flat map is 1 or 0, as the mean of equal numbers is rounded."""
    found, said = ours(name), GOLDEN["said"][name]
    assert (said["Moran's I"], said["Geary's C"]) == (1.0, {"flat": 0.0, "empty": 1.0}[name])
    for key in ("Moran's I", "Geary's C"):
        assert (math.isnan(found[key].value), found[key].reason) == (True, FLAT)


def test_a_flat_window_counts_as_fully_clustered_in_the_package_and_is_left_out_here() -> None:
    """The disk's inner windows are flat at 0.4: their mass counts there with 1, and here neither above nor below."""
    values, _ = MAPS["plateau"]
    padded = np.pad(values, 1, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    flat = (windows.max(axis=(2, 3)) == windows.min(axis=(2, 3))) & (values > 0)
    share = values[flat].sum() / values.sum()
    assert 0.4 < share < 0.9
    (found,) = mass_ratios(values, Strategy.MORAN_MASS, [None])
    said = GOLDEN["said"]["plateau"][Strategy.MORAN_MASS]
    assert share + (1 - share) * found.value == pytest.approx(said, abs=TOLERANCE)
    assert found.value < 0.54 < said


def test_the_mass_of_a_flat_map_is_1_in_the_package_and_undefined_here() -> None:
    assert GOLDEN["said"]["flat"][Strategy.MORAN_MASS] == 1.0
    assert ours("flat")[Strategy.MORAN_MASS].reason == ALL_FLAT
    assert math.isnan(GOLDEN["said"]["empty"][Strategy.MORAN_MASS])
    assert {ours("empty")[one].reason for one in MASSES} == {NO_DOUBT}

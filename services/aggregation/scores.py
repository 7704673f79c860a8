"""Every score of one map, in both places, each with its unit, its region and what it was made with."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.aggregation import autocorrelation, strategies, windows
from services.aggregation.maps import EMPTY, DoubtMap
from services.aggregation.names import MASSES, Strategy, Where, key_of
from services.aggregation.spatial_mass import mass_ratios
from services.evaluation.measures import Measured
from services.uncertainty.names import ONE
from services.uncertainty.region import REACH_MM, region_of_evaluation
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Json
    from services.uncertainty.names import Measure

    Aggregate = Callable[[DoubtMap], Measured]

METHOD, VERSION = "aggregation", "1"
MILLILITRES = "mL"
THREADS = 2
THRESHOLDS = {Strategy.ABOVE_03: 0.3, Strategy.ABOVE_05: 0.5, Strategy.ABOVE_07: 0.7}
QUANTILES = {Strategy.TOP_40: 0.60, Strategy.TOP_25: 0.75, Strategy.TOP_10: 0.90}
PATCHES_MM = {Strategy.PATCH_6: 6.0, Strategy.PATCH_10: 10.0, Strategy.PATCH_20: 20.0}
SIMPLE: Mapping[Strategy, Aggregate] = MappingProxyType(
    {
        Strategy.MEAN: strategies.mean,
        **{one: partial(strategies.above_threshold, threshold=value) for one, value in THRESHOLDS.items()},
        **{one: partial(strategies.above_quantile, q=value) for one, value in QUANTILES.items()},
        Strategy.FOREGROUND: strategies.foreground_quantile,
        Strategy.BALANCED: partial(strategies.class_mean, by_size=False),
        Strategy.WEIGHTED: partial(strategies.class_mean, by_size=True),
        Strategy.BOUNDARY: strategies.boundary_mean,
        Strategy.INTERIOR: strategies.interior_mean,
    }
)
"""Strategies that need neither voxels' size nor their neighbours."""
_WINDOW = {"window": 3}
PARAMETERS: Mapping[Strategy, Json] = MappingProxyType(
    {
        **{one: {"threshold": value} for one, value in THRESHOLDS.items()},
        **{one: {"quantile": value} for one, value in QUANTILES.items()},
        **{one: {"patch_mm": value} for one, value in PATCHES_MM.items()},
        **{one: {"background": "left out"} for one in (Strategy.BALANCED, Strategy.WEIGHTED)},
        **{one: {"thickness_voxels": 1} for one in (Strategy.BOUNDARY, Strategy.INTERIOR)},
        **{one: {"neighbours": "by faces"} for one in (Strategy.MORAN, Strategy.GEARY)},
        Strategy.MORAN_MASS: {**_WINDOW, "neighbours": "by faces", "flat_windows": "left out"},
        Strategy.EDGE_MASS: {**_WINDOW, "edge": windows.EDGE},
        Strategy.ENTROPY_MASS: {**_WINDOW, "bins": windows.BINS},
    }
)
"""What each was made with, beside what all are: see `Score.parameters`."""


@dataclass(frozen=True)
class Score:
    """One aggregated score; the value is nan only with its reason."""

    key: str
    strategy: Strategy
    value: float
    reason: str
    unit: str
    region: str
    parameters: Json = field(default_factory=dict)


def scores_of(
    values: NDArray[np.floating],
    labels: NDArray[np.integer],
    spacing_mm: Sequence[float],
    *,
    measure: Measure,
    image: Sequence[int] | None = None,
) -> list[Score]:
    """All strategies of one map but the meta-aggregators, around the aorta and over the whole image.

    Args:
        values: entropy / ln K (k, j, i), in [0, 1]; see `DoubtMap` on what lies beyond the box.
        labels: predicted classes on the same voxels, 0 background.
        spacing_mm: of voxels along k, j, i.
        measure: what the map measures; it names the scores.
        image: shape of the whole image, where it is larger than the box.
    """
    foreground = labels > 0
    region = region_of_evaluation(foreground, foreground, spacing_mm)
    whole = DoubtMap.of(values, labels, image=None if image is None else tuple(image))
    places = {Where.AORTA: _cut(whole, region), Where.WHOLE: whole}
    with ThreadPoolExecutor(THREADS) as pool:
        ratios = {one: pool.submit(mass_ratios, whole.values, one, (region, None)) for one in MASSES}
        others = [pool.submit(_without_windows, doubt, spacing_mm) for doubt in places.values()]
    found = [one.result() | {mass: ratios[mass].result()[place] for mass in MASSES} for place, one in enumerate(others)]
    return [
        _named(measure, strategy, where, one if doubt.count else Measured(math.nan, EMPTY), spacing_mm)
        for (where, doubt), of_place in zip(places.items(), found, strict=True)
        for strategy, one in of_place.items()
    ]


def volume_of(labels: NDArray[np.integer], spacing_mm: Sequence[float]) -> Score:
    """What is predicted to be aorta, in mL: the baseline of size alone."""
    value = np.count_nonzero(labels) * math.prod(spacing_mm) / 1000
    strategy = Strategy.VOLUME
    return Score(strategy.value, strategy, float(value), "", MILLILITRES, "inside the predicted outer wall")


def patch_of(strategy: Strategy, spacing_mm: Sequence[float]) -> tuple[int, ...]:
    """A patch in whole voxels, at least one along each axis."""
    return tuple(max(1, round(PATCHES_MM[strategy] / length)) for length in spacing_mm)


def _cut(whole: DoubtMap, region: NDArray[np.bool_]) -> DoubtMap:
    """Only what counts, on the smallest box that holds it."""
    box = slices_of(bounding_region(region) or Region((0, 0, 0), (1, 1, 1)))
    return DoubtMap(whole.values[box], whole.labels[box], region[box])


def _without_windows(doubt: DoubtMap, spacing_mm: Sequence[float]) -> dict[Strategy, Measured]:
    sums = autocorrelation.sums_of(doubt)
    return {
        **{one: aggregate(doubt) for one, aggregate in SIMPLE.items()},
        **{one: strategies.patch_maximum(doubt, patch_of(one, spacing_mm)) for one in PATCHES_MM},
        Strategy.MORAN: sums.moran,
        Strategy.GEARY: sums.geary,
    }


def _named(measure: Measure, strategy: Strategy, where: Where, found: Measured, spacing_mm: Sequence[float]) -> Score:
    said = {"divided_by": "ln K", "grid_mm": [float(length) for length in spacing_mm]}
    reach = {"reach_mm": REACH_MM} if where is Where.AORTA else {}
    parameters = {**said, **reach, **PARAMETERS.get(strategy, {})}
    return Score(key_of(measure, strategy, where), strategy, found.value, found.reason, ONE, where.value, parameters)

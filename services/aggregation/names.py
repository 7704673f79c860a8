"""What the scores made of a map are called: measure, strategy, and where. Formulas stand in docs/methods.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.uncertainty.names import Measure


class Strategy(StrEnum):
    """How a map becomes one number; the value is what is shown and stored."""

    MEAN = "mean"
    ABOVE_03 = "above 0.3"
    ABOVE_05 = "above 0.5"
    ABOVE_07 = "above 0.7"
    TOP_40 = "above its 0.60 quantile"
    TOP_25 = "above its 0.75 quantile"
    TOP_10 = "above its 0.90 quantile"
    FOREGROUND = "foreground-ratio quantile"
    PATCH_6 = "patch maximum 6 mm"
    PATCH_10 = "patch maximum 10 mm"
    PATCH_20 = "patch maximum 20 mm"
    BALANCED = "balanced class mean"
    WEIGHTED = "imbalance-weighted class mean"
    BOUNDARY = "boundary mean"
    INTERIOR = "interior mean"
    MORAN_MASS = "spatial mass by Moran"
    EDGE_MASS = "spatial mass by edges"
    ENTROPY_MASS = "spatial mass by entropy"
    MORAN = "Moran's I"
    GEARY = "Geary's C"
    SPATIAL = "meta-aggregator, spatial"
    INTENSITY = "meta-aggregator, intensity"
    EVERY = "meta-aggregator, all"
    VOLUME = "predicted volume"


class Where(StrEnum):
    """Which voxels count."""

    AORTA = "around the aorta"
    """The predicted aorta, widened."""
    WHOLE = "whole image"


MASSES = (Strategy.MORAN_MASS, Strategy.EDGE_MASS, Strategy.ENTROPY_MASS)
"""Features of the spatial meta-aggregator."""
INTENSITIES = (
    Strategy.MEAN, Strategy.ABOVE_03, Strategy.ABOVE_05, Strategy.ABOVE_07, Strategy.TOP_40, Strategy.TOP_25,
    Strategy.TOP_10, Strategy.FOREGROUND, Strategy.PATCH_6, Strategy.PATCH_10, Strategy.PATCH_20, Strategy.BALANCED,
    Strategy.WEIGHTED,
)  # fmt: skip
"""Features of the intensity meta-aggregator: the paper's 13."""
METAS = (Strategy.SPATIAL, Strategy.INTENSITY, Strategy.EVERY)
OF_MAP = tuple(one for one in Strategy if one not in (*METAS, Strategy.VOLUME))
"""What one map gives without anything fitted."""
MEASURES = (Measure.PREDICTIVE, Measure.MUTUAL)
"""The maps that are aggregated, each divided by ln K so that it lies in [0, 1]."""


@dataclass(frozen=True)
class Parsed:
    """What a key names; the volume belongs to no map and no place."""

    strategy: Strategy
    measure: Measure | None = None
    where: Where | None = None


def key_of(measure: Measure, strategy: Strategy, where: Where) -> str:
    """Under which a score is stored, at most 100 characters; the predicted volume has one key whatever the map."""
    return strategy.value if strategy is Strategy.VOLUME else f"{measure}, {strategy}, {where}"


def parse(key: str) -> Parsed | None:
    """What a key names; None if it is not the key of an aggregated score."""
    return KEYS.get(key)


def direction(strategy: Strategy) -> int:
    """1 where a higher value is taken as more doubt, -1 where a lower one is: Geary's C falls as values cluster."""
    return -1 if strategy is Strategy.GEARY else 1


def strategies_of(where: Where) -> tuple[Strategy, ...]:
    """All strategies of a map in one place: meta-aggregators are fitted around the aorta alone."""
    return (*OF_MAP, *METAS) if where is Where.AORTA else OF_MAP


def keys(measure: Measure, where: Where) -> list[str]:
    """All keys of one map in one place, without the predicted volume."""
    return [key_of(measure, strategy, where) for strategy in strategies_of(where)]


DEFAULT = key_of(Measure.PREDICTIVE, Strategy.FOREGROUND, Where.AORTA)
"""The score that sorts the worklist unless another is asked for."""
SIZE = Strategy.VOLUME.value
"""The baseline of size alone: in aneurysms size goes with everything."""
KEYS = {
    key_of(measure, strategy, where): Parsed(strategy, measure, where)
    for measure in MEASURES for where in Where for strategy in strategies_of(where)
} | {SIZE: Parsed(Strategy.VOLUME)}  # fmt: skip
"""Every key there is, and what it names."""
SORTABLE = (
    *(key for measure in MEASURES for key in keys(measure, Where.AORTA)),
    *(key_of(measure, one, Where.WHOLE) for measure in MEASURES for one in (Strategy.MEAN, Strategy.FOREGROUND)),
    SIZE,
)
"""What cases can be sorted and counted by; the other keys stay with their case."""

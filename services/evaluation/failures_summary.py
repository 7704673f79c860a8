"""From scores of scans to figures with intervals: failures, strange scans, mean ranks, and what size alone finds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.aggregation.names import DEFAULT, KEYS, MEASURES, SIZE, Strategy, Where, direction, key_of
from services.evaluation.held_out import Generator
from services.failure.acceptance import LEAST_DICE
from services.failure.detection import (
    Bounded,
    auroc,
    auroc_within,
    bounded,
    drawings,
    interval_of,
    mean_ranks,
    percentile,
)
from services.uncertainty.failure import failure_figures
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from services.evaluation.failures_settings import Setting, Table
    from services.evaluation.measures import Measured

    Index = NDArray[np.intp]

SEED = 20_261_127
RESAMPLES, RANK_RESAMPLES = 1_000, 300
AURC, EXCESS, AUGRC, AUROC, WITHIN = "AURC", "E-AURC", "AUGRC", "AUROC", "AUROC, like size"
FIGURES = (AURC, EXCESS, AUGRC, AUROC, WITHIN)
"""Of failure detection; the last compares scans within one third of the predicted volumes alone."""
FAILURES, OUTSIDE = "failure detection", "out-of-distribution detection"
PLAIN = key_of(Measure.PREDICTIVE, Strategy.MEAN, Where.AORTA)
"""What the default score is compared with."""


@dataclass(frozen=True)
class Detected:
    """How well one score finds failures among some scans, or strange scans in one setting."""

    score: str
    scans: str
    """The group, or the setting."""
    count: int
    positive: int
    """How many failed, or come from outside."""
    undefined: int
    figures: dict[str, Bounded]


@dataclass(frozen=True)
class Ranking:
    """All scores of one map in one place, and the predicted volume, by their mean rank over settings."""

    task: str
    figure: str
    measure: Measure
    where: Where
    settings: tuple[str, ...]
    values: dict[str, list[float]]
    ranks: dict[str, float]
    left_out: dict[str, str]
    gain: Bounded | None
    """By how much the default's mean rank is better than the plain mean's; None where it is not among them."""


def failures_found(table: Table, resamples: int = RESAMPLES) -> list[Detected]:
    """Every score in every group of scans."""
    return [
        _failures(table, key, name, mask, resamples)
        for name, mask in table.groups.items()
        if mask.any()
        for key in table.scores
    ]


def strangers_found(table: Table, resamples: int = RESAMPLES) -> list[Detected]:
    """Every score in every setting."""
    return [_strangers(table, key, setting, resamples) for setting in table.settings for key in table.scores]


def rankings(table: Table, resamples: int = RANK_RESAMPLES) -> list[Ranking]:
    """Both tasks, for each map and place."""
    return [
        _ranking(table, task, measure, where, resamples)
        for task in (FAILURES, OUTSIDE)
        for measure in MEASURES
        for where in Where
        if any(_of(key, measure, where) for key in table.scores)
    ]


def percentiles(table: Table, real: Mapping[str, float | None]) -> Iterator[tuple[str, Measured]]:
    """Where another scan's scores lie among those of scans of the generator that networks learnt from."""
    mask = table.groups[Generator.SAME.value]
    for key, scores in table.scores.items():
        value = real.get(key)
        turned = math.nan if value is None else value * direction(KEYS[key].strategy)
        yield key, percentile(turned, scores[mask])


def _failures(table: Table, key: str, name: str, mask: NDArray[np.bool_], resamples: int) -> Detected:
    here = np.flatnonzero(mask)
    score, dice, size = table.scores[key][here], table.dice[here], table.volume[here]

    def figures(at: Index) -> tuple[Measured, ...]:
        found = failure_figures(score[at], dice[at], failed_below=LEAST_DICE)
        return (*found, auroc_within(score[at], dice[at] < LEAST_DICE, size[at]))

    said = bounded(figures, len(here), _drawn(table.person[here], resamples, key))
    failed, undefined = int((dice < LEAST_DICE).sum()), int((~np.isfinite(score)).sum())
    return Detected(key, name, len(here), failed, undefined, dict(zip(FIGURES, said, strict=True)))


def _strangers(table: Table, key: str, setting: Setting, resamples: int) -> Detected:
    here = np.flatnonzero(setting.inside | setting.outside)
    score, outside = table.scores[key][here], setting.outside[here]
    drawn = _drawn(table.person[here], resamples, key)
    said = bounded(lambda at: (auroc(score[at], outside[at]),), len(here), drawn)
    undefined = int((~np.isfinite(score)).sum())
    return Detected(key, setting.name, len(here), int(outside.sum()), undefined, {AUROC: said[0]})


def _drawn(person: NDArray[np.int64], times: int, key: str) -> list[Index]:
    """The same for every score; whole images, which are published beside, have no interval."""
    one = KEYS[key]
    wanted = one.where is not Where.WHOLE
    return drawings(person, np.random.default_rng(SEED), times) if wanted else []


def _ranking(table: Table, task: str, measure: Measure, where: Where, resamples: int) -> Ranking:
    chosen = {key: scores for key, scores in table.scores.items() if key == SIZE or _of(key, measure, where)}
    figure, values_at = (EXCESS, _excess) if task == FAILURES else (AUROC, _outside)
    values = _values(table, chosen, values_at, np.arange(len(table.dice)))
    ranked = mean_ranks(values, highest_first=task == OUTSIDE)
    gain = _gain(table, chosen, values_at, ranked.ranks, resamples, highest_first=task == OUTSIDE)
    names = tuple(setting.name for setting in table.settings)
    return Ranking(task, figure, measure, where, names, values, ranked.ranks, ranked.left_out, gain)


def _of(key: str, measure: Measure, where: Where) -> bool:
    return (KEYS[key].measure, KEYS[key].where) == (measure, where)


def _values(
    table: Table,
    scores: Mapping[str, NDArray[np.float64]],
    value_at: Callable[[Table, NDArray[np.float64], Setting, Index], float],
    at: Index,
) -> dict[str, list[float]]:
    """Of the scans at these places, one value a setting."""
    return {key: [value_at(table, each, setting, at) for setting in table.settings] for key, each in scores.items()}


def _excess(table: Table, score: NDArray[np.float64], setting: Setting, at: Index) -> float:
    here = at[(setting.inside | setting.outside)[at]]
    return failure_figures(score[here], table.dice[here], failed_below=LEAST_DICE).excess.value


def _outside(_: Table, score: NDArray[np.float64], setting: Setting, at: Index) -> float:
    here = at[(setting.inside | setting.outside)[at]]
    return auroc(score[here], setting.outside[here]).value


def _gain(
    table: Table,
    scores: Mapping[str, NDArray[np.float64]],
    value_at: Callable[[Table, NDArray[np.float64], Setting, Index], float],
    ranks: Mapping[str, float],
    resamples: int,
    *,
    highest_first: bool,
) -> Bounded | None:
    """Mean rank of the plain mean less that of the default, anew on each drawing of persons; positive is better."""
    if DEFAULT not in ranks or PLAIN not in ranks:
        return None
    whole = {key: scores[key] for key in ranks}
    found: list[float] = []
    for at in drawings(table.person, np.random.default_rng(SEED), resamples):
        again = mean_ranks(_values(table, whole, value_at, at), highest_first=highest_first).ranks
        if DEFAULT in again and PLAIN in again:
            found.append(again[PLAIN] - again[DEFAULT])
    return Bounded(ranks[PLAIN] - ranks[DEFAULT], *interval_of(np.array(found)))

"""Stored figures of many cases as one picture: bands of curves, pooled bins, where one case stands. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.records import Json

LOW, HIGH = 0.10, 0.90
"""Between these shares of the cases lies a band."""
COLUMNS = 24
"""Of a histogram."""


@dataclass(frozen=True)
class Standing:
    """Where a value stands among those of other cases."""

    below: int
    """Other cases with a lower value."""
    same: int
    others: int

    @property
    def percentile(self) -> float | None:
        """Share of the others that lie below, equal ones counting half, in per cent; None without any."""
        return 100 * (self.below + self.same / 2) / self.others if self.others else None


@dataclass(frozen=True)
class Band:
    """Curves of several cases at the same points."""

    at: tuple[float, ...]
    low: tuple[float | None, ...]
    """Percentile 10 of the cases at each point, None where no case has a value; as the two that follow."""
    middle: tuple[float | None, ...]
    """Their median."""
    high: tuple[float | None, ...]
    """Percentile 90."""
    cases: int


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability diagram, its voxels of all cases together."""

    count: int
    confidence: float
    right: float
    cases: int
    """With a voxel in it."""


def histogram(groups: Mapping[str, Sequence[float]]) -> tuple[tuple[float, ...], dict[str, tuple[int, ...]]]:
    """Edges from 0 to the largest value, and how many values of each group lie between; nothing without values."""
    every = [value for values in groups.values() for value in values]
    if not every:
        return (), {}
    edges = np.linspace(0, max(every) or 1.0, COLUMNS + 1)
    counted = {name: np.histogram(values, edges)[0] for name, values in groups.items() if values}
    return tuple(edges.tolist()), {name: tuple(counts.tolist()) for name, counts in counted.items()}


def standing(value: float, others: Sequence[float]) -> Standing:
    """A value among those of other cases."""
    every = np.asarray(others, np.float64)
    return Standing(int((every < value).sum()), int((every == value).sum()), len(every))


def band(curves: Sequence[Json], at: str, values: str) -> Band | None:
    """Stored curves that share their points; one with others is left out. None without any."""
    said: list[dict[str, Any]] = [dict(curve) for curve in curves if curve.get(at) and curve.get(values)]
    if not said:
        return None
    points = said[0][at]
    table = np.array([curve[values] for curve in said if curve[at] == points], np.float64)
    low, middle, high = (_quantile(table, share) for share in (LOW, 0.5, HIGH))
    return Band(tuple(points), low, middle, high, len(table))


def pooled(bins: Sequence[Json]) -> tuple[Bin, ...]:
    """The bins of all cases together, from low confidence to high; those without a voxel are left out."""
    said: list[dict[str, Any]] = [dict(one) for one in bins if one.get("count")]
    if not said:
        return ()
    most = max(len(one["count"]) for one in said)
    said = [one for one in said if len(one["count"]) == most]
    count, confidence, right = (np.array([one[name] for one in said], np.float64) for name in _OF_BINS)
    sums = count.sum(axis=0)
    means = [np.nansum(count * each, axis=0) / np.maximum(sums, 1) for each in (confidence, right)]
    with_any = (count > 0).sum(axis=0)
    return tuple(
        Bin(int(sums[b]), float(means[0][b]), float(means[1][b]), int(with_any[b])) for b in np.flatnonzero(sums)
    )


_OF_BINS = ("count", "confidence", "right")


def _quantile(table: np.ndarray[Any, np.dtype[np.float64]], share: float) -> tuple[float | None, ...]:
    """Of every column that has a value."""
    columns = (column[np.isfinite(column)] for column in table.T)
    return tuple(float(np.quantile(column, share)) if column.size else None for column in columns)

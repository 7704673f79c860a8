"""Every aggregated score of a held-out scan, from what the shipped ensemble says of it, made as those of cases are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.aggregation import common_grid, meta_aggregator, meta_fits, scores
from services.aggregation.common_grid import on_common_grid
from services.aggregation.names import MEASURES
from services.aggregation.of_case import of_maps
from services.evaluation.measures import Measured
from services.evaluation.uncertainty_ways import Way
from services.uncertainty.names import largest
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.evaluation.uncertainty_judging import Looked

VERSION = "1"
"""Of this way to scores."""


def versions() -> str:
    """All that the scores of a scan hang on, in words."""
    fits = meta_fits.shipped()
    parts = {
        "way": VERSION,
        "scores": scores.VERSION,
        "grid": common_grid.VERSION,
        "meta-aggregator": meta_aggregator.VERSION,
        "fit": fits.version if fits else "none",
    }
    return ", ".join(f"{name} {version}" for name, version in parts.items())


def scores_of_scan(looked: Looked, spacing: Sequence[float]) -> dict[str, Measured]:
    """By their keys, those of shipped meta-aggregators among them; spacing in mm along k, j, i."""
    told, mask = looked.ways[Way.ENSEMBLE], looked.mask()
    most = largest(MEASURES[0], len(told.probability))
    maps = {measure: told.maps[measure] / most for measure in MEASURES if measure in told.maps}
    grid = on_common_grid(maps, mask[slices_of(looked.region)], looked.region, looked.shape, spacing)
    found = [*of_maps(grid, meta_fits.shipped()), scores.volume_of(mask, spacing)]
    return {one.key: Measured(one.value, one.reason) for one in found}

"""The scores of one case as rows to be stored, undefined ones with their reason. Pure functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from db.records import NewScore
from services.aggregation import meta_aggregator, scores
from services.aggregation.common_grid import SPACING_MM
from services.aggregation.meta_aggregator import NATS
from services.aggregation.names import MEASURES, METAS, Strategy, Where, key_of
from services.aggregation.scores import Score, scores_of
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.aggregation.common_grid import OnCommonGrid
    from services.aggregation.meta_fits import MetaFits
    from services.uncertainty.names import Measure

NO_MAP = "the model has stored no such map"
NOT_FITTED = "no meta-aggregator is fitted here"


def of_maps(grid: OnCommonGrid, fits: MetaFits | None) -> list[Score]:
    """Every score of every map, and of the meta-aggregators that are fitted for it."""
    found: list[Score] = []
    for measure, values in grid.maps.items():
        of_map = scores_of(values, grid.labels, SPACING_MM, measure=measure, image=grid.image)
        around = {one.strategy: Measured(one.value, one.reason) for one in of_map if one.region == Where.AORTA}
        found += [*of_map, *(_meta(measure, strategy, around, fits) for strategy in METAS)]
    return found


def rows_of(found: Sequence[Score], subject: str, missing: Mapping[str, str]) -> Iterator[NewScore]:
    """As they are stored. missing: why a measure has no map, where the model said so; one row says it."""
    for one in found:
        value = None if math.isnan(one.value) else one.value
        fitted = one.strategy in METAS
        method = (meta_aggregator.METHOD, meta_aggregator.VERSION) if fitted else (scores.METHOD, scores.VERSION)
        yield NewScore(one.key, subject, value, one.unit, one.region, *method, dict(one.parameters), one.reason)
    there = {one.key for one in found}
    for measure in MEASURES:
        if (key := key_of(measure, Strategy.FOREGROUND, Where.AORTA)) not in there:
            why = missing.get(measure) or NO_MAP
            yield NewScore(key, subject, None, "1", Where.AORTA, scores.METHOD, scores.VERSION, {}, why)


def _meta(measure: Measure, strategy: Strategy, around: Mapping[Strategy, Measured], fits: MetaFits | None) -> Score:
    key = key_of(measure, strategy, Where.AORTA)
    fitted = fits.fitted.get(key) if fits else None
    found = fitted.score(around) if fitted else Measured(math.nan, NOT_FITTED)
    said = {"fit": fits.version, "features": len(fitted.features)} if fits and fitted else {}
    return Score(key, strategy, found.value, found.reason, NATS, Where.AORTA.value, said)

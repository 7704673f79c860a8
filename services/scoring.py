"""The scores of a stored case, brought up to date in the background; stored as a run of their own.

Nothing is computed again where the maps, the outline, the fitted meta-aggregators and the versions of the methods are
what they were. What was stored before stays; the newest defined values are those that cases are sorted by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import commands, findings, measurements, predictions, queries, scorings
from db.turns import take_turn
from db.vocabulary import AuditAction, Outcome
from services import runs, storing
from services.aggregation import common_grid, meta_aggregator, of_case, scores
from services.aggregation.common_grid import on_common_grid
from services.aggregation.names import MEASURES, SORTABLE
from services.doubting import NO_MODEL, missing_of
from services.drawings import common_box
from services.labels import DEFAULT
from services.uncertainty import region
from services.uncertainty.names import largest
from services.uncertainty.on_case import PARTS, WALL, labels_on, placed, sources_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.records import CasePage, Json, NewScore
    from db.store import Store
    from services.aggregation.meta_fits import MetaFits
    from services.imaging.progress import Tell
    from services.prepared import PreparedLayer
    from services.uncertainty.on_case import Sources

SCORING = "scores of maps"
"""The step, and who did it in the audit trail."""
NO_ENTROPY = "its values are above ln K, so that they are no entropy of these classes in nats"
ROUNDING = 0.01
"""So far above 1 may a stored share of ln K be."""
FIT = "fit"
"""Parameter of the run: which meta-aggregators; '' for none."""


def bring_up_to_date(store: Store, key: str, fits: MetaFits | None, tell: Tell) -> Outcome:
    """Store what is new; UNCHANGED where nothing is. Raises NotFound, and InputRefused where images are lost."""
    return storing.as_things_are(lambda: _attempt(store, key, fits, tell))


def plan_of(sources: Sources | None, fits: MetaFits | None) -> dict[str, Any]:
    """Ready for JSON: whose maps they are, and what changes with every voxel and version that scores rest on."""
    versions = [scores.VERSION, common_grid.VERSION, meta_aggregator.VERSION, region.VERSION]
    said = {FIT: fits.version if fits else "", "versions": versions}
    if sources is None:
        return {"model": "", "reason": NO_MODEL, **said}
    maps = {one.value: layer.spec.image.digest[:16] for one, layer in sources.maps.items() if one in MEASURES}
    return {"model": sources.model.subject, "mask": sources.model.digest, "maps": maps, **said}


def _attempt(store: Store, key: str, fits: MetaFits | None, tell: Tell) -> Outcome:
    page = runs.case_of(store, key)
    sources = sources_of(page.layers)
    plan = plan_of(sources, fits)
    with store.read() as session:
        before = measurements.said_of(session, key, findings.SCORES)
        missing = {} if sources is None else missing_of(predictions.runs_of(session, key), sources)
    if plan == before:
        return Outcome.UNCHANGED
    tell(SCORING, 0, 1)
    rows = _rows(store, page, sources, missing, fits) if sources else []
    return _stored(store, page, rows, plan)


def _rows(
    store: Store, page: CasePage, sources: Sources, missing: Mapping[str, str], fits: MetaFits | None
) -> list[NewScore]:
    shape, spacing = page.series.shape, page.series.spacing_mm
    masks = [storing.decoded(store, layer) for layer in sources.model.layers]
    maps = {one: storing.decoded(store, layer) for one, layer in sources.maps.items() if one in MEASURES}
    box, classes = common_box([*masks, *maps.values()]), _classes(masks)
    labels = labels_on(masks, box, classes)
    values = {one: placed(layer, box) / largest(one, len(classes) + 1) for one, layer in maps.items()}
    wrong = {one.value: NO_ENTROPY for one, map_ in values.items() if map_.max(initial=0) > 1 + ROUNDING}
    shares = {one: map_ for one, map_ in values.items() if one not in wrong}
    found = of_case.of_maps(on_common_grid(shares, labels, box, shape, spacing), fits)
    found.append(scores.volume_of(labels, spacing))
    return list(of_case.rows_of(found, sources.model.subject, {**missing, **wrong}))


def _classes(masks: Sequence[PreparedLayer]) -> Mapping[int, str]:
    """What the model tells apart: lumen and thrombus, or else the outer wall alone."""
    return DEFAULT if {name for mask in masks for name in mask.classes.values()} >= PARTS else WALL


def _stored(store: Store, page: CasePage, rows: Sequence[NewScore], plan: Json) -> Outcome:
    key, values = page.row.key, {row.name: row.value for row in rows}
    with store.begin() as session:
        take_turn(session)
        now = queries.case_page(session, key)
        if now is None or len(now.layers) != len(page.layers):
            raise storing.Overtaken
        scorings.set_scores(session, key, rows, plan, {name: values.get(name) for name in SORTABLE})
        details = {"scores": len(rows)}
        commands.record_audit(session, actor=SCORING, action=AuditAction.MEASURED, case_key=key, details=details)
    return Outcome.EXTENDED

"""The figures of doubt of a stored case, brought up to date in the background; stored as a run of their own.

Nothing is computed again where the layers that they rest on, and the versions of the methods, are what they were. What
was stored before stays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from db import case_values, commands, doubts, findings, measurements, predictions, queries
from db.records import Region
from db.turns import take_turn
from db.vocabulary import AuditAction, Outcome
from services import runs, storing
from services.evaluation.measures import Measured
from services.segmentation import installed
from services.uncertainty import case_figures, distance, region, stored
from services.uncertainty.figure_names import DISTANCE, LAYERS, MODEL, MODEL_VERSION, READERS, REASON, VERSIONS
from services.uncertainty.names import Measure
from services.uncertainty.on_case import on_grid, sources_of
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.records import CasePage, Json, NewScore
    from db.store import Store
    from services.imaging.progress import Tell
    from services.uncertainty.distance import TrainingStatistics
    from services.uncertainty.on_case import OnGrid, Sources

DOUBTING = "figures of doubt"
"""The step, and who did it in the audit trail."""
MISSING = "missing"
"""Parameter of a run, and of a map: which others there are not, and why."""
NOT_OURS = "what this model learnt from is not known here"
NO_MODEL = "no model has outlined this case with its probabilities or its doubt"


def bring_up_to_date(store: Store, key: str, tell: Tell) -> Outcome:
    """Store what is new; UNCHANGED where nothing is. Raises NotFound, and InputRefused where images are lost."""
    return storing.as_things_are(lambda: _attempt(store, key, tell))


def _attempt(store: Store, key: str, tell: Tell) -> Outcome:
    page = runs.case_of(store, key)
    sources = sources_of(page.layers)
    plan = plan_of(sources)
    with store.read() as session:
        before = measurements.said_of(session, key, findings.DOUBT)
        missing = missing_of(predictions.runs_of(session, key), sources)
    if plan == before:
        return Outcome.UNCHANGED
    tell(DOUBTING, 0, 1)
    rows = _rows(store, page, sources, missing) if sources else []
    return _stored(store, page, rows, plan)


def plan_of(sources: Sources | None) -> dict[str, Any]:
    """Ready for JSON: whose doubt it is, and what changes with every voxel and version that its figures rest on."""
    versions = [stored.VERSION, case_figures.VERSION, region.VERSION, distance.VERSION, distance.shipped().version]
    if sources is None:
        return {MODEL: "", MODEL_VERSION: "", REASON: NO_MODEL, VERSIONS: versions}
    maps = {measure.value: layer.spec.image.digest[:16] for measure, layer in sources.maps.items()}
    probabilities = {name: layer.spec.image.digest[:16] for name, layer in sources.probabilities.items()}
    return {
        MODEL: sources.model.author,
        MODEL_VERSION: sources.model.version,
        LAYERS: {"mask": sources.model.digest, "maps": maps, "probabilities": probabilities},
        READERS: {one.subject: one.digest for one in sources.readers},
        VERSIONS: versions,
    }


def missing_of(known: Sequence[predictions.ModelRun], sources: Sources | None) -> Mapping[str, str]:
    """Why the model has no map of a measure, as its run says; of an imported one, as its other maps say."""
    if sources is None:
        return {}
    of_model = (sources.model.author, sources.model.version)
    said: Any = next((run.parameters.get(MISSING) for run in known if (run.model, run.version) == of_model), None)
    if isinstance(said, dict):
        return {str(name): str(reason) for name, reason in said.items()}
    words = (str(layer.spec.parameters.get(MISSING, "")) for layer in sources.maps.values())
    reasons = [reason for text in words for reason in text.split("; ")]
    return {measure.value: reason for measure in Measure for reason in reasons if reason.startswith(f"{measure} ")}


def _rows(store: Store, page: CasePage, sources: Sources, missing: Mapping[str, str]) -> list[NewScore]:
    series, subject = page.series, sources.model.subject
    grid = on_grid(sources, lambda layer: storing.decoded(store, layer), series.shape, series.spacing_mm)
    rows = stored.rows_of(grid, subject, sources.classes, series.spacing_mm, missing)
    known = distance.shipped()
    return [*rows, stored.distance_row(_distance(store, page, sources, grid, known), subject, known)]


def _distance(store: Store, page: CasePage, sources: Sources, grid: OnGrid, known: TrainingStatistics) -> Measured:
    """From what the shipped networks learnt from; of another model that is not known."""
    ours = (installed.shipped(folder) for folder in (installed.AORTA, installed.LIGHT))
    if sources.model.author not in {card.name for card in ours if card}:
        return Measured(math.nan, NOT_OURS)
    mask = np.zeros(page.series.shape, np.bool_)
    mask[slices_of(Region(grid.origin, grid.shape))] = grid.wall
    hounsfield = runs.image_of(store, page).array
    return distance.distance_from_training(hounsfield, mask, page.series.spacing_mm, known)


def _stored(store: Store, page: CasePage, rows: Sequence[NewScore], plan: Json) -> Outcome:
    key = page.row.key
    with store.begin() as session:
        take_turn(session)
        now = queries.case_page(session, key)
        if now is None or len(now.layers) != len(page.layers):
            raise storing.Overtaken
        doubts.set_doubt(session, key, rows, plan)
        case_values.set_values(
            session, key, {DISTANCE: next((row.value for row in rows if row.name == DISTANCE), None)}
        )
        details = {"figures of doubt": len(rows)}
        commands.record_audit(session, actor=DOUBTING, action=AuditAction.MEASURED, case_key=key, details=details)
    return Outcome.EXTENDED

"""What a stored case's model gets wrong by its reference, brought up to date in the background; a run of its own.

Nothing is computed again where outlines, maps, diameters and versions are what they were. Images first, then one
transaction of rows. What was stored before stays, and is shown no more.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from db import case_values, commands, error_pieces, measurements, queries
from db.failure_records import CaseError, CaseTrait
from db.findings import ERRORS
from db.measurement_records import Shown
from db.records import NewScore, Region
from db.turns import take_turn
from db.vocabulary import AuditAction, AuthorKind, LabelSource, LayerKind, Outcome
from services import runs, storing
from services.evaluation.measures import Measured
from services.failure import anatomy, anatomy_rows, pieces
from services.failure.anatomy_rows import DiameterError
from services.failure.grids import Outlined, grids_of, thrombus_share
from services.failure.references import NO_MODEL, NO_REFERENCE, neighbours_of, reference_of
from services.labels import LUMEN, OUTER_WALL
from services.measurement.drawn import drawn_of, label_map, readers_of
from services.prepared import PreparedLayer
from services.uncertainty.on_case import sources_of
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.failure_records import NewErrorPiece
    from db.records import CasePage, Layer, NewLayer
    from db.store import Store
    from services.failure.grids import CaseGrids
    from services.failure.references import Reference
    from services.imaging.progress import Tell
    from services.measurement.drawn import Drawn, LabelMap

ERRING = "errors against the reference"
"""The step, and who did it in the audit trail."""
STORED = 1
"""What is stored of a comparison; goes up with it."""
NO_DIAMETER = "the model's largest diameter is undefined"
NO_REFERENCE_DIAMETER = "no largest diameter was measured on the reference"
KINDS = {1: "false positive", 2: "false negative"}
"""Values of the layer of errors."""


@dataclass(frozen=True)
class Compared:
    """What of a case is compared with what; `reference` is None without a model too."""

    page: CasePage
    model: Drawn | None
    reference: Reference | None
    maps: Mapping[str, Layer]

    @classmethod
    def of(cls, page: CasePage) -> Compared:
        """The model whose doubt is shown, or else the newest one."""
        sources = sources_of(page.layers)
        models = [one for one in drawn_of(page.layers) if one.kind is AuthorKind.MODEL]
        newest = max(models, key=lambda one: one.run_id or 0, default=None)
        model = sources.model if sources else newest
        maps = {measure.value: layer for measure, layer in sources.maps.items()} if sources else {}
        return cls(page, model, reference_of(page.layers, model) if model else None, maps)

    @cached_property
    def readers(self) -> tuple[Drawn, ...]:
        """Who says whether the reference is disputed."""
        return readers_of(drawn_of(self.page.layers))

    @property
    def plan(self) -> dict[str, Any]:
        """What the result depends on; the same plan, the same result."""
        versions = [STORED, anatomy.VERSION, pieces.VERSION]
        if self.model is None or self.reference is None:
            mask = self.model.digest if self.model else ""
            return {"reason": NO_REFERENCE if self.model else NO_MODEL, "mask": mask, "versions": versions}
        subjects = (self.model.subject, *self.reference.subjects)
        return {
            "model": self.model.subject,
            "mask": self.model.digest,
            "reference": self.reference.name,
            "basis": self.reference.basis.value,
            "outlines": self.reference.digests,
            "readers": {one.subject: one.digest for one in self.readers},
            "maps": {name: layer.spec.image.digest[:16] for name, layer in self.maps.items()},
            "neighbours": [layer.spec.image.digest[:16] for layer in neighbours_of(self.page.layers)],
            "diameters": {subject: self._diameter(subject) for subject in subjects},
            "versions": versions,
        }

    @property
    def diameter(self) -> DiameterError:
        """The model's minus the median of the reference's."""
        if self.model is None or self.reference is None:
            return DiameterError(Measured(math.nan, NO_REFERENCE))
        own = self._diameter(self.model.subject)
        found = [value for subject in self.reference.subjects if (value := self._diameter(subject)) is not None]
        if own is None or not found:
            return DiameterError(Measured(math.nan, NO_DIAMETER if own is None else NO_REFERENCE_DIAMETER))
        said = f"median of {len(found)} readers" if len(found) > 1 else self.reference.name
        return DiameterError(Measured(own - statistics.median(found)), said)

    def _diameter(self, subject: str) -> float | None:
        """The largest orthogonal one, as it was measured by the program."""
        named = (one.spec for one in self.page.measurements if one.spec.name == Shown.DIAMETER and not one.spec.reader)
        return next((spec.value for spec in named if spec.subject == subject), None)


def bring_up_to_date(store: Store, key: str, tell: Tell) -> Outcome:
    """Store what is new; UNCHANGED where nothing is. Raises NotFound, and InputRefused where images are lost."""
    return storing.as_things_are(lambda: _attempt(store, key, tell))


def _attempt(store: Store, key: str, tell: Tell) -> Outcome:
    compared = Compared.of(runs.case_of(store, key))
    with store.read() as session:
        before = measurements.said_of(session, key, ERRORS)
    if compared.plan == before:
        return Outcome.UNCHANGED
    traits = _traits(store, compared)
    if compared.model is None or compared.reference is None:
        subject, reason = compared.model.subject if compared.model else "", compared.plan["reason"]
        scores = [*anatomy_rows.undefined_scores(subject, reason), *traits]
        _store(store, compared, scores, [], dict.fromkeys(map(str, CaseError)))
        return Outcome.UNCHANGED
    tell(ERRING, 0, 1)
    grids = _grids(store, compared, compared.model, compared.reference)
    found, diameter = anatomy.anatomy_of(grids), compared.diameter
    scores = [*anatomy_rows.scores_of(found, diameter, compared.model.subject, compared.reference), *traits]
    listed = [*anatomy_rows.pieces_of(found, compared.model.subject, compared.reference)]
    layer = _layer(grids, compared, compared.model, compared.reference)
    layers = [storing.stored_layer(store, layer)] if layer else []
    _store(store, compared, scores, listed, anatomy_rows.values_of(found, diameter), layers)
    return Outcome.EXTENDED


def _grids(store: Store, compared: Compared, model: Drawn, reference: Reference) -> CaseGrids:
    def read(layers: Sequence[Layer]) -> list[PreparedLayer]:
        return [storing.decoded(store, layer) for layer in layers]

    series = compared.page.series
    return grids_of(
        read(model.layers),
        read(reference.layers),
        [read(one.layers) for one in compared.readers],
        {name: storing.decoded(store, layer) for name, layer in compared.maps.items()},
        read(neighbours_of(compared.page.layers)),
        np.array(series.affine, np.float64),
        series.shape,
    )


def _traits(store: Store, compared: Compared) -> list[NewScore]:
    """What the model's own outline says of the case, whatever the reference."""
    if compared.model is None:
        return []
    layers = [storing.decoded(store, layer) for layer in compared.model.layers]
    labels = label_map(layers, np.array(compared.page.series.affine, np.float64))
    subject = compared.model.subject
    share, density = thrombus_share(labels), _density(store, compared.page, labels)
    apart = "the model does not tell lumen and thrombus apart, or has outlined nothing"
    found = ((CaseTrait.THROMBUS, share, "1"), (CaseTrait.DENSITY, density, "HU"))
    return [
        NewScore(name, subject, value, unit, anatomy_rows.WHOLE, "outline", "1", {}, "" if value is not None else apart)
        for name, value, unit in found
    ]


def _density(store: Store, page: CasePage, labels: LabelMap) -> float | None:
    outlined = Outlined(labels.array, labels.classes)
    lumen = outlined.of(LUMEN)
    if not lumen.any():
        return None
    image = runs.image_of(store, page).array[slices_of(Region(labels.region.origin, labels.region.shape))]
    return float(np.median(image[lumen]))


def _layer(grids: CaseGrids, compared: Compared, model: Drawn, reference: Reference) -> PreparedLayer | None:
    """Where the outer wall is wrong; None where it is wrong nowhere."""
    drawn, right = (one.of(OUTER_WALL) for one in (grids.model, grids.reference))
    wrong = np.where(drawn, 1, 2).astype(np.uint8) * (drawn != right)
    box = bounding_region(wrong)
    if box is None:
        return None
    k, j, i = (int(value) for value in np.add(box.origin, grids.origin))
    source = runs.source_of(compared.page)
    said: dict[str, object] = {"reference": reference.name, "basis": reference.basis.value}
    marked: dict[str, object] = {"synthetic": True} if source is LabelSource.SYNTHETIC else {}
    return PreparedLayer(
        kind=LayerKind.ERROR,
        name=f"against {reference.name}"[:100],
        author=model.author,
        author_kind=AuthorKind.MODEL,
        author_version=model.version,
        source=source,
        array=np.ascontiguousarray(wrong[slices_of(box)]),
        affine=moved_origin(np.array(compared.page.series.affine, np.float64), (k, j, i)),
        region=Region((k, j, i), box.shape),
        unit="label",
        minimum=0.0,
        maximum=2.0,
        classes=dict(KINDS),
        method=anatomy.METHOD,
        method_version=anatomy.VERSION,
        parameters=said | marked,
    )


def _store(
    store: Store,
    compared: Compared,
    scores: Sequence[NewScore],
    listed: Sequence[NewErrorPiece],
    values: Mapping[str, float | None],
    layers: Sequence[NewLayer] = (),
) -> None:
    key, plan = compared.page.row.key, compared.plan
    traits = {score.name: score.value for score in scores if score.name in set(CaseTrait)}
    with store.begin() as session:
        take_turn(session)
        now = queries.case_page(session, key)
        if now is None or Compared.of(now).plan != plan:
            raise storing.Overtaken
        error_pieces.set_errors(session, key, scores, listed, plan, layers)
        case_values.set_values(session, key, {**values, **dict.fromkeys(CaseTrait), **traits})
        if layers:
            storing.require_images(store, session, key)
        if compared.reference is not None:
            details = {"error pieces": len(listed), "basis": compared.reference.basis.value}
            commands.record_audit(session, actor=ERRING, action=AuditAction.MEASURED, case_key=key, details=details)

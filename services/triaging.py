"""The triage of a stored case, brought up to date in the background: flags of a run of their own, and the random draw.

It follows what was measured, doubted and compared. Nothing is looked at again where all that it rests on is what it
was. A case that no flag points at may be drawn at random for review, once and for ever (see `failure.audit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from db import audit_draws, case_values, commands, findings, measurements, queries
from db.failure_records import CaseTrait
from db.turns import take_turn
from db.vocabulary import AuditAction, AuthorKind, FlagReason, Outcome
from services import runs, storing
from services.failure import audit, sanity, spots, triage
from services.failure.triage import SIGNALS, Standing
from services.labels import inside_wall
from services.measurement.drawn import drawn_of, label_map
from services.measurement.records import CENTRELINE, LEFT_ILIAC, RIGHT_ILIAC
from services.uncertainty.on_case import sources_of
from services.uncertainty.region import REACH_MM
from services.volume import slices_of, widened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from db.measurement_records import NewMeasurement
    from db.records import CasePage, Json, Layer, NewFlag
    from db.store import Store
    from services.failure.spots import Spot
    from services.failure.triage import Signal
    from services.imaging.progress import Tell
    from services.measurement.drawn import Drawn, LabelMap
    from services.uncertainty.names import Measure

TRIAGING = "triage"
"""The step, and who did it in the audit trail."""
CURVES = (CENTRELINE, LEFT_ILIAC, RIGHT_ILIAC)
VERSIONS = (triage.VERSION, sanity.VERSION, spots.VERSION, audit.VERSION)


@dataclass(frozen=True)
class Known:
    """What the triage of a case rests on."""

    page: CasePage
    values: Mapping[str, float]
    standings: Mapping[str, Standing]
    """Of each signal that has a value, among the other cases."""
    reasons: frozenset[str]
    """Of all other flags."""
    share: float

    @classmethod
    def of(cls, session: Session, page: CasePage, share: float) -> Known:
        """As it stands now."""
        key = page.row.key
        values = case_values.of_case(session, key)
        found = {one.key: case_values.below(session, one.key, values[one.key]) for one in SIGNALS if one.key in values}
        standings = {name: Standing(below, count - 1) for name, (below, count) in found.items()}
        return cls(page, values, standings, frozenset(findings.flags_but(session, key, findings.TRIAGE)), share)

    @cached_property
    def model(self) -> Drawn | None:
        """Whose doubt is shown, or else the newest model that outlined the case."""
        sources = sources_of(self.page.layers)
        models = [one for one in drawn_of(self.page.layers) if one.kind is AuthorKind.MODEL]
        return sources.model if sources else max(models, key=lambda one: one.run_id or 0, default=None)

    @property
    def maps(self) -> Mapping[Measure, Layer]:
        """The maps that show where."""
        sources = sources_of(self.page.layers)
        return sources.maps if sources else {}

    @property
    def curves(self) -> list[NewMeasurement]:
        """The model's centreline, then its iliac arteries."""
        subject = self.model.subject if self.model else ""
        rows = [one.spec for one in self.page.measurements if one.spec.subject == subject and not one.spec.reader]
        return [row for name in CURVES for row in rows if row.name == name]

    @property
    def may_be_drawn(self) -> bool:
        """Whether its draw is noted where no flag points at it."""
        return self.model is not None and self.share > 0

    @property
    def plan(self) -> dict[str, Any]:
        """Ready for JSON. How the case stands counts only as what is said of it: others come and go all the time."""
        signals = {
            name: {"value": self.values[name], "high": one.is_high, "highest": one.percentile >= triage.HIGHEST}
            for name, one in self.standings.items()
        }
        return {
            "versions": list(VERSIONS),
            "image": self.page.series.image.digest[:16],
            "model": self.model.subject if self.model else "",
            "mask": self.model.digest if self.model else "",
            "maps": {str(name): layer.spec.image.digest[:16] for name, layer in self.maps.items()},
            "centreline": [[row.name, row.value, row.reason] for row in self.curves],
            "lumen_hu": self.values.get(CaseTrait.DENSITY),
            "signals": signals,
            "other_flags": sorted(self.reasons),
        }


def bring_up_to_date(store: Store, key: str, tell: Tell, share: float) -> Outcome:
    """Store what is new; UNCHANGED where nothing is. share: of cases without a flag to be drawn, 0 for none.

    Raises NotFound, and InputRefused where images are lost.
    """
    return storing.as_things_are(lambda: _attempt(store, key, tell, share))


def _attempt(store: Store, key: str, tell: Tell, share: float) -> Outcome:
    page = runs.case_of(store, key)
    with store.read() as session:
        known = Known.of(session, page, share)
        before = measurements.said_of(session, key, findings.TRIAGE)
        due = page.row.flag_count == 0 and known.may_be_drawn and audit_draws.of_case(session, key) is None
    if known.plan == before and not due:
        return Outcome.UNCHANGED
    tell(TRIAGING, 0, 1)
    return _stored(store, known, list(_flags(store, known)))


def _flags(store: Store, known: Known) -> Iterator[NewFlag]:
    """Without a model there is nothing to look at but the voxels' size."""
    page = known.page
    found = [sanity.spacing_flag(page.series.spacing_mm)]
    if known.model is not None:
        found.append(sanity.intensity_flag(runs.image_of(store, page).array))
        found.append(sanity.contrast_flag(known.values.get(CaseTrait.DENSITY)))
    yield from (flag for flag in found if flag is not None)
    if known.model is None:
        return
    affine = np.array(page.series.affine, np.float64)
    labels = label_map([storing.decoded(store, layer) for layer in known.model.layers], affine)
    wall = inside_wall(labels.array, labels.classes)
    in_pieces = bool(known.reasons & {FlagReason.FRAGMENTS, FlagReason.EMPTY_MASK})
    yield from sanity.centreline_flags(known.curves, wall, labels.region, affine, in_pieces=in_pieces)
    for signal in SIGNALS:
        standing = known.standings.get(signal.key)
        if standing is not None and standing.is_high:
            flag = triage.uncertain_flag(signal, standing, _spot(store, known, signal, labels, wall))
            yield from (flag,) if flag else ()


def _spot(store: Store, known: Known, signal: Signal, labels: LabelMap, wall: NDArray[np.bool_]) -> Spot | None:
    """Where the signal's map is highest near the model's outline; None without one."""
    layer = known.maps.get(signal.measure)
    if layer is None or not wall.any():
        return None
    series = known.page.series
    box = widened(labels.region, REACH_MM, series.spacing_mm, series.shape)
    values, inside = np.zeros(series.shape, np.float32), np.zeros(series.shape, np.bool_)
    found = storing.decoded(store, layer)
    values[slices_of(found.region)] = found.values()
    inside[slices_of(labels.region)] = wall
    here = slices_of(box)
    return spots.spot_of(values[here], inside[here], np.array(series.affine, np.float64), box.origin)


def _stored(store: Store, known: Known, flags: list[NewFlag]) -> Outcome:
    key = known.page.row.key
    with store.begin() as session:
        take_turn(session)
        now = queries.case_page(session, key)
        if now is None or Known.of(session, now, known.share).plan != known.plan:
            raise storing.Overtaken
        drawn = _draw(session, known, flagged=bool(flags) or bool(known.reasons))
        every = [*flags, *([audit.audit_flag()] if drawn else [])]
        findings.set_triage(session, key, every, known.plan)
        details: Json = {"flags": len(flags), "drawn at random": drawn}
        commands.record_audit(session, actor=TRIAGING, action=AuditAction.MEASURED, case_key=key, details=details)
    return Outcome.EXTENDED


def _draw(session: Session, known: Known, *, flagged: bool) -> bool:
    """Whether the case is drawn, as it was noted once, or else as it is noted now. A case with a flag is not drawn."""
    key, image = known.page.row.key, known.page.series.image.digest
    before = audit_draws.of_case(session, key)
    if before is not None:
        return before.drawn
    if flagged or not known.may_be_drawn:
        return False
    drawn = audit.is_drawn(image, known.share)
    audit_draws.set_draw(session, key, known.share, drawn=drawn)
    return drawn

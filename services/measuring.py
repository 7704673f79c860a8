"""What is measured of a stored case: its outlines, their doubt, what that means for a decision; stored as one run.

Every author's outline is measured once: what was measured before of the same voxels by the same method is taken over,
so that a further outline, or another threshold, costs only what is new. Images first, then one transaction of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from db import commands, measurements, queries
from db.measurement_records import Headline, Shown
from db.turns import take_turn
from db.vocabulary import AuditAction, Outcome
from services import agreeing, analysing, doubting, erring, rapid_growth, runs, scoring, storing, triaging
from services.aggregation import meta_fits
from services.measurement import measure as measures
from services.measurement import plan as plans
from services.measurement import records
from services.measurement.doubted import Doubted, Evidence, diameters_of, doubted, taken_over
from services.measurement.drawn import (
    Drawn,
    drawn_of,
    entropy_of,
    label_map,
    probability_of,
    readers_of,
    shown_author,
)
from services.measurement.records import with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.measurement_records import Measurement, NewMeasurement
    from db.records import CasePage, Json, NewFlag, NewProfile
    from db.store import Store
    from services.aggregation.meta_fits import MetaFits
    from services.imaging.progress import Tell
    from services.measurement.drawn import LabelMap
    from services.measurement.measure import Measured
    from services.measurement.thresholds import Thresholds
    from services.pipeline import Analysis, Predict
    from services.segmentation.card import ModelCard
    from services.segmentation.member_walls import MemberWalls

MEASURING = "measuring"
"""The step, and who did it in the audit trail."""
NOBODY = "nobody has drawn the aorta in this case yet"


@dataclass(frozen=True)
class Members:
    """Where the members of an ensemble see the outer wall, and whose ensemble that is."""

    model: str
    walls: MemberWalls


def analyse(
    store: Store,
    key: str,
    card: ModelCard,
    limits: Thresholds | None,
    tell: Tell,
    predict: Predict | None = None,
    fits: MetaFits | None = None,
    *,
    audit_share: float = 0.0,
) -> Outcome:
    """Analyse a case (see `analysing.analyse`), then measure it while the members of the ensemble are at hand.

    limits: None where cases are not measured by themselves.
    """
    found: list[Analysis] = []
    outcome = analysing.analyse(store, key, card, predict, tell, found.append)
    if limits is not None:
        walls = found[0].member_walls if found else None
        members = None if walls is None else Members(card.name, walls)
        measure(store, key, limits, tell, members, fits, audit_share=audit_share)
    return outcome


def measure(
    store: Store,
    key: str,
    limits: Thresholds,
    tell: Tell,
    members: Members | None = None,
    fits: MetaFits | None = None,
    *,
    audit_share: float = 0.0,
) -> Outcome:
    """Measure a case, compare its readers, then its doubt, its scores and its errors; last the triage of all that.

    UNCHANGED where all was done of the same layers before. members: of the ensemble that outlined it just now. fits:
    the meta-aggregators of the installation; the shipped ones where None. audit_share: see `triaging`. Raises
    NotFound, and InputRefused where images are lost.
    """
    known: dict[str, Measured] = {}

    def attempt() -> Outcome:
        work = _Work.of(store, key, limits, tell, members, known)
        return work.store_it() if work else Outcome.UNCHANGED

    outcomes = (
        storing.as_things_are(attempt),
        agreeing.agree(store, key, tell),
        doubting.bring_up_to_date(store, key, tell),
        scoring.bring_up_to_date(store, key, fits or meta_fits.shipped(), tell),
        erring.bring_up_to_date(store, key, tell),
        triaging.bring_up_to_date(store, key, tell, audit_share),
    )
    return Outcome.UNCHANGED if set(outcomes) == {Outcome.UNCHANGED} else Outcome.EXTENDED


@dataclass(frozen=True)
class _Work:
    """One attempt to measure a case as it stands."""

    store: Store
    page: CasePage
    drawn: tuple[Drawn, ...]
    plan: dict[str, Any]
    before: Json
    limits: Thresholds
    tell: Tell
    members: MemberWalls | None
    """Of the outline that is shown."""
    known: dict[str, Measured]
    """By digest: what an attempt before this one has measured."""

    @classmethod
    def of(
        cls,
        store: Store,
        key: str,
        limits: Thresholds,
        tell: Tell,
        members: Members | None,
        known: dict[str, Measured],
    ) -> _Work | None:
        """The work that there is; None where none is."""
        page = runs.case_of(store, key)
        drawn = drawn_of(page.layers)
        with store.read() as session:
            before = measurements.said_of(session, key) or {}
        shown = shown_author(drawn)
        walls = members.walls if members and shown and shown.author == members.model else None
        plan = plans.plan_of(page, drawn, limits, members=walls is not None, before=before)
        return None if plan == before else cls(store, page, drawn, plan, before, limits, tell, walls, known)

    @property
    def affine(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array(self.page.series.affine, dtype=np.float64)

    def store_it(self) -> Outcome:
        """Measure what is new, and store all."""
        rows, profiles = self._measured()
        shown = shown_author(self.drawn)
        if shown is None:
            nothing = Headline(None, None, None, None, NOBODY, NOBODY)
            return self._stored([], nothing, (), [], Doubted(()))
        self.tell(MEASURING, len(self.drawn), len(self.drawn) + 1)
        found = self._doubted(shown, rows)
        diameter = _named(rows, shown.subject, Shown.DIAMETER)
        interval = records.default_interval(found.rows)
        sized = with_interval(diameter, interval)
        decided = records.decision_of(sized, found.rows, self.page.row.sex, self.limits)
        flip = records.flip_row(sized, decided, self.page.row.sex, self.limits)
        inverse, shape = np.linalg.inv(self.affine), self.page.series.shape
        flag = records.decision_flag(sized, decided, self.limits.flag.flip_from, inverse, shape)
        every = [sized if row is diameter else row for row in rows]
        headline = records.headline_of(sized, flip)
        return self._stored([*every, *found.rows, flip], headline, (flag,) if flag else (), profiles, found)

    def _measured(self) -> tuple[list[NewMeasurement], list[NewProfile]]:
        """Rows and profiles of every outline, new or as before."""
        rows: list[NewMeasurement] = []
        profiles: list[NewProfile] = []
        for number, one in enumerate(self.drawn):
            self.tell(MEASURING, number, len(self.drawn) + 1)
            old = self._old(one)
            if old is not None:
                rows += old[0]
                profiles += old[1]
                continue
            found = self._of(one)
            rows += records.rows_of(found, one.subject)
            profiles.append(records.profile_of(found, one.subject, self.affine, self.page.series.shape[0]))
        return rows, profiles

    def _old(self, one: Drawn) -> tuple[list[NewMeasurement], list[NewProfile]] | None:
        """What the run before has of the same outline; None where that is another one, or none."""
        subjects: Any = self.before.get(plans.SUBJECTS, {})
        if subjects.get(one.subject) != self.plan[plans.SUBJECTS][one.subject]:
            return None
        rows = [with_interval(row, None) for row in _of_subject(self.page.measurements, one.subject)]
        mine = (records.PROFILE, one.subject)
        return rows, [profile for profile in self.page.profiles if (profile.name, profile.subject) == mine]

    def _of(self, one: Drawn) -> Measured:
        if one.digest not in self.known:
            labels = self._labels(one)
            self.known[one.digest] = measures.measure(
                labels.array, labels.affine, labels.classes, origin=labels.region.origin, shape=self.page.series.shape
            )
        return self.known[one.digest]

    def _labels(self, one: Drawn) -> LabelMap:
        return label_map([storing.decoded(self.store, layer) for layer in one.layers], self.affine)

    def _doubted(self, shown: Drawn, rows: Sequence[NewMeasurement]) -> Doubted:
        """The doubt of the shown diameter, new or as before."""
        if self.members is None and plans.is_same(self.plan, self.before, plans.SHOWN, plans.DOUBT, plans.MEMBERS):
            with self.store.read() as session:
                surface = measurements.surface_of_case(session, self.page.row.key)
            return taken_over(self.page.measurements, surface)
        layers, readers = self.page.layers, [one.subject for one in readers_of(self.drawn)]
        probability, entropy = (
            storing.decoded(self.store, layer) if layer else None
            for layer in (probability_of(layers, shown), entropy_of(layers, shown))
        )
        others = diameters_of(rows, readers)
        return doubted(
            Evidence(shown, self._of(shown), self._labels(shown), probability, entropy, self.members, others)
        )

    def _stored(
        self,
        rows: Sequence[NewMeasurement],
        headline: Headline,
        flags: Sequence[NewFlag],
        profiles: Sequence[NewProfile],
        found: Doubted,
    ) -> Outcome:
        key = self.page.row.key
        layer = storing.stored_layer(self.store, found.layer) if found.layer else None
        with self.store.begin() as session:
            take_turn(session)
            now = queries.case_page(session, key)
            if now is None or len(now.layers) != len(self.page.layers):
                raise storing.Overtaken
            if layer is not None:
                commands.add_map(session, key, layer)
                storing.require_images(self.store, session, key)
            measurements.set_measurements(session, key, rows, headline, self.plan, flags=flags, profiles=profiles)
            rapid_growth.refresh(session, key, self.limits)
            _audit(session, key, len(self.drawn), len(rows))
        return Outcome.EXTENDED


def _named(rows: Sequence[NewMeasurement], subject: str, name: str) -> NewMeasurement:
    return next(row for row in rows if row.subject == subject and row.name == name)


def _of_subject(found: Sequence[Measurement], subject: str) -> list[NewMeasurement]:
    """What was measured on a subject's outline, without what was said about the shown diameter alone."""
    apart = records.OF_INTERVALS | {Shown.FLIP, records.MOVES_MOST}
    return [
        one.spec for one in found if not one.spec.reader and one.spec.subject == subject and one.spec.name not in apart
    ]


def _audit(session: Session, key: str, outlines: int, measured: int) -> None:
    details = {"outlines": outlines, "measurements": measured}
    commands.record_audit(session, actor=MEASURING, action=AuditAction.MEASURED, case_key=key, details=details)

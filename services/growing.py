"""How one patient's aneurysm grows from scan to scan, and the surface of a case: use-cases of the tab Decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import commands, measurements
from db.vocabulary import AuditAction
from services.errors import InputRefused, NotFound
from services.measurement import thresholds
from services.measurement.decided import decided
from services.measurement.growth import Dated, crossing, growths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.measurement_records import Measurement, Scan
    from services.desk import Desk
    from services.measurement.decided import Decided
    from services.measurement.growth import Crossing, Growth


@dataclass(frozen=True)
class Followed:
    """One scan of the patient: when, and what was measured."""

    key: str
    day: date | None
    """Shifted by the same days for all scans of one patient."""
    synthetic: bool
    decided: Decided

    @property
    def dated(self) -> Dated | None:
        """What growth is reckoned from; None without a diameter."""
        row = self.decided.diameter
        if row is None or row.value is None:
            return None
        return Dated(self.key, self.day, row.value, self.decided.sd_mm, row.subject)


@dataclass(frozen=True)
class Course:
    """All scans of a patient by date, those without one last, and how the diameter grew."""

    scans: tuple[Followed, ...]
    growths: tuple[Growth, ...]
    """Between scans that follow each other, then from the first to the last where there are more than two."""
    crossing: Crossing | None
    """When the threshold would be reached if the growth of the whole time went on; None without growth or threshold."""
    rapid_mm_per_year: float
    """From which growth on it is called rapid."""


def course(desk: Desk, key: str) -> Course:
    """The scans of the patient of a case, against the growth called rapid here. Raises NotFound, InputRefused."""
    with desk.store.read() as session:
        found = measurements.scans_of_patient(session, key)
    if not found:
        raise NotFound("The address must name a case of this store.", "no such case.", "Open it from the worklist.")
    return course_of(found, rapid_mm_per_year=thresholds.chosen(desk.settings.thresholds).growth.rapid_mm_per_year)


def course_of(scans: Sequence[Scan], *, rapid_mm_per_year: float) -> Course:
    """What these scans, sorted by date, say about growth."""
    followed = tuple(Followed(scan.key, scan.study_date, scan.synthetic, decided(scan.measurements)) for scan in scans)
    found = growths([one for one in (scan.dated for scan in followed) if one], rapid_mm_per_year=rapid_mm_per_year)
    threshold = next((one for one in map(_threshold, reversed(followed)) if one is not None), None)
    reached = crossing(found[-1], threshold) if found and threshold is not None else None
    return Course(followed, found, reached, rapid_mm_per_year)


def surface(desk: Desk, key: str) -> Measurement | None:
    """The outer wall of a case as triangles; None where none is stored. Raises KeyError."""
    with desk.store.read() as session:
        return measurements.surface_of_case(session, key)


def opened_beside(desk: Desk, key: str, beside: str, user: str) -> None:
    """Note that a scan was looked at beside the case `beside`; where it stands in the queue stays as it is."""
    with desk.store.begin() as session:
        details = {"beside": beside}
        commands.record_audit(session, actor=user, action=AuditAction.OPENED, case_key=key, details=details)


def pair(found: Course, key: str, other: str) -> tuple[Followed, Followed]:
    """Two scans of one patient, the earlier first. Raises InputRefused where they are not two scans of this patient."""
    scans = [scan for scan in found.scans if scan.key in {key, other}]
    if len(scans) != 2:
        raise InputRefused(
            "Two scans that stand beside each other must be of one patient.",
            "one scan only, or scans of two patients.",
            "Open the case, and choose another scan in its tab Decision.",
        )
    return scans[0], scans[1]


def _threshold(scan: Followed) -> float | None:
    """The threshold that the decision of a scan hangs on, in mm."""
    said = scan.decided.flip.parameters.get("threshold_mm") if scan.decided.flip else None
    return float(said) if isinstance(said, int | float) else None

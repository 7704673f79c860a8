"""The flag of a case whose scan shows that the patient's aneurysm grows rapidly. Used by `measuring`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db import findings, measurements, queries
from db.records import NewFlag
from db.vocabulary import FlagReason
from services.measurement import growth
from services.measurement.decided import decided
from services.measurement.growth import Dated, Pace
from services.measurement.records import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.measurement_records import Scan
    from services.measurement.growth import Growth
    from services.measurement.thresholds import Thresholds

SEVERITY = 3


def refresh(session: Session, key: str, limits: Thresholds) -> None:
    """Bring the flags of every scan of the patient up to date, after a scan of theirs was measured.

    A scan is flagged for growth up to it: since the scan before, and since the first one.
    """
    scans = measurements.scans_of_patient(session, key)
    dated = growth.in_order([one for one in map(dated_of, scans) if one is not None])
    for number, scan in enumerate(dated):
        found = growths_to(dated[: number + 1], limits.growth.rapid_mm_per_year)
        _store(session, scan.key, found, limits)


def dated_of(scan: Scan) -> Dated | None:
    """The diameter that is shown of a scan, with the error that its samples say; None where there is none."""
    found = decided(scan.measurements)
    if found.diameter is None or found.diameter.value is None:
        return None
    return Dated(scan.key, scan.study_date, found.diameter.value, found.sd_mm, found.diameter.subject)


def growths_to(dated: Sequence[Dated], rapid: float) -> tuple[Growth, ...]:
    """Growth up to the last of these scans: since the one before, and since the first where that is another one."""
    if len(dated) < 2:
        return ()
    pairs = [(dated[-2], dated[-1])] + ([(dated[0], dated[-1])] if len(dated) > 2 else [])
    return tuple(growth.between(first, last, rapid_mm_per_year=rapid) for first, last in pairs)


def sentence(found: Growth, rapid: float) -> str:
    """'12.4 mm a year (10.6 to 14.2) since 2019-01-02 (shifted): ...'."""
    since = found.first.day.isoformat() if found.first.day else "the earlier scan"
    return (
        f"{found.mm_per_year:.1f} mm a year ({found.lower:.1f} to {found.upper:.1f}) since {since} (shifted), "
        f"from {found.first.diameter_mm:.1f} to {found.last.diameter_mm:.1f} mm: faster than {rapid:g} mm a year, "
        "measurement error accounted for."
    )


def _store(session: Session, key: str, found: Sequence[Growth], limits: Thresholds) -> None:
    """A new run where what there is to say has changed."""
    rapid = limits.growth.rapid_mm_per_year
    said = {
        "method": growth.METHOD,
        "version": growth.VERSION,
        "rapid_mm_per_year": rapid,
        "threshold_set": limits.name,
        "threshold_version": limits.version,
        "growths": [_said(one) for one in found],
    }
    before = measurements.said_of(session, key, findings.GROWTH)
    if said == before or (before is None and not found):
        return
    fastest = [one for one in found if one.pace is Pace.RAPID]
    flags = [_flag(session, key, fastest[0], rapid)] if fastest else []
    measurements.set_growth(session, key, flags, said)


def _said(one: Growth) -> dict[str, object]:
    return {
        "first": one.first.key,
        "last": one.last.key,
        "mm_per_year": one.mm_per_year,
        "lower": one.lower,
        "upper": one.upper,
        "pace": one.pace.value if one.pace else None,
        "reason": one.reason,
    }


def _flag(session: Session, key: str, found: Growth, rapid: float) -> NewFlag:
    page = queries.case_page(session, key)
    assert page is not None  # noqa: S101 -- `scans_of_patient` has found it
    row = decided(page.measurements).diameter
    inverse = np.linalg.inv(np.array(page.series.affine, dtype=np.float64))
    place, slices = place_of(row.points if row else (), inverse, page.series.shape)
    return NewFlag(FlagReason.GROWTH, SEVERITY, sentence(found, rapid), place, slices)

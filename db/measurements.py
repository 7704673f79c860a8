"""What was measured of a case: by a program, all of it as one run, and by hand. Each takes the session first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from db import findings, models, rows
from db.measurement_records import Scan
from db.readers import reader_named
from db.vocabulary import LabelSource, Sex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.measurement_records import Headline, Measurement, NewMeasurement
    from db.records import Json, NewFlag, NewProfile

SURFACE = "surface"
"""A row with a mesh of thousands of points: `surface_of_case` reads it, no other does."""
LONGEST_REASON = 400


def set_measurements(
    session: Session,
    key: str,
    found: Sequence[NewMeasurement],
    headline: Headline,
    parameters: Json,
    *,
    flags: Sequence[NewFlag] = (),
    profiles: Sequence[NewProfile] = (),
) -> int:
    """Store what a program measured as a new run of the case, whose worklist line shows `headline` from now on.

    Earlier runs stay. Returns the number of the run. Raises KeyError.
    """
    case = _case(session, key)
    run = findings.add_run(session, case, findings.MEASUREMENT, parameters, flags, profiles)
    session.add_all(models.Measurement(run_id=run.id, case_id=case.id, **_fields(one)) for one in found)
    case.diameter_mm, case.diameter_reason = headline.diameter_mm, headline.reason[:LONGEST_REASON]
    case.diameter_lower_mm, case.diameter_upper_mm = headline.lower_mm, headline.upper_mm
    case.flip, case.flip_reason = headline.flip, headline.flip_reason[:LONGEST_REASON]
    case.diameter_rank = -1.0 if headline.diameter_mm is None else headline.diameter_mm
    case.flip_rank = -1.0 if headline.flip is None else headline.flip
    findings.show_flags(session, case)
    return run.id


def set_growth(session: Session, key: str, flags: Sequence[NewFlag], parameters: Json) -> int:
    """Store what the patient's scans say about growth up to this one, as a new run. Its number. Raises KeyError."""
    case = _case(session, key)
    run = findings.add_run(session, case, findings.GROWTH, parameters, flags)
    findings.show_flags(session, case)
    return run.id


def add_by_hand(session: Session, key: str, measured: NewMeasurement) -> int:
    """Add one that its `reader` took; nothing that was there changes. Returns its number. Raises KeyError."""
    reader = reader_named(session, measured.reader)
    row = models.Measurement(case_id=_case(session, key).id, reader_id=reader.id, **_fields(measured))
    session.add(row)
    session.flush()
    return row.id


def of_case(session: Session, case_id: int) -> tuple[Measurement, ...]:
    """Those of the newest measuring, then those by hand, oldest first; without its surface."""
    table, newest = models.Measurement, newest_run(session, case_id)
    shown = and_(table.run_id == newest, table.name != SURFACE)
    wanted = (
        select(table, models.Reader.name)
        .outerjoin(models.Reader)
        .where(table.case_id == case_id, or_(shown, table.reader_id.is_not(None)))
        .order_by(table.reader_id.is_not(None), table.id)
    )
    return tuple(rows.measurement_record(row, name or "") for row, name in session.execute(wanted))


def newest_run(session: Session, case_id: int) -> int | None:
    """The number of the newest measuring of a case."""
    wanted = select(func.max(models.Run.id)).where(
        models.Run.case_id == case_id, models.Run.kind == findings.MEASUREMENT
    )
    return session.scalar(wanted)


def surface_of_case(session: Session, key: str) -> Measurement | None:
    """The surface of the newest measuring of a case; None where it has none."""
    table = models.Measurement
    wanted = select(table).where(table.run_id == newest_run(session, _case(session, key).id), table.name == SURFACE)
    row = session.scalar(wanted.limit(1))
    return rows.measurement_record(row, "") if row is not None else None


def said_of(session: Session, key: str, kind: str = findings.MEASUREMENT) -> Json | None:
    """The parameters of the newest run of this kind about a case; None where there is none. Raises KeyError."""
    run = models.Run
    wanted = select(run.parameters).where(run.case_id == _case(session, key).id, run.kind == kind)
    return session.scalar(wanted.order_by(run.id.desc()).limit(1))


def scans_of_patient(session: Session, key: str) -> tuple[Scan, ...]:
    """Every scan of the patient of a case, by study date, those without one last; with what is measured there now."""
    case, study = models.Case, models.Study
    patient = select(case.patient_id).where(case.key == key).scalar_subquery()
    wanted = (
        select(case, study.study_date)
        .join(models.Series, models.Series.id == case.series_id)
        .join(study, study.id == models.Series.study_id)
        .where(case.patient_id == patient)
    )
    found = session.execute(wanted.order_by(study.study_date.is_(None), study.study_date, case.id))
    return tuple(
        Scan(
            row.key,
            day,
            Sex(row.sex) if row.sex else None,
            row.source == LabelSource.SYNTHETIC,
            of_case(session, row.id),
        )
        for row, day in found
    )


def _case(session: Session, key: str) -> models.Case:
    row = session.scalar(select(models.Case).where(models.Case.key == key))
    if row is None:
        raise KeyError(key)
    return row


def _fields(record: NewMeasurement) -> dict[str, Any]:
    said = {field.name: getattr(record, field.name) for field in dataclasses.fields(record) if field.name != "reader"}
    return said | {
        "points": [list(point) for point in record.points],
        "samples": list(record.samples),
        "parameters": dict(record.parameters),
        "reason": record.reason[:LONGEST_REASON],
    }

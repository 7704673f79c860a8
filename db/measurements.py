"""What was measured of a case: by a program, all of it as one run, and by hand. Each takes the session first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from db import models, rows
from db.commands import reader_named
from db.measurement_records import Scan
from db.vocabulary import LabelSource, Sex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.measurement_records import Headline, Measurement, NewMeasurement
    from db.records import Json

KIND = "measurement"
LONGEST_REASON = 400


def set_measurements(
    session: Session, key: str, found: Sequence[NewMeasurement], headline: Headline, parameters: Json
) -> int:
    """Store what a program measured as a new run of the case, whose worklist line shows `headline` from now on.

    Earlier runs stay. Returns the number of the run. Raises KeyError.
    """
    case = _case(session, key)
    run = models.Run(case_id=case.id, kind=KIND, parameters=dict(parameters), seed=None)
    session.add(run)
    session.flush()
    session.add_all(models.Measurement(run_id=run.id, case_id=case.id, **_fields(one)) for one in found)
    case.diameter_mm, case.diameter_reason = headline.diameter_mm, headline.reason[:LONGEST_REASON]
    case.diameter_lower_mm, case.diameter_upper_mm = headline.lower_mm, headline.upper_mm
    case.flip, case.flip_reason = headline.flip, headline.flip_reason[:LONGEST_REASON]
    case.diameter_rank = -1.0 if headline.diameter_mm is None else headline.diameter_mm
    case.flip_rank = -1.0 if headline.flip is None else headline.flip
    return run.id


def add_by_hand(session: Session, key: str, measured: NewMeasurement) -> int:
    """Add one that its `reader` took; nothing that was there changes. Returns its number. Raises KeyError."""
    reader = reader_named(session, measured.reader)
    row = models.Measurement(case_id=_case(session, key).id, reader_id=reader.id, **_fields(measured))
    session.add(row)
    session.flush()
    return row.id


def of_case(session: Session, case_id: int) -> tuple[Measurement, ...]:
    """Those of the newest measuring, then those by hand, oldest first."""
    table, newest = models.Measurement, newest_run(session, case_id)
    wanted = (
        select(table, models.Reader.name)
        .outerjoin(models.Reader)
        .where(table.case_id == case_id, or_(table.run_id == newest, table.reader_id.is_not(None)))
        .order_by(table.reader_id.is_not(None), table.id)
    )
    return tuple(rows.measurement_record(row, name or "") for row, name in session.execute(wanted))


def newest_run(session: Session, case_id: int) -> int | None:
    """The number of the newest measuring of a case."""
    wanted = select(func.max(models.Run.id)).where(models.Run.case_id == case_id, models.Run.kind == KIND)
    return session.scalar(wanted)


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

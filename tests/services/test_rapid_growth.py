"""Growth that is rapid beyond measurement error flags the later scan, whichever was measured first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import commands, findings, measurements, models
from db.measurement_records import Headline, Shown
from db.vocabulary import FlagReason
from services import rapid_growth, workflow
from services.measurement.thresholds import shipped
from tests import factories

if TYPE_CHECKING:
    from services.desk import Desk

ENDS = ((1.0, 2.0, 3.0), (3.0, 2.0, 3.0))
FIRST, YEAR_LATER, TWO_YEARS = date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1)


def add(desk: Desk, day: date | None, patient: str = "P1") -> str:
    with desk.store.begin() as session:
        return commands.add_case(session, factories.case(patient, series=replace(factories.series(), study_date=day)))


def measure(desk: Desk, key: str, mm: float | None, sd: float = 0.5) -> None:
    """A diameter with 100 samples of this SD, half on each side, and its decision."""
    reason = "" if mm else "two pieces"
    said = {"subject": "A 1", "reason": reason}
    samples = () if mm is None else tuple(mm + sd * (-1) ** number for number in range(100))
    rows = [
        factories.measured(mm, points=ENDS, parameters={"interval": "shape sampling"}, **said),
        factories.measured(mm, f"{Shown.DIAMETER}, shape sampling", samples=samples, **said),
        factories.measured(None, Shown.FLIP, subject="A 1", reason="not asked here"),
    ]  # fmt: skip
    with desk.store.begin() as session:
        measurements.set_measurements(session, key, rows, Headline(mm, None, None, None, reason, "x"), {})
        rapid_growth.refresh(session, key, shipped())


def growth_flags(desk: Desk, key: str) -> list[str]:
    page = workflow.case_page(desk, key)
    return [flag.text for flag in page.flags if flag.reason is FlagReason.GROWTH]


@pytest.mark.parametrize("later_first", [True, False])
def test_the_later_scan_is_flagged_whichever_is_measured_first(desk: Desk, later_first: bool) -> None:
    early, late = add(desk, FIRST), add(desk, YEAR_LATER)
    order = [(late, 55.0), (early, 40.0)] if later_first else [(early, 40.0), (late, 55.0)]
    for key, mm in order:
        measure(desk, key, mm)
    assert growth_flags(desk, early) == []
    (text,) = growth_flags(desk, late)
    assert text == (
        "15.0 mm a year (13.6 to 16.4) since 2019-01-01 (shifted), from 40.0 to 55.0 mm: faster than 10 mm a year, "
        "measurement error accounted for."
    )
    assert workflow.require_case(desk, late).severity == rapid_growth.SEVERITY


def test_fast_growth_within_its_error_is_no_flag(desk: Desk) -> None:
    early, late = add(desk, FIRST), add(desk, YEAR_LATER)
    measure(desk, early, 40.0, sd=3.0)
    measure(desk, late, 52.0, sd=3.0)
    assert growth_flags(desk, late) == []
    with desk.store.read() as session:
        said = measurements.said_of(session, late, findings.GROWTH)
    assert said is not None
    (one,) = said["growths"]  # type: ignore[misc]
    assert (one["pace"], round(one["mm_per_year"], 1)) == ("faster than the limit, but within measurement error", 12.0)


def test_a_new_diameter_takes_the_flag_away_and_the_same_one_stores_nothing(desk: Desk) -> None:
    early, late = add(desk, FIRST), add(desk, YEAR_LATER)
    measure(desk, early, 40.0)
    for mm in (55.0, 55.0, 42.0):
        measure(desk, late, mm)
    assert growth_flags(desk, late) == []
    assert workflow.require_case(desk, late).flag_count == 0
    with desk.store.read() as session:
        runs = select(func.count()).select_from(models.Run).where(models.Run.kind == findings.GROWTH)
        assert session.scalar(runs) == 2


def test_growth_since_the_first_scan_counts_too(desk: Desk) -> None:
    """The last year is unsure, both years together are not."""
    keys = [add(desk, day) for day in (FIRST, YEAR_LATER, TWO_YEARS)]
    for key, mm, sd in zip(keys, (30.0, 46.0, 57.0), (0.3, 4.0, 0.3), strict=True):
        measure(desk, key, mm, sd)
    assert [len(growth_flags(desk, key)) for key in keys] == [0, 0, 1]
    assert "since 2019-01-01" in growth_flags(desk, keys[2])[0]


def test_scans_without_date_or_diameter_and_other_patients_say_nothing(desk: Desk) -> None:
    measure(desk, add(desk, FIRST), 40.0)
    for day, mm, patient in ((None, 60.0, "P1"), (YEAR_LATER, None, "P1"), (YEAR_LATER, 60.0, "P2")):
        key = add(desk, day, patient)
        measure(desk, key, mm)
        assert growth_flags(desk, key) == []
        with desk.store.read() as session:
            assert measurements.said_of(session, key, findings.GROWTH) is None

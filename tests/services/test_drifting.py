"""Drift of a store: weeks are cut at Mondays, an alarm names them, and the database does the counting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from db import case_values, commands, models
from db.vocabulary import Verdict
from services import drifting
from services.aggregation.names import SIZE
from services.drifting import Statistic
from tests import factories, judged_case

if TYPE_CHECKING:
    from services.desk import Desk

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def fill(desk: Desk, weeks: int = 12, widen_from: int = 9) -> list[str]:
    """Two cases a week, of 100 and 120 mL and accepted; from some week on ten times as large, and overridden."""
    keys = []
    with desk.store.begin() as session:
        for number in range(2 * weeks):
            week, late = number // 2, number // 2 >= widen_from
            key = commands.add_case(session, factories.case(f"P{number:03d}"))
            when = MONDAY + week * WEEK + timedelta(days=6, hours=23)
            session.execute(update(models.Case).where(models.Case.key == key).values(created_at=when))
            case_values.set_values(session, key, {SIZE: (100.0 + 20 * (number % 2)) * (10 if late else 1)})
            verdict = Verdict.MAJOR_EDIT if late else Verdict.ACCEPTABLE
            commands.add_review(session, key, factories.review(verdict), when=when)
            keys.append(key)
    return keys


def test_a_change_of_the_masks_and_of_the_verdicts_raises_an_alarm_with_its_weeks(desk: Desk) -> None:
    fill(desk)
    found = {one.statistic: one for one in drifting.drifts(desk)}
    assert set(found) == {Statistic.VOLUME, Statistic.OVERRIDE}
    volume = found[Statistic.VOLUME]
    assert [point.week.monday for point in volume.chart.alarms] == [
        date(2026, 8, 3 + 7 * number) for number in range(3)
    ]
    assert "16 cases of the weeks of 2026-06-01 to 2026-07-20, has 110.0" in volume.evidence
    assert found[Statistic.OVERRIDE].chart.alarms
    assert [point.week.cases for point in volume.chart.points] == [2] * 12


def test_the_case_that_lies_farthest_out_in_a_week_is_found(desk: Desk) -> None:
    keys = fill(desk)
    monday = date(2026, 8, 3)
    assert drifting.farthest(desk, Statistic.VOLUME, monday, high=True) == keys[19]
    assert drifting.farthest(desk, Statistic.VOLUME, monday, high=False) == keys[18]
    assert drifting.farthest(desk, Statistic.VOLUME, date(2030, 1, 7), high=True) is None


def test_a_steady_store_raises_none_and_an_empty_one_has_nothing_to_follow(desk: Desk) -> None:
    assert drifting.drifts(desk) == ()
    assert not drifting.has_generated(desk)
    fill(desk, widen_from=99)
    found = drifting.drifts(desk)
    assert [one.chart.alarms for one in found] == [(), ()]
    assert all(one.evidence.startswith("Within its limits in every week") for one in found)


def test_only_the_last_year_is_looked_at(desk: Desk) -> None:
    judged_case.add(desk, "P1", size=1.0)
    with desk.store.begin() as session:
        session.execute(update(models.Case).values(created_at=MONDAY - 300 * WEEK))
    fill(desk)
    assert drifting.has_generated(desk)
    (volume, _) = drifting.drifts(desk)
    assert len(volume.chart.points) == drifting.MOST_WEEKS
    assert sum(point.week.cases for point in volume.chart.points) == 24


@pytest.mark.parametrize("many", [3_000])
def test_the_database_hands_over_a_row_a_week(desk: Desk, many: int) -> None:
    judged_case.add(desk, "P1", Verdict.ACCEPTABLE, size=1.0)
    with desk.store.begin() as session:
        judged_case.copy_last(session, many, (SIZE,))
    with judged_case.rows_read(desk.store) as read:
        volume, _ = drifting.drifts(desk)
    assert sum(point.week.cases for point in volume.chart.points) == many + 1
    assert len(read) < 20

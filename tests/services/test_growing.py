"""One patient's scans as a course: growth from what is stored, and two of them as a pair."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from db.vocabulary import CaseStatus
from services import growing, workflow
from services.errors import InputRefused, NotFound
from tests import measured_case

if TYPE_CHECKING:
    from services.desk import Desk

FIRST, LAST = date(2019, 1, 2), date(2021, 1, 1)
"""Two years, 730 days."""


@pytest.fixture
def keys(desk: Desk) -> tuple[str, str]:
    """Two scans of a patient; the diameter grew from 50 to 54.1 mm."""
    later = measured_case.add_scan(desk, LAST)
    earlier = measured_case.add_scan(desk, FIRST)
    measured_case.store(desk, later, measured_case.rows(54.1))
    measured_case.store(desk, earlier, measured_case.rows(50.0))
    return earlier, later


def test_growth_is_reckoned_by_date_and_not_by_the_order_of_arrival(desk: Desk, keys: tuple[str, str]) -> None:
    course = growing.course(desk, keys[0])
    assert tuple(scan.key for scan in course.scans) == keys
    (growth,) = course.growths
    assert growth.mm_per_year == pytest.approx(4.1 / (730 / 365.25))
    assert growth.remarks == ()


def test_the_crossing_is_of_the_threshold_that_the_last_decision_hangs_on(desk: Desk, keys: tuple[str, str]) -> None:
    reached = growing.course(desk, keys[1]).crossing
    assert reached is not None
    assert reached.threshold_mm == 55.0
    assert reached.expected is not None
    assert reached.expected > LAST


def test_a_scan_without_a_diameter_is_there_and_takes_no_part(desk: Desk, keys: tuple[str, str]) -> None:
    measured_case.store(desk, keys[0], measured_case.rows(None))
    course = growing.course(desk, keys[0])
    assert len(course.scans) == 2
    assert (course.growths, course.crossing) == ((), None)


def test_a_case_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        growing.course(desk, "P0-1")


def test_a_pair_has_the_earlier_scan_first(desk: Desk, keys: tuple[str, str]) -> None:
    earlier, later = keys
    pair = growing.pair(growing.course(desk, later), later, earlier)
    assert tuple(scan.key for scan in pair) == keys


def test_a_scan_of_another_patient_makes_no_pair(desk: Desk, keys: tuple[str, str]) -> None:
    stranger = measured_case.add_scan(desk, FIRST, "P2")
    for other in (stranger, keys[0]):
        with pytest.raises(InputRefused):
            growing.pair(growing.course(desk, keys[0]), keys[0], other)


def test_looking_at_a_scan_beside_another_leaves_the_queue_as_it_is(desk: Desk, keys: tuple[str, str]) -> None:
    growing.opened_beside(desk, keys[0], keys[1], "reader A")
    assert workflow.require_case(desk, keys[0]).status is CaseStatus.SCHEDULED


def test_the_surface_is_read_when_it_is_asked_for(desk: Desk, keys: tuple[str, str]) -> None:
    assert growing.surface(desk, keys[0]) is None
    measured_case.store(desk, keys[0], [*measured_case.rows(), measured_case.surface()])
    stored = growing.surface(desk, keys[0])
    assert stored is not None
    assert len(stored.spec.points) == 4

"""Which stored row is the shown diameter, which its intervals, which were taken by hand."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from db.measurement_records import Measurement, Shown
from services.measurement import records
from services.measurement.decided import CENTRELINES, INTERVALS, MOVES_MOST, decided, name_of
from services.measurement.interval import Method
from tests import factories, measured_case

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.measurement_records import NewMeasurement


def stored(rows: Iterable[NewMeasurement]) -> list[Measurement]:
    return [Measurement(number, datetime.now(UTC), 1, row) for number, row in enumerate(rows)]


def test_names_are_those_under_which_measuring_stores() -> None:
    assert tuple(Method) == INTERVALS
    assert (records.CENTRELINE, records.LEFT_ILIAC, records.RIGHT_ILIAC) == CENTRELINES
    assert records.MOVES_MOST == MOVES_MOST


def test_nothing_measured_is_no_diameter() -> None:
    found = decided([])
    assert (found.diameter, found.flip, found.intervals, found.by_author) == (None, None, (), {})
    assert (found.author, found.interval_name, found.sd_mm) == ("", "", None)


def test_the_shown_diameter_is_that_of_the_author_whose_decision_is_stored() -> None:
    other = factories.measured(60.0, subject="B 2")
    found = decided(stored([other, *measured_case.rows()]))
    assert found.diameter is not None
    assert (found.author, found.diameter.value) == ("A 1", 54.1)
    assert list(found.by_author) == ["A 1", "B 2", "reader one"]


def test_without_a_decision_the_first_diameter_is_shown() -> None:
    assert decided(stored([factories.measured(60.0, subject="B 2")])).author == "B 2"


def test_intervals_stand_in_their_own_order_and_apart_from_the_measures() -> None:
    found = decided(stored(reversed(measured_case.rows())))
    assert [name_of(row) for row in found.intervals] == list(INTERVALS[:-1])
    names = [row.name for row in found.by_author["A 1"]]
    assert sorted(names) == sorted([Shown.DIAMETER, "neck, diameter", "iliac diameter, left", "volume, sac"])


def test_what_readers_took_by_hand_is_no_measure_of_a_program() -> None:
    found = decided(stored([*measured_case.rows(), measured_case.by_hand()]))
    assert [row.value for row in found.by_hand] == [55.5]
    assert "Dr. Own" not in found.by_author


def test_the_error_is_that_of_the_samples_of_the_shown_interval() -> None:
    found = decided(stored(measured_case.rows()))
    assert found.interval_name == "shape sampling"
    assert found.sd_mm == statistics.stdev(measured_case.SAMPLES)


def test_few_samples_say_nothing_about_the_error() -> None:
    first, *rest = measured_case.rows()
    of_three = replace(first, parameters={"interval": "ensemble members"})
    assert decided(stored([of_three, *rest])).sd_mm is None

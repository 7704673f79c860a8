"""What the viewer is told of measurements: centrelines of the shown author first, diameters with their end points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from dashboard.viewer_data import viewer_data
from db import measurements
from services import workflow
from tests import factories
from tests.tube_measures import AUTHOR, measure

if TYPE_CHECKING:
    from db.measurement_records import NewMeasurement

LINE = ((0.0, 0.0, 20.0), (0.0, 0.0, -20.0))
ACROSS = ((-10.0, 0.0, 0.0), (10.0, 0.0, 0.0))


@pytest.fixture
def key(desk: workflow.Desk) -> str:
    return workflow.cases(desk)[0].key


def told(desk: workflow.Desk, key: str) -> dict[str, Any]:
    return cast("dict[str, Any]", viewer_data(workflow.case_page(desk, key), "token")["measurements"])


def store(desk: workflow.Desk, key: str, *found: NewMeasurement) -> None:
    with desk.store.begin() as session:
        measurements.set_measurements(session, key, found, factories.headline(), {"version": "1"})


def test_a_case_that_nobody_measured_says_so(desk: workflow.Desk, key: str) -> None:
    said = told(desk, key)
    assert (said["curves"], said["diameters"]) == ([], [])
    assert "not measured yet" in said["reason"]


def test_centreline_and_diameter_come_with_their_points(desk: workflow.Desk, key: str) -> None:
    measure(desk, key)
    said = told(desk, key)
    (curve,), (diameter,) = said["curves"], said["diameters"]
    assert (curve["name"], curve["subject"], len(curve["points"])) == ("centreline", AUTHOR, 5)
    assert (diameter["value"], diameter["lower"], diameter["upper"]) == (27.0, 26.0, 28.5)
    assert diameter["points"] == [[-13.5, 0.0, 0.0], [13.5, 0.0, 0.0]]
    assert (diameter["main"], diameter["reader"], said["reason"]) == (True, "", "")


def test_the_author_whose_diameter_has_an_interval_comes_first(desk: workflow.Desk, key: str) -> None:
    line = factories.measured(40.0, "centreline", subject="A 1", points=LINE)
    first = [line, factories.measured(20.0, points=ACROSS)]
    second = [
        factories.measured(40.0, "centreline", subject="B 2", points=LINE),
        factories.measured(40.0, "centreline, left iliac", subject="B 2", points=LINE),
        factories.measured(20.0, subject="B 2", points=ACROSS, lower=19.0, upper=22.0),
    ]
    store(desk, key, *first, *second)
    said = told(desk, key)
    assert [one["subject"] for one in said["curves"]] == ["B 2", "B 2", "A 1"]
    assert [(one["subject"], one["main"]) for one in said["diameters"]] == [("B 2", True), ("A 1", False)]


def test_a_length_along_the_vessel_is_no_line(desk: workflow.Desk, key: str) -> None:
    store(desk, key, factories.measured(24.0, "neck, length", points=ACROSS))
    assert told(desk, key)["diameters"] == []


def test_no_centreline_says_why_and_an_undefined_length_is_no_line(desk: workflow.Desk, key: str) -> None:
    why = "two pieces of the same size"
    store(desk, key, factories.measured(None, "centreline", reason=why), factories.measured(None, reason=why))
    assert told(desk, key) == {"curves": [], "diameters": [], "reason": why}

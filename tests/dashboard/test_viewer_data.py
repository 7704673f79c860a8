"""What the viewer is told: centrelines of the shown author first, diameters with their ends, layers in their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from dashboard import differences
from dashboard.viewer_data import GROUPS, viewer_data
from db import measurements
from services import agreeing, workflow
from services.imaging.progress import silent
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


def test_layers_come_in_groups_models_and_readers_before_what_was_made_of_them(desk: workflow.Desk, key: str) -> None:
    agreeing.agree(desk.store, key, silent)
    layers = cast("list[dict[str, Any]]", viewer_data(workflow.case_page(desk, key), "token")["layers"])
    order = [GROUPS.index(layer["group"]) for layer in layers]
    assert order == sorted(order)
    assert [layer["group"] for layer in layers if layer["visible"]] == ["models"] * 2 + ["readers"] * 2
    kinds = {group: {layer["kind"] for layer in layers if layer["group"] == group} for group in GROUPS}
    assert kinds["consensus"] == {"consensus", "soft label"}
    assert kinds["doubt"] == {"probability", "disagreement"}
    doubt = [layer["kind"] == "probability" for layer in layers if layer["group"] == "doubt"]
    assert doubt == sorted(doubt)  # what is doubted comes last


def test_readers_have_their_number_and_a_letter_only_where_names_may_be_seen(desk: workflow.Desk, key: str) -> None:
    for letters, wanted in ((False, {"": {0, 1, 2}}), (True, {"": {0}, "A": {1}, "B": {2}})):
        layers = cast("Any", viewer_data(workflow.case_page(desk, key), "token", letters=letters)["layers"])
        assert {
            one["letter"]: {x["reader"] for x in layers if x["letter"] == one["letter"]} for one in layers
        } == wanted


def test_places_where_readers_and_models_differ_come_after_the_flags_the_largest_first(
    desk: workflow.Desk, key: str
) -> None:
    before = cast("list[Any]", viewer_data(workflow.case_page(desk, key), "token")["places"])
    agreeing.agree(desk.store, key, silent)
    page = workflow.case_page(desk, key)
    places = cast("list[dict[str, Any]]", viewer_data(page, "token")["places"])
    assert places[: len(before)] == before
    further = places[len(before) :]
    assert further[0]["text"].startswith("2 of 2 readers draw more here than B 2: 27.7 mL")
    assert {one["label"] for one in further} == {"readers and model differ"}
    volumes = [one.volume_ml for one in differences.differences(page)]
    assert volumes == sorted(volumes, reverse=True)


def test_the_list_of_differences_leads_to_its_places(desk: workflow.Desk, key: str) -> None:
    assert differences.card([]) == ""
    agreeing.agree(desk.store, key, silent)
    first, *rest = differences.differences(workflow.case_page(desk, key))
    shown = differences.card([first] * 8)
    assert shown.count(f'data-secondlook-place="{",".join(map(str, first.place))}"') == 6
    assert "2 of 2 readers draw more here than B 2" in shown
    assert "and 2 smaller ones" in shown
    assert rest

"""The tab Decision, and two scans beside each other, as a reader gets them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from dashboard import decision_cards
from db import measurements
from services import workflow
from tests import factories, measured_case
from tests.dashboard.test_case import text_of, viewer_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]

FIRST, LAST = date(2019, 1, 2), date(2021, 1, 1)


@pytest.fixture
def key(desk: Desk) -> str:
    """A small case with everything measured, one diameter of it by hand, and its surface."""
    key = workflow.cases(desk)[0].key
    measured_case.store(desk, key, [*measured_case.rows(), measured_case.surface()])
    with desk.store.begin() as session:
        measurements.add_by_hand(session, key, measured_case.by_hand())
    return key


@pytest.fixture
def scans(desk: Desk) -> tuple[str, str]:
    """Two scans of one patient, the later with a centreline 6 mm nearer to the head."""
    earlier, later = (measured_case.add_scan(desk, day) for day in (FIRST, LAST))
    measured_case.store(desk, earlier, measured_case.rows(50.0))
    measured_case.store(desk, later, measured_case.rows(54.1, lift=6.0))
    return earlier, later


def charts(app: AppTest) -> list[Any]:
    return list(app.get("plotly_chart"))


@pytest.mark.parametrize(
    ("chance", "words"), [(0.002, "less than 1 %"), (0.01, "1 %"), (0.384, "38 %"), (0.998, "more than 99 %")]
)
def test_a_chance_is_never_said_to_be_none_or_certain(chance: float, words: str) -> None:
    assert decision_cards.percent(chance) == words


def test_the_tab_stands_after_the_findings(run_view: RunView, key: str) -> None:
    tabs = [tab.label for tab in run_view("case", case=key).tabs]
    assert tabs == ["Findings", "Decision", "Doubt", "Review", "Provenance"]


def test_the_first_line_says_diameter_interval_and_chance_in_plain_words(run_view: RunView, key: str) -> None:
    shown = text_of(run_view("case", case=key))
    for words in ("54.1 mm</strong> (95 %: 51.8 to 57.0), shape sampling", "38 %", "the example threshold for men"):
        assert words in shown
    assert "that the true diameter lies above 55 mm" in shown
    assert 'Widest at <button class="sl-jump" data-secondlook-place="10,24,28">slice 11</button>' in shown
    assert "ESVS 2024, version 1; an example, never advice" in shown


def test_the_figure_comes_with_its_words(run_view: RunView, key: str) -> None:
    (chart,) = charts(run_view("case", case=key))
    assert "Dr. Own measured 55.5 mm by hand" in chart.proto.alt
    assert json.loads(chart.proto.config)["displayModeBar"] is False


def test_every_measure_is_there_with_its_way_of_making_and_its_place(run_view: RunView, key: str) -> None:
    shown = text_of(run_view("case", case=key))
    for words in ("Neck, diameter", "22.0 mm", "33.4 mL", "the outline ends above the bifurcation", "Dr. Own"):
        assert words in shown
    assert "A 1: diameters 1" in shown
    assert "<summary>reader one: 53.0 mm</summary>" in shown
    # x = y = 0 mm is column 28 and row 24 of the small case; 0 mm is slice 10, 15 mm is slice 15
    assert 'data-secondlook-place="10,24,28">slice 11<' in shown
    assert 'data-secondlook-place="15,24,28">slice 16<' in shown


def test_the_doubt_that_matters_most_is_one_press_away(run_view: RunView, key: str) -> None:
    shown = text_of(run_view("case", case=key))
    assert 'data-secondlook-place="10,24,46">The uncertain region that moves the diameter most, by 1.4 mm' in shown


def test_an_undefined_diameter_is_a_dash_with_its_reason(run_view: RunView, desk: Desk, key: str) -> None:
    measured_case.store(desk, key, measured_case.rows(None))
    app = run_view("case", case=key)
    assert not app.exception
    assert "No diameter: the outline is cut at the edge of the scan." in text_of(app)


def test_an_undefined_chance_says_why(run_view: RunView, desk: Desk, key: str) -> None:
    measured_case.store(desk, key, measured_case.rows(flip=None))
    assert "P(flip) \N{EN DASH}" in text_of(run_view("case", case=key))


def test_without_a_sex_the_nearer_threshold_is_said_to_be_that(run_view: RunView, desk: Desk, key: str) -> None:
    measured_case.store(desk, key, measured_case.rows(sex=None))
    assert "the nearer of the example thresholds, since the sex is not stored; the other is 50 mm" in text_of(
        run_view("case", case=key)
    )


def test_a_case_that_nobody_measured_says_so(run_view: RunView, desk: Desk) -> None:
    app = run_view("case", case=measured_case.add_scan(desk, None))
    assert not app.exception
    assert "Nothing was measured in this case yet." in text_of(app)
    assert charts(app) == []


def test_the_surface_is_loaded_when_it_is_asked_for(run_view: RunView, key: str) -> None:
    app = run_view("case", case=key)
    app.toggle[0].set_value(True).run()
    (mesh,) = [chart for chart in charts(app) if "Mesh3d" in chart.proto.spec or "mesh3d" in chart.proto.spec]
    assert "coloured by predictive entropy, 0 to 0.6 nats" in mesh.proto.alt
    assert "A picture, not for measuring." in text_of(app)


def test_a_case_without_a_surface_says_so(run_view: RunView, scans: tuple[str, str]) -> None:
    app = run_view("case", case=scans[0])
    app.toggle[0].set_value(True).run()
    assert "No surface is stored" in text_of(app)


def test_growth_comes_with_its_interval_and_extrapolation_is_called_that(
    run_view: RunView, scans: tuple[str, str]
) -> None:
    app = run_view("case", case=scans[1])
    shown = text_of(app)
    assert "+2.1 mm per year</strong> (95 %: -1.2 to +5.3)" in shown
    for words in ("Dates are shifted", "it would reach 55 mm", "This is extrapolation", "with an open end"):
        assert words in shown
    assert f'href="/case?case={scans[0]}"' in shown
    assert f'href="/beside?case={scans[1]}&amp;other={scans[0]}"' in shown
    assert len(charts(app)) == 2


def test_one_scan_has_no_growth(run_view: RunView, key: str) -> None:
    assert "Scans of this patient" not in text_of(run_view("case", case=key))


def test_two_scans_stand_beside_each_other_the_earlier_first(run_view: RunView, scans: tuple[str, str]) -> None:
    app = run_view("beside", case=scans[1], other=scans[0])
    assert not app.exception
    left, right = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    assert (left["case"]["key"], right["case"]["key"]) == scans
    assert left["link"]["points"][0] == [0.0, 0.0, 24.0]
    assert (left["places"][0]["label"], left["places"][0]["text"][:7]) == ("widest", "50.0 mm")
    assert right["link"]["points"][0] == [0.0, 0.0, 30.0]
    assert "Matched by the height above the lower ends" in text_of(app)
    assert "2019-01-02 (shifted)" in text_of(app)


def test_scans_of_outlines_that_do_not_divide_are_matched_at_their_widest_places(
    run_view: RunView, desk: Desk, scans: tuple[str, str]
) -> None:
    for key, along in zip(scans, (20.0, 24.0), strict=True):
        widest, *rest = measured_case.rows()
        said = dict(widest.parameters) | {"along_mm": along}
        measured_case.store(desk, key, [replace(widest, parameters=said), *rest])
    app = run_view("beside", case=scans[1], other=scans[0])
    left, right = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    assert "Matched at the widest place of each" in text_of(app)
    assert (left["link"]["zero_mm"], right["link"]["zero_mm"]) == (54.0 - 20.0, 54.0 - 24.0)


def test_scans_that_end_at_the_bifurcation_are_matched_there(
    run_view: RunView, desk: Desk, scans: tuple[str, str]
) -> None:
    branch = factories.measured(40.0, "centreline, left iliac", points=((0.0, 0.0, -30.0), (10.0, 0.0, -60.0)))
    for key in scans:
        measured_case.store(desk, key, [*measured_case.rows(), branch])
    assert "height above the bifurcation" in text_of(run_view("beside", case=scans[1], other=scans[0]))


def test_another_authors_centreline_is_better_than_none(run_view: RunView, desk: Desk, scans: tuple[str, str]) -> None:
    other = factories.measured(40.0, "centreline", subject="reader one", points=((1.0, 2.0, 3.0), (1.0, 2.0, -3.0)))
    bare = [row for row in measured_case.rows(None) if row.name != "centreline"]
    measured_case.store(desk, scans[0], [*bare, other])
    app = run_view("beside", case=scans[1], other=scans[0])
    assert json.loads(app.get("bidi_component")[0].proto.json)["link"]["points"][0] == [1.0, 2.0, 3.0]


def test_a_reason_that_holds_for_several_measures_is_written_out_once(run_view: RunView, desk: Desk, key: str) -> None:
    pieces = [factories.measured(None, name, reason="it is in pieces") for name in ("neck, length", "neck, angle")]
    measured_case.store(desk, key, [*measured_case.rows(), *pieces])
    shown = text_of(run_view("case", case=key))
    assert shown.count('title="it is in pieces. ') == 2 * shown.count("\N{EN DASH} it is in pieces") > 0


def test_without_a_centreline_the_reader_is_told_how_to_link(
    run_view: RunView, desk: Desk, scans: tuple[str, str]
) -> None:
    bare = [row for row in measured_case.rows() if row.name != "centreline"]
    measured_case.store(desk, scans[0], bare)
    assert "One of them has no centreline" in text_of(run_view("beside", case=scans[1], other=scans[0]))


def test_scans_of_two_patients_are_never_beside_each_other(run_view: RunView, key: str, scans: tuple[str, str]) -> None:
    app = run_view("beside", case=scans[1], other=key)
    assert "must be of one patient" in app.error[0].value
    assert app.get("bidi_component") == []


def test_the_viewer_of_one_case_is_linked_to_nothing(run_view: RunView, key: str) -> None:
    assert "link" not in viewer_input(run_view("case", case=key))

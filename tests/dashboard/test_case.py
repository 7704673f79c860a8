"""The case page: what was found, where it comes from, what the reader decides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from db import commands
from db.vocabulary import CaseStatus, ReviewReason, Verdict
from services import workflow
from tests import factories
from tests.dashboard.conftest import READER

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    RunView = Callable[..., AppTest]


@pytest.fixture
def key(desk: workflow.Desk) -> str:
    return workflow.cases(desk)[0].key


def text_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.main if element.type == "html") + " ".join(
        element.proto.body for element in app.get("html")
    )


def viewer_input(app: AppTest) -> dict[str, object]:
    """The viewer's own data; the line about the analysis is a component too."""
    every = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    (data,) = [one for one in every if "layers" in one]
    return dict(data)


def test_without_a_case_the_page_says_where_to_find_one(run_view: RunView) -> None:
    app = run_view("case")
    assert not app.exception
    assert "Open one from the worklist" in text_of(app)


def test_the_page_shows_case_badges_findings_and_provenance(run_view: RunView, key: str) -> None:
    app = run_view("case", case=key)
    assert not app.exception
    shown = text_of(app)
    for words in (key, "SYNTHETIC", "Not for diagnosis", "Disagreement", "reader one", "Volumes (mL)"):
        assert words in shown


def test_the_viewer_gets_every_layer_with_its_source_and_range(run_view: RunView, key: str) -> None:
    layers = viewer_input(run_view("case", case=key))["layers"]
    assert isinstance(layers, list)
    assert {layer["author"] for layer in layers} == {"A", "B", "reader one", "reader two"}
    assert all(layer["source"] == "synthetic" and layer["provenance"] for layer in layers)
    (soft,) = [layer for layer in layers if layer["kind"] == "probability"]
    assert (soft["min"], soft["max"]) == (0.0, 1.0)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_saved_at_once_with_reason_and_note(
    run_view: RunView, desk: workflow.Desk, key: str, verdict: Verdict
) -> None:
    app = run_view("case", case=key)
    app.selectbox[0].select(ReviewReason.THROMBUS_MISSED)
    app.text_area[0].input("posterior wall")
    app.button(key=f"verdict {verdict} {key}").click().run()
    (review,) = workflow.case_page(desk, key).reviews
    assert review.spec.verdict is verdict
    assert review.spec.reason is ReviewReason.THROMBUS_MISSED
    assert (review.spec.note, review.spec.reviewer) == ("posterior wall", READER)
    assert "posterior wall" in text_of(app)


def test_a_second_verdict_leaves_the_first_in_the_history(run_view: RunView, desk: workflow.Desk, key: str) -> None:
    app = run_view("case", case=key)
    app.button(key=f"verdict {Verdict.REJECT} {key}").click().run()
    app.button(key=f"verdict {Verdict.ACCEPTABLE} {key}").click().run()
    reviews = workflow.case_page(desk, key).reviews
    assert sorted(review.spec.verdict for review in reviews) == [Verdict.ACCEPTABLE, Verdict.REJECT]
    assert workflow.require_case(desk, key).verdict is Verdict.ACCEPTABLE


def test_looking_at_a_case_puts_it_in_progress_and_a_verdict_completes_it(
    run_view: RunView, desk: workflow.Desk, key: str
) -> None:
    assert workflow.require_case(desk, key).status is CaseStatus.SCHEDULED
    app = run_view("case", case=key)
    assert workflow.require_case(desk, key).status is CaseStatus.IN_PROGRESS
    app.button(key=f"verdict {Verdict.ACCEPTABLE} {key}").click().run()
    assert workflow.require_case(desk, key).status is CaseStatus.COMPLETED


def test_a_case_without_masks_says_that_nothing_was_checked(run_view: RunView, desk: workflow.Desk) -> None:
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case())
    shown = text_of(run_view("case", case=key))
    assert "Nothing was checked" in shown
    assert "No flag" not in shown


def test_an_unknown_case_is_an_error_that_says_what_to_do(run_view: RunView) -> None:
    app = run_view("case", case="P000000-9")
    assert not app.exception
    assert "no such case" in app.error[0].value
    assert "worklist" in app.error[0].value

"""Worklist and About as a reader gets them, and what every page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.dashboard.test_case import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    RunView = Callable[..., AppTest]


@pytest.mark.parametrize(
    "module", ["worklist", "case", "beside", "intake", "agreement", "uncertainty", "risk", "models", "about"]
)
def test_every_page_says_that_it_is_not_for_diagnosis(run_view: RunView, module: str) -> None:
    app = run_view(module)
    assert not app.exception
    assert "Not for diagnosis" in text_of(app)


def test_the_worklist_asks_its_question_and_carries_the_list(run_view: RunView) -> None:
    app = run_view("worklist")
    assert "Which case needs a second look next?" in text_of(app)
    assert len(app.get("bidi_component")) == 1


def test_the_worklists_page_itself_holds_no_case(run_view: RunView) -> None:
    """Rows come from a route that knows who asks, never through what Streamlit keeps."""
    (component,) = run_view("worklist").get("bidi_component")
    assert "thumbnail" not in component.proto.json


def test_the_intake_asks_its_question_and_the_page_itself_holds_no_report(run_view: RunView) -> None:
    app = run_view("intake")
    assert "What came in, and what was left out?" in text_of(app)
    (component,) = app.get("bidi_component")
    assert "accepted" not in component.proto.json


def test_about_says_what_it_is_for_and_what_not(run_view: RunView) -> None:
    shown = " ".join(element.value for element in run_view("about").markdown)
    for words in ("not a medical device", "What leaves this machine", "Nothing"):
        assert words in shown


def test_pages_give_patients_data_to_none_of_streamlits_shared_stores() -> None:
    """`st.image`, download buttons and caches answer whoever knows an address; our routes ask for a token."""
    sources = "".join(path.read_text() for path in (ROOT / "dashboard").rglob("*.py"))
    for call in ("st.image", "download_button", "cache_data", "st.audio", "st.video", "st.pyplot"):
        assert call not in sources

"""The page Agreement: matrix, biases, disputed cases and consensus methods, by letter or by name."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard import agreement_cards, state
from dashboard.figures.agreement import bias_figure, matrix_figure
from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from db.agreements import Counted, Place
from db.vocabulary import AuthorKind
from services import agreeing, workflow
from services.access import Access
from services.agreements import Author, Cell, Mean, Measure
from services.imaging.progress import silent
from tests.dashboard.test_case import text_of, viewer_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    RunView = Callable[..., AppTest]

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
ONE, TWO = (Author(f"Dr. {name}", name, AuthorKind.READER, number) for number, name in enumerate("AB", start=1))
NET = Author("net 1", "net 1", AuthorKind.MODEL)
PLACE = Place("P7-1", False, 0.61, 7, (7, 20, 21), {})


@pytest.fixture
def keys(desk: workflow.Desk) -> list[str]:
    """Two cases whose readers were compared."""
    keys = [case.key for case in workflow.cases(desk)]
    for key in keys:
        agreeing.agree(desk.store, key, silent)
    return keys


def test_without_two_readers_the_page_says_what_it_needs(run_view: RunView) -> None:
    app = run_view("agreement")
    assert not app.exception
    assert "No case was found that two readers outlined" in text_of(app)
    assert not app.get("plotly_chart")


def test_the_page_asks_its_question_and_shows_letters_alone(run_view: RunView, keys: list[str]) -> None:
    app = run_view("agreement")
    assert not app.exception
    shown = text_of(app) + "".join(chart.proto.spec for chart in app.get("plotly_chart"))
    for words in ("How far do readers agree", "2 cases of 2", "SYNTHETIC", "A and B", "majority", "opinion pool"):
        assert words in shown
    assert "reader one" not in shown


@pytest.mark.parametrize("role", ["researcher", "admin"])
def test_a_researcher_sees_names(
    run_view: RunView, keys: list[str], monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv("SECONDLOOK_ROLE", role)
    assert "A: reader one and B: reader two" in text_of(run_view("agreement"))


def test_every_disputed_case_opens_at_its_worst_slice(run_view: RunView, keys: list[str]) -> None:
    """Both readers moved the same tube the same way on every slice: the first slice is as bad as any."""
    shown = text_of(run_view("agreement"))
    for key in keys:
        assert f'href="case?case={key}&amp;at=0,' in shown


def test_the_measure_can_be_a_distance_in_mm(run_view: RunView, keys: list[str]) -> None:
    app = run_view("agreement")
    app.segmented_control[0].set_value(Measure.DISTANCE).run()
    assert not app.exception
    assert "Mean surface distance of every pair" in text_of(app)


def test_the_case_opens_at_the_place_in_its_address(run_view: RunView, keys: list[str]) -> None:
    assert viewer_input(run_view("case", case=keys[0], at="7,20,21"))["start"] == [7, 20, 21]
    assert viewer_input(run_view("case", case=keys[0], at="7,-20,x"))["start"] is None


@pytest.mark.parametrize(
    ("text", "place"),
    [("1,2,3", (1, 2, 3)), ("", None), ("1,2", None), ("1,2,-3", None), ("1,2,999999", None), ("1,2,\u0663", None)],
)
def test_a_place_in_an_address_is_three_small_numbers(text: str, place: tuple[int, int, int] | None) -> None:
    assert state.place_of(text) == place


def test_the_matrix_has_two_squares_a_pair_of_readers_and_one_with_a_model() -> None:
    cells = [
        Cell(ONE, TWO, 0.9, 3, "", PLACE),
        Cell(ONE, NET, 0.8, 3, "", PLACE),
        Cell(TWO, NET, None, 0, "none", None),
    ]
    heat, marks = matrix_figure(cells, (ONE, TWO, NET), Measure.DICE).data
    assert [list(row) for row in heat.z] == [[None, 0.9, 0.8], [0.9, None, None]]
    assert [row[0] for row in marks.customdata] == [0, 0, 1]
    assert marks.text == ("0.90", "0.90", "0.80")
    assert "furthest apart: 0.610, P7-1" in marks.hovertext[0]
    assert (heat.zmin, heat.zmax) == (0.5, 1.0)


def test_distances_are_said_in_mm_on_a_scale_from_nothing() -> None:
    heat, marks = matrix_figure([Cell(ONE, TWO, 2.54, 1, "", None)], (ONE, TWO), Measure.DISTANCE).data
    assert (heat.zmin, heat.zmax, heat.colorbar.title.text) == (0.0, 2.54, "mean surface distance (mm)")
    assert marks.text[0] == "2.5"
    assert marks.hovertext[0] == "A and B: 2.54 mm, mean of 1 case"


def test_a_bias_without_interval_says_why() -> None:
    few = Mean(ONE, 0.5, None, None, 2, "no interval: fewer than 3 patients")
    readers, models = bias_figure([few, Mean(NET, -1.0, -1.5, -0.5, 9, "")]).data[:2]
    assert (readers.text[0], models.text[0]) == (
        "no interval: fewer than 3 patients, 2 patients",
        "95 % interval -1.50 to -0.50, 9 patients",
    )
    assert models.error_x.array == (0.5,)
    assert 'title="no interval: fewer than 3 patients"' in agreement_cards.biases([few])


def test_an_undefined_pair_is_a_dash_with_its_reason() -> None:
    shown = agreement_cards.pairs([Cell(ONE, TWO, None, 0, "no case that both drew", None)], Measure.HD95)
    assert '<span title="no case that both drew">\N{EN DASH}</span>' in shown


def test_names_are_escaped() -> None:
    evil = replace(ONE, title="<script>")
    assert "<script>" not in agreement_cards.pairs([Cell(evil, TWO, 0.5, 1, "", PLACE)], Measure.DICE)
    assert "<script>" not in agreement_cards.biases([Mean(evil, 0.5, None, None, 1, "")])


def test_an_empty_store_says_so() -> None:
    assert "No case is stored yet" in agreement_cards.none(Counted(0, 0, 0))


def test_the_disputed_cases_are_a_file_for_who_is_signed_in(desk: workflow.Desk, keys: list[str]) -> None:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    client = TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL)
    assert client.get("/agreement.csv").status_code == 401
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    answer = client.get("/agreement.csv", params={"by": "case"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["case"] for row in rows] == sorted(keys)
    assert (rows[0]["synthetic"], rows[0]["worst_slice"], rows[0]["readers"]) == ("yes", "1", "2")
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/agreement.csv", params={"by": "whim"}).status_code == 400

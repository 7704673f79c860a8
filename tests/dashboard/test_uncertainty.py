"""The page Uncertainty: what it shows, what can be chosen, and the same as files for whoever is signed in."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard import uncertainty_cards
from dashboard.figures.doubt_cases import parts_figure, spread_figure
from dashboard.figures.doubt_curves import rejection_figure, reliability_figure
from dashboard.figures.palette import MEASURES
from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from services import doubt_figures, doubt_tables
from services.access import Access
from services.doubt_figures import Choice, Seen
from services.uncertainty.names import Measure
from services.uncertainty.rejection import KEPT
from tests import doubted_case
from tests.dashboard.test_case import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
TOTAL = Choice("aorta", Measure.TOTAL, structure=doubted_case.OUTER_WALL)


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    """A generated case, a generated one that only one reader drew, and a real one; their doubt grows."""
    return [
        doubted_case.add(desk, "P1", doubted_case.rows(0.01), kernel="soft"),
        doubted_case.add(desk, "P2", doubted_case.rows(0.02, readers=1), kernel="sharp"),
        doubted_case.add(desk, "P3", doubted_case.rows(0.03), synthetic=False, kernel="soft"),
    ]


@pytest.fixture
def seen(desk: Desk, keys: list[str]) -> Seen:
    return doubt_figures.see(desk, TOTAL)


@pytest.fixture
def client(desk: Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    return TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, headers={"origin": URL})


@pytest.mark.usefixtures("keys")
def test_the_page_shows_the_badge_every_figure_and_the_cases(run_view: RunView) -> None:
    app = run_view("uncertainty")
    assert not app.exception
    shown = text_of(app)
    for words in (
        "does its doubt find its errors?",
        "3 cases of aorta; 2 with two readers.",
        "Not shown to separate here",
        "Two kinds of doubt in each case",
        "Medians over 2 cases; the band holds 10 to 90 % of the cases.",
        "Outer wall, voxels of 2 cases together.",
        "How doubt is spread over cases",
    ):
        assert words in shown
    assert set(re.findall(r"/doubt/(\w+)\.csv", shown)) == set(doubt_tables.FIGURES)
    assert len(app.get("plotly_chart")) == 4


def test_measure_and_cases_are_the_readers_choice_and_stay_in_the_address(run_view: RunView, keys: list[str]) -> None:
    app = run_view("uncertainty", doubt="epistemic", cases="kernel: sharp")
    shown = text_of(app)
    assert "1 case of aorta; 0 with two readers." in shown
    assert keys[1] in shown
    assert keys[0] not in shown
    assert uncertainty_cards.NO_READERS in shown
    app.selectbox(key="cases").set_value("real").run()
    assert keys[2] in text_of(app)


def test_without_any_figures_the_page_says_how_they_come(run_view: RunView) -> None:
    app = run_view("uncertainty")
    assert not app.exception
    assert "secondlook measure --all" in text_of(app)


def test_every_point_is_a_case_and_carries_its_key(seen: Seen, keys: list[str]) -> None:
    generated, real = parts_figure(seen).data
    assert [list(point) for point in generated.customdata] == [[keys[1]], [keys[0]]]
    assert ([*real.x], [*real.y], real.marker.symbol) == ([0.03], [0.0075], "diamond")


def test_the_chosen_measure_has_a_band_and_the_others_a_line(seen: Seen) -> None:
    band, *lines = rejection_figure(seen).data
    assert [line.name for line in lines] == [measure.value for measure in Measure]
    assert (band.fill, band.fillcolor, len(band.x)) == ("toself", MEASURES[Measure.TOTAL], 2 * len(KEPT))
    (chosen,) = (line for line in lines if line.name == Measure.TOTAL)
    assert (chosen.x[0], chosen.y[0], chosen.line.width) == (0, pytest.approx(0.9), 3)


def test_bins_lie_where_confidence_and_share_are_and_fuller_ones_are_larger(seen: Seen) -> None:
    _, bins = reliability_figure(seen.bins, "outer wall").data
    assert [*bins.x, *bins.y] == pytest.approx([0.1, 0.9, 0.05, 0.8])
    assert bins.marker.size[0] > bins.marker.size[1]


def test_the_spread_counts_every_case_once_and_names_where_they_come_from(seen: Seen) -> None:
    bars = {bar.name: sum(bar.y) for bar in spread_figure(seen).data}
    assert bars == {"generated (2)": 2, "real (1)": 1}


def test_the_table_sorts_and_what_is_undefined_comes_last_with_its_reason(seen: Seen, keys: list[str]) -> None:
    def order(by: str) -> list[str]:
        shown = uncertainty_cards.cases(seen, by)
        return sorted(keys, key=lambda key: shown.index(f"case={key}"))

    assert order("Mean, highest") == [keys[2], keys[1], keys[0]]
    assert order("Mean, lowest") == [keys[0], keys[1], keys[2]]
    assert order("AAC, lowest")[2] == keys[1]
    shown = uncertainty_cards.cases(seen, "Mean, highest")
    assert 'title="never so right"' in shown
    assert shown.count(">SYNTHETIC<") == 2


def test_more_cases_than_the_table_shows_are_counted(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncertainty_cards, "MOST_ROWS", 2)
    assert "And 1 more" in uncertainty_cards.cases(seen, "Mean, highest")


@pytest.mark.parametrize("figure", ["rejection", "reliability", "parts", "spread", "cases"])
def test_a_figures_data_are_a_file_for_whoever_is_signed_in(
    client: TestClient, seen: Seen, keys: list[str], figure: str
) -> None:
    address = uncertainty_cards.address(seen, figure)
    assert client.get(address).status_code == 401
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    answer = client.get(address)
    assert answer.headers["content-disposition"] == f'attachment; filename="doubt-{figure}.csv"'
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/csv; charset=utf-8", "no-store")
    lines = list(csv.reader(answer.text.splitlines()))
    assert len(lines) > 2
    if figure == "cases":
        assert [line[0] for line in lines[1:]] == [keys[2], keys[1], keys[0]]
        assert lines[2][4] == ""


@pytest.mark.parametrize("address", ["everything.csv?measure=total", "parts.csv?measure=happiness", "parts.csv"])
def test_another_figure_or_measure_is_refused(client: TestClient, address: str) -> None:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    assert client.get(f"/doubt/{address}").status_code == 400

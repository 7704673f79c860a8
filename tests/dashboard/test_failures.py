"""The page Failures with none, one and many cases; its files; and the ranked list of errors on the page of a case."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard import error_cards, exports, failure_cards, group_cards
from dashboard.failure_cards import EMPTY, NO_SCORES
from dashboard.figures import palette
from dashboard.figures.failures import SILENT, quadrant_figure
from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from dashboard.viewer_data import viewer_data
from db import error_pieces
from db.failure_records import Basis, CaseError
from services import failures, workflow
from services.access import Access
from services.failures import Chosen
from services.settings import Settings
from tests import factories
from tests.dashboard.test_case import text_of
from tests.failed_cases import SCORE, add, pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
CHOSEN = Chosen(CaseError.DICE, SCORE)


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    """Thick slices fail silently: low Dice and little doubt; thin ones are good, whatever the doubt."""
    failed = [add(desk, f"BAD{n}", 0.5 - n / 100, 0.1 + n / 100, thickness=5.0, model="scanner A") for n in range(9)]
    good = [add(desk, f"FINE{n}", 0.95 - n / 100, 0.3 + n / 100, model="scanner B", synthetic=False) for n in range(12)]
    return failed + good


@pytest.fixture
def client(desk: Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    found = TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, headers={"origin": URL})
    found.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return found


def lines(client: TestClient, address: str) -> list[list[str]]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


@pytest.fixture
def nothing(home: Path) -> None:
    """An empty store in place of the small one."""
    shutil.rmtree(home)
    workflow.open_home(Settings(home=home)).store.close()


@pytest.mark.usefixtures("nothing")
def test_without_cases_the_page_says_how_to_begin(run_view: RunView) -> None:
    app = run_view("failures")
    assert not app.exception
    assert EMPTY in text_of(app)


def test_without_a_reference_it_says_what_is_missing(run_view: RunView) -> None:
    app = run_view("failures")
    assert not app.exception
    assert "2 cases; of them none can be set against a reference yet." in text_of(app)


def test_one_case_is_shown_and_nothing_is_concluded_from_it(run_view: RunView, desk: Desk) -> None:
    key = add(desk, "P1", 0.5, 0.2)
    app = run_view("failures")
    assert not app.exception
    shown = text_of(app)
    assert "0 of 1 case are worse than 0.5" in shown
    assert "No silent failure" in shown
    assert f"case?case={key}&amp;at=7%2C24%2C37" in shown
    assert "No group has 8 judged cases yet" in shown


def test_without_a_score_the_errors_are_still_there(run_view: RunView, desk: Desk) -> None:
    add(desk, "P1", 0.5, None)
    shown = text_of(run_view("failures"))
    assert NO_SCORES in shown
    assert "Error pieces" in shown


def test_the_page_shows_silent_failures_gallery_pieces_groups_and_slices(run_view: RunView, keys: list[str]) -> None:
    app = run_view("failures")
    assert not app.exception
    shown = text_of(app)
    for words in (
        "23 cases, 21 with a reference.",
        "9 of 21 cases are worse than 0.85 in Dice outer wall",
        "Worst in Dice outer wall, at most 24 cases.",
        "42 connected pieces",
        "slices of 3 mm or more",
        "9 of 9 failed, 0 of 12 elsewhere.",
        "SYNTHETIC",
    ):
        assert words in shown
    assert shown.index(keys[8]) < shown.index(keys[0])
    assert "quadrant" in {chart.key for chart in app.get("plotly_chart")}


def test_what_is_chosen_is_in_the_address(run_view: RunView, keys: list[str]) -> None:
    app = run_view("failures", error=CaseError.DIAMETER, kind="false negative", by=SCORE)
    shown = text_of(app)
    assert "are worse than 1.5 mm in diameter error" in shown
    assert "21 connected pieces" in shown
    assert f"Worst in {SCORE}" in shown
    assert len(keys) == 21


def test_lines_can_be_drawn_elsewhere(run_view: RunView, keys: list[str]) -> None:
    app = run_view("failures")
    app.number_input(key="error_cut").set_value(0.43).run()
    assert "1 of 21 cases are worse than 0.43" in text_of(app)
    assert keys[8] in text_of(app)


def test_a_silent_failure_is_red_and_carries_its_key(desk: Desk, keys: list[str]) -> None:
    seen = failures.see(desk, CHOSEN)
    assert seen is not None
    figure = quadrant_figure(seen)
    (silent,) = (trace for trace in figure.data if trace.name.startswith(SILENT))
    assert (silent.marker.color, len(silent.x)) == (palette.WORSE, 9)
    assert {key for (key,) in silent.customdata} == set(keys[:9])
    assert figure.layout.yaxis.autorange == "reversed"


def test_many_cases_are_counted_in_cells_with_the_worst_as_points(
    desk: Desk, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "MOST_POINTS", 10)
    seen = failures.see(desk, CHOSEN)
    assert seen is not None
    assert (seen.points, sum(cell.cases for cell in seen.cells), seen.silent_count) == ((), 21, 9)
    cells, silent = quadrant_figure(seen).data
    assert sum(count for row in cells.z for count in row if count) == 21
    assert {key for (key,) in silent.customdata} == set(keys[:9])


def test_a_group_shows_mean_interval_share_and_how_many_looks(desk: Desk, keys: list[str]) -> None:
    looked, _ = failures.groups(desk, CaseError.DICE)
    shown = group_cards.subgroups(looked, CaseError.DICE)
    assert f"p of {looked.tested} looks" in shown
    assert "9 of 9" in shown
    assert "70% to 100%" in shown
    assert "below 0.001" in shown
    assert len(keys) == 21


def test_every_group_and_every_rule_leads_to_its_worst_case(client: TestClient, desk: Desk, keys: list[str]) -> None:
    looked, _ = failures.groups(desk, CaseError.DICE)
    shown = group_cards.subgroups(looked, CaseError.DICE) + group_cards.slices(looked, CaseError.DICE)
    ways = [html.unescape(way) for way in re.findall(r'href="(/failures/worst[^"]+)"', shown)]
    assert len(ways) == len(looked.subgroups) + len(looked.slices)
    found = {way: client.get(way, follow_redirects=False) for way in ways}
    assert {answer.status_code for answer in found.values()} == {303}
    for scanner, key in (("scanner+A", keys[8]), ("scanner+B", keys[20])):
        target = next(answer.headers["location"] for way, answer in found.items() if scanner in way)
        assert target.startswith(f"/case?case={key}&at=")


@pytest.mark.parametrize("asked", ["", "error=Dice+outer+wall", "error=other&sex=F", "error=Dice+outer+wall&scanner=Z"])
def test_a_group_without_a_name_or_a_case_is_refused(client: TestClient, asked: str) -> None:
    assert client.get(f"/failures/worst?{asked}", follow_redirects=False).status_code == 400


def test_pieces_are_downloaded_as_csv_and_as_parquet(client: TestClient, keys: list[str]) -> None:
    heading, *rows = lines(client, "/failures/pieces.csv?order=volume&kind=false+positive")
    assert (heading[:2], len(rows), rows[0][0]) == (["case", "synthetic"], 21, keys[8])
    table = pq.read_table(io.BytesIO(client.get("/failures/pieces.parquet").content))
    assert (table.num_rows, table.column("volume_ml")[0].as_py()) == (42, pytest.approx(20 * (1 - 0.42)))


def test_cases_groups_and_slices_are_downloaded(client: TestClient, keys: list[str]) -> None:
    heading, *rows = lines(client, f"/failures/cases.csv?error={CaseError.DICE.value}&score={SCORE}")
    assert (heading[2:], len(rows)) == ([CaseError.DICE, SCORE], len(keys))
    assert lines(client, f"/failures/groups.csv?error={CaseError.DICE.value}")[0][0] == "group"
    assert lines(client, "/failures/slices.csv")[1][1:3] == ["9", "9"]


@pytest.mark.parametrize(
    "address", ["people.csv", "pieces.xlsx", "pieces.csv?order=name", "cases.csv?error=a&score=b", "groups.csv"]
)
def test_other_tables_kinds_and_names_are_refused(client: TestClient, address: str) -> None:
    answer = client.get(f"/failures/{address}")
    assert answer.status_code == 400
    assert answer.json()["todo"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx"])
def test_no_cell_is_a_formula(text: str) -> None:
    answer = exports.table_file("t", "csv", ("name",), [(text,), (-1.5,), (None,)])
    assert list(csv.reader(io.StringIO(bytes(answer.body).decode()))) == [["name"], [f"'{text}"], ["-1.5"], [""]]


def test_a_case_lists_its_errors_and_n_walks_them_last(desk: Desk, run_view: RunView) -> None:
    key = workflow.cases(desk)[0].key
    with desk.store.begin() as session:
        error_pieces.set_errors(session, key, [], pieces(0.9), {})
    shown = text_of(run_view("case", case=key))
    assert "Errors against truth (generated truth)" in shown
    assert 'data-secondlook-place="7,24,37"' in shown
    errors = failures.of_case(desk, key)
    told: Any = viewer_data(workflow.case_page(desk, key), "token", errors=errors)["places"]
    assert [(place["label"], place["k"]) for place in told[-2:]] == [("error", 7), ("error", 2)]


def test_what_lies_at_one_voxel_is_one_place_with_all_that_is_said_of_it(desk: Desk) -> None:
    key = workflow.cases(desk)[0].key
    twice = [factories.error_piece(facts={"text": text}) for text in ("one.", "two.", "one.")]
    with desk.store.begin() as session:
        error_pieces.set_errors(session, key, [], twice, {})
    page, errors = workflow.case_page(desk, key), failures.of_case(desk, key)
    told: Any = viewer_data(page, "token", errors=errors)["places"]
    before: Any = viewer_data(page, "token")["places"]
    assert (len(told), told[-1]["text"]) == (len(before) + 1, "one. two.")


def test_against_another_program_nothing_is_called_an_error(desk: Desk) -> None:
    key = workflow.cases(desk)[0].key
    piece = factories.error_piece(basis=Basis.SOFTWARE, reference="TotalSegmentator 2")
    with desk.store.begin() as session:
        error_pieces.set_errors(session, key, [], [piece], {})
    (found,) = failures.of_case(desk, key)
    assert "agreement, not accuracy" in error_cards.card([found])
    assert error_cards.place(found)["label"] == "difference"
    assert "TotalSegmentator 2 (agreement only)" in failure_cards.pieces(failures.pieces(desk, "volume"))

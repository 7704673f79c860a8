"""The page Risk and budget: what it says at a budget, what moves, and the same as files for whoever is signed in."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard import risk_cards
from dashboard.cards import DASH
from dashboard.figures.risk import risk_figure
from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from db import audit_draws, case_values
from db.failure_records import CaseError
from db.vocabulary import Verdict
from services import risks
from services.access import Access
from services.aggregation.names import DEFAULT, SIZE
from services.risks import Budget
from tests import judged_case
from tests.dashboard.test_case import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
QUARTER = Budget(15, 60)


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    return judged_case.fill(desk)


@pytest.fixture
def seen(desk: Desk, keys: list[str]) -> risks.Seen:
    return risks.see(desk, risks.scores(desk), QUARTER)


@pytest.fixture
def client(desk: Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    client = TestClient(
        Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, headers={"origin": URL}
    )
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


def test_at_a_quarter_our_score_finds_all_and_size_none(seen: risks.Seen, keys: list[str]) -> None:
    """Six of 24 are reviewed; the mean has the three of them first that it knows, then good ones."""
    left = {one.order.name: one.left for one in seen.scores}
    assert [left[name].unseen.value for name in (DEFAULT, judged_case.MEAN, SIZE)] == pytest.approx([0, 0.5, 1])
    assert left[SIZE].risk.value == pytest.approx(6 / 18)
    assert {one.order.name: one.last for one in seen.scores}[SIZE] == keys[0]
    assert seen.best.startswith(f"Least is left unseen by {DEFAULT} (0 % of the unacceptable cases)")


def test_the_page_says_the_budget_and_shows_the_curves_and_the_table(run_view: RunView, keys: list[str]) -> None:
    app = run_view("risk", budget="15", coming="60")
    assert not app.exception
    shown = text_of(app)
    for words in (
        "15 of 60 cases a week are reviewed",
        "24 judged cases have these scores, 6 of them are unacceptable",
        "24 are judged by a verdict and 0 by a reference",
        "size alone",
        "SYNTHETIC",
        f'href="case?case={keys[0]}"',
        "24 cases have both",
    ):
        assert words in shown
    assert len(app.get("plotly_chart")) == 1


def test_another_budget_is_another_table_and_no_more_is_reviewed_than_comes(run_view: RunView, keys: list[str]) -> None:
    app = run_view("risk")
    assert "12 of 60 cases a week are reviewed" in text_of(app)
    app.slider(key="budget").set_value(30).run()
    assert "30 of 60 cases a week are reviewed" in text_of(app)
    app.number_input(key="coming").set_value(100).run()
    assert "30 of 100 cases a week are reviewed" in text_of(app)
    app.number_input(key="coming").set_value(20).run()
    assert not app.exception
    assert "20 of 20 cases a week are reviewed" in text_of(app)
    assert f'title="every case is reviewed">{DASH}' in text_of(app)


def test_all_scores_are_counted_when_asked_for(run_view: RunView, desk: Desk, keys: list[str]) -> None:
    assert "partly luck" not in text_of(run_view("risk"))
    assert "The best of 3 scores on the same cases is partly luck" in text_of(run_view("risk", every="true"))
    found = risks.every_score(desk, QUARTER)
    assert [(one.name, one.unseen, one.unacceptable) for one in found] == [
        (DEFAULT, 0, 6),
        (judged_case.MEAN, 3, 6),
        (SIZE, 6, 6),
    ]


def test_a_score_that_few_judged_cases_have_is_never_the_best(desk: Desk, keys: list[str]) -> None:
    few = "mutual information, above 0.5, around the aorta"
    with desk.store.begin() as session:
        for key in keys[-3:]:
            case_values.set_values(session, key, {few: 1.0})
    *others, last = risks.every_score(desk, QUARTER)
    assert last.name == few
    assert max(one.unseen / one.unacceptable for one in others) > last.unseen / max(1, last.unacceptable)


def test_the_page_says_what_can_be_promised_and_what_is_missing(run_view: RunView, desk: Desk, keys: list[str]) -> None:
    assert "No threshold can be promised: no unflagged case was drawn at random" in text_of(run_view("risk"))
    assert "more cases, each with the same chance to be drawn" in text_of(run_view("risk"))
    drawn = [judged_case.add(desk, f"D{number:03d}", Verdict.ACCEPTABLE, {DEFAULT: 0.2}) for number in range(60)]
    with desk.store.begin() as session:
        for key in drawn:
            audit_draws.set_draw(session, key, 1.0, drawn=True)
    assert "at most 5% of all cases like these are bad and not flagged" in text_of(run_view("risk"))


def test_without_scores_the_page_says_how_they_come(run_view: RunView) -> None:
    assert "No scores are stored yet" in text_of(run_view("risk"))


def test_with_few_judged_cases_there_is_a_sentence_in_the_figures_place(run_view: RunView, desk: Desk) -> None:
    judged_case.add(desk, "P1", Verdict.REJECT, default=1.0)
    app = run_view("risk")
    assert "No curve yet: 1 of the 20 judged cases that are needed" in text_of(app)
    assert not app.get("plotly_chart")


def test_what_rises_and_what_falls_is_named_with_its_ranks(desk: Desk, keys: list[str]) -> None:
    by = {order.name: order for order in risks.scores(desk)}
    up, down, count = risks.moved(desk, by[DEFAULT], by[SIZE])
    assert (up[0].case_key, up[0].before, up[0].after) == (keys[-1], 24, 1)
    assert (down[0].case_key, down[0].before, down[0].after, count) == (keys[0], 1, 24, 24)
    shown = risk_cards.moved(by[DEFAULT], by[SIZE], (up, down, count))
    assert shown.index(keys[-1]) < shown.index("Fall most") < shown.index(f">{keys[0]}<")
    assert "./#sort=score%3Apredicted+volume&amp;descending=true" in shown


def test_every_point_is_a_case_and_the_budget_a_line(seen: risks.Seen, keys: list[str]) -> None:
    figure = risk_figure(seen)
    lines = {line.name: line for line in figure.data if line.name}
    ours = lines[DEFAULT]
    assert [list(point) for point in ours.customdata] == [[key] for key in reversed(keys)]
    assert ours.y[-1] == pytest.approx(25)
    assert (lines[SIZE].line.dash, ours.line.dash) == ("dash", "solid")
    assert figure.layout.shapes[1].x0 == pytest.approx(75)


@pytest.mark.parametrize("name", ["curves", "scores"])
def test_figure_and_table_are_files_of_either_kind(client: TestClient, desk: Desk, keys: list[str], name: str) -> None:
    asked: dict[str, Sequence[str] | int] = {"score": [DEFAULT, SIZE], "budget": 15, "coming": 60}
    answer = client.get(f"/risk/{name}.csv", params=asked)
    assert answer.headers["content-disposition"] == f'attachment; filename="risk-{name}.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    table = parquet.read_table(io.BytesIO(client.get(f"/risk/{name}.parquet", params=asked).content)).to_pylist()
    assert [line["score"] for line in lines] == [row["score"] for row in table]
    assert len(lines) == (2 if name == "scores" else 2 * judged_case.CASES)
    if name == "scores":
        assert (lines[0]["found last"], table[1]["unseen of the unacceptable"]) == (keys[5], 1.0)


@pytest.mark.parametrize(
    "address",
    [
        "other.csv?budget=1&coming=2",
        "scores.exe?budget=1&coming=2",
        "scores.csv",
        "scores.csv?budget=1&coming=2&score=x",
    ],
)
def test_what_our_page_does_not_ask_is_refused(client: TestClient, address: str) -> None:
    assert client.get(f"/risk/{address}").status_code == 400
    client.cookies.clear()
    assert client.get(f"/risk/{address}").status_code == 401


def test_the_worklist_is_sorted_by_a_score_and_its_rows_carry_the_value(client: TestClient, desk: Desk) -> None:
    keys = judged_case.fill(desk)
    bare = [row["key"] for row in client.get("/cases").json()["rows"] if row["key"] not in keys]
    rows = client.get("/cases", params={"sort": f"score:{DEFAULT}", "descending": "true"}).json()["rows"]
    assert [row["key"] for row in rows][: len(keys)] == keys
    assert [row["score"] for row in rows][:2] == [24, 23]
    assert {row["key"]: row["score"] for row in rows if row["key"] in bare} == dict.fromkeys(bare)
    assert "score" not in client.get("/cases").json()["rows"][0]


def test_errors_sort_the_worklist_too_the_worst_first(client: TestClient, desk: Desk) -> None:
    judged_case.add(desk, "P1", None, {CaseError.DICE: 0.7, CaseError.HD95: 9.0}, size=1.0)
    orders = client.get("/views").json()["orders"]
    assert [(one["name"], one["descending"]) for one in orders] == [
        (SIZE, True),
        (CaseError.DICE.value, False),
        (CaseError.HD95.value, True),
    ]
    assert [order.name for order in risks.scores(desk)] == [SIZE]


def test_thousands_of_cases_are_counted_by_the_database(desk: Desk) -> None:
    """The page reads at most the judged cases that it looks at, and a few rows besides."""
    many = 3 * risks.MOST_JUDGED
    judged_case.add(desk, "P1", Verdict.ACCEPTABLE, default=1.0, size=1.0)
    with desk.store.begin() as session:
        judged_case.copy_last(session, many, (DEFAULT, SIZE))
    with judged_case.rows_read(desk.store) as read:
        ours, size = risks.scores(desk)
        seen = risks.see(desk, [ours, size], QUARTER)
        risks.every_score(desk, QUARTER)
        _, _, both = risks.moved(desk, ours, size)
    assert (seen.known.by_verdict, seen.cases, both) == (many + 1, risks.MOST_JUDGED, many + 1)
    assert risks.MOST_JUDGED < len(read) <= risks.MOST_JUDGED + 50

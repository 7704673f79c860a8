"""Analyses over HTTP: who may, how they stand, cancel and try again; and the line on the case page."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from services import worker, workflow
from services.access import Access
from services.jobs import ANALYSIS
from tests import known_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
WORKING = {ANALYSIS: partial(worker.analyse, predict=known_model.predict)}
FAILING = {ANALYSIS: partial(worker.analyse, predict=known_model.broken)}


@pytest.fixture
def called() -> list[str]:
    """How often the foreman was called."""
    return []


@pytest.fixture
def client(desk: workflow.Desk, called: list[str]) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    served = routes(desk, ACCESS, lambda: called.append("called"))
    return TestClient(Starlette(routes=served, middleware=[gate]), base_url=URL, headers={"origin": URL})


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


@pytest.fixture
def keys(desk: workflow.Desk, home: Path) -> list[str]:
    """Two cases that wait for the known model."""
    desk.analyses.queue(known_model.add(home), "reader A")
    return [case.key for case in workflow.cases(desk)]


def work(desk: workflow.Desk, kinds: worker.Kinds) -> None:
    worker.work(desk, threading.Event(), kinds)


def stands(reader: TestClient, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = reader.get("/analyses/case", params={"case": key}).json()
    return answer


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/analyses"), ("GET", "/analyses/case?case=x"), ("POST", "/analyses/cancel"), ("POST", "/analyses/case")],
)
def test_nothing_is_read_or_changed_without_a_session(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 401


def test_nothing_is_said_where_nothing_was_ever_wanted(reader: TestClient, desk: workflow.Desk) -> None:
    assert reader.get("/analyses").json() == {"total": 0, "is_over": True}
    assert stands(reader, workflow.cases(desk)[0].key)["state"] == "none"


def test_all_are_counted_and_cancelled(reader: TestClient, keys: list[str], called: list[str]) -> None:
    told = reader.get("/analyses").json()
    assert (told["total"], told["left"], told["done"], told["is_over"]) == (2, 2, 0, False)
    assert reader.post("/analyses/cancel").json()["is_over"]
    assert [stands(reader, key)["state"] for key in keys] == ["cancelled"] * 2
    assert called


def test_what_failed_says_why_and_is_tried_again(reader: TestClient, desk: workflow.Desk, keys: list[str]) -> None:
    work(desk, FAILING)
    told = reader.get("/analyses").json()
    assert [one["key"] for one in told["first_failed"]] == keys
    assert "RuntimeError" in stands(reader, keys[0])["error"]["found"]
    assert reader.post("/analyses/retry").json()["left"] == 2
    work(desk, WORKING)
    assert [stands(reader, key)["state"] for key in keys] == ["done"] * 2
    assert stands(reader, keys[0])["model"] == "tube finder@1"


def test_one_case_is_cancelled_and_tried_again_alone(reader: TestClient, keys: list[str]) -> None:
    for action, state in (("cancel", "cancelled"), ("retry", "queued")):
        answer = reader.post("/analyses/case", json={"case": keys[0], "action": action})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert stands(reader, keys[1])["state"] == "queued"


@pytest.mark.parametrize("body", [{}, {"case": 1, "action": "cancel"}, {"case": "P0-1", "action": "cancel"}, []])
def test_a_request_of_another_kind_is_refused_in_three_parts(reader: TestClient, keys: list[str], body: object) -> None:
    answer = reader.post("/analyses/case", json=body)
    assert answer.status_code in {400, 404}
    assert answer.json()["todo"]


def test_an_unknown_action_is_refused(reader: TestClient, keys: list[str]) -> None:
    assert reader.post("/analyses/explode").status_code == 400
    assert reader.post("/analyses/case", json={"case": keys[0], "action": "explode"}).status_code == 400


def test_the_case_page_has_the_line_and_shows_the_layers(
    run_view: Callable[..., AppTest], desk: workflow.Desk, keys: list[str]
) -> None:
    work(desk, WORKING)
    app = run_view("case", case=keys[0])
    assert not app.exception
    assert len(app.get("bidi_component")) == 2
    assert "mutual information" in " ".join(component.proto.json for component in app.get("bidi_component"))

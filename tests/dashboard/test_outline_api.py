"""Outlines over HTTP: who may, where they start, how they stand with the mask so far, cancel and try again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from db import job_notes
from db.records import Region
from services import workflow
from services.access import Access
from services.jobs import OUTLINE, new_worker
from services.segmentation.promptable import package

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
ROUTE = "/outlines/case"
BOX = {"axis": 0, "index": 10, "box": [15, 19, 33, 37]}


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
def key(desk: workflow.Desk) -> str:
    return workflow.cases(desk)[0].key


@pytest.fixture
def _installed() -> None:
    if not package.is_installed():
        pytest.skip(f"needs LiteMedSAM. {package.HOW_TO_ADD}")


def act(reader: TestClient, key: str, action: str, start: object = None) -> dict[str, Any]:
    answer = reader.post(ROUTE, json={"case": key, "action": action, "start": start})
    assert answer.status_code == 200, answer.json()
    told: dict[str, Any] = answer.json()
    return told


def stands(reader: TestClient, key: str) -> dict[str, Any]:
    told: dict[str, Any] = reader.get(ROUTE, params={"case": key}).json()
    return told


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_read_or_begun_without_a_session(client: TestClient, key: str, method: str) -> None:
    assert client.request(method, ROUTE, params={"case": key}).status_code == 401


def test_nothing_is_begun_from_a_page_of_another_server(reader: TestClient, key: str) -> None:
    asked = {"case": key, "action": "begin", "start": BOX}
    assert reader.post(ROUTE, json=asked, headers={"origin": "http://elsewhere"}).status_code == 403
    assert stands(reader, key)["state"] == "none"


def test_it_says_whether_one_can_be_begun_and_why_not(reader: TestClient, desk: workflow.Desk, key: str) -> None:
    told = stands(reader, key)
    assert (told["state"], told["stopped"], told["partial"]) == ("none", [], None)
    assert told["can_begin"] == (told["why_not"] == "")
    assert told["why_not"] == desk.outlines.why_not()


@pytest.mark.usefixtures("_installed")
def test_a_box_is_queued_cancelled_and_tried_again(reader: TestClient, key: str, called: list[str]) -> None:
    assert act(reader, key, "begin", BOX)["state"] == "queued"
    second = reader.post(ROUTE, json={"case": key, "action": "begin", "start": BOX})
    assert (second.status_code, bool(second.json()["todo"])) == (400, True)
    assert act(reader, key, "cancel")["state"] == "cancelled"
    assert act(reader, key, "retry")["state"] == "queued"
    assert len(called) == 3


@pytest.mark.usefixtures("_installed")
def test_the_mask_so_far_is_an_image_of_the_case_until_the_job_ends(
    reader: TestClient, desk: workflow.Desk, key: str
) -> None:
    act(reader, key, "begin", BOX)
    worker = new_worker()
    job = desk.jobs.claim(worker, (OUTLINE,))
    assert job is not None
    region = Region((8, 20, 24), (4, 6, 8))
    digest = desk.store.blobs.put(np.ones(region.shape, dtype=np.uint8), np.eye(4)).digest
    with desk.store.begin() as session:
        job_notes.note(session, job.id, worker, partial=job_notes.partial_note(digest, region))
    told = stands(reader, key)
    assert told["state"] == "running"
    assert told["partial"] == {"digest": digest, "origin": [8, 20, 24], "shape": [4, 6, 8]}
    mine, of_another = (ACCESS.image_token(user, key) for user in ("reader A", "reader B"))
    other_case = ACCESS.image_token("reader A", workflow.cases(desk)[1].key)
    tokens = (mine, of_another, other_case)
    assert [reader.get(f"/blob/{digest}", params={"t": token}).status_code for token in tokens] == [200, 403, 404]
    job_notes.take_partial_away(desk.store, job.id)
    assert stands(reader, key)["partial"] is None
    assert reader.get(f"/blob/{digest}", params={"t": mine}).status_code == 404


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    "start",
    [
        None,
        [],
        {},
        {"axis": 3, "index": 0, "click": [1, 1]},
        {"axis": 0, "index": 20, "click": [1, 1]},
        {"axis": 0, "index": 0, "click": [48, 1]},
        {"axis": 0, "index": 0, "click": [1, float("1e400")]},
        {"axis": 0, "index": 0, "box": [1, 1, 1, 30]},
        {"axis": 0, "index": 0, "box": [1, 1, 9], "click": [1, 1]},
        {"axis": 0, "index": "0", "click": [1, 1]},
    ],
)
def test_a_start_elsewhere_is_refused_in_three_parts(
    reader: TestClient, key: str, start: object, called: list[str]
) -> None:
    content = json.dumps({"case": key, "action": "begin", "start": start})
    answer = reader.post(ROUTE, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["todo"]
    assert stands(reader, key)["state"] == "none"
    assert called == []


@pytest.mark.parametrize("body", [[], {}, {"case": 1, "action": "begin"}, {"action": "begin"}])
def test_a_request_of_another_kind_is_refused(reader: TestClient, body: object) -> None:
    assert reader.post(ROUTE, json=body).status_code == 400


def test_an_unknown_case_an_unknown_action_and_a_long_body_are_refused(reader: TestClient, key: str) -> None:
    assert reader.get(ROUTE, params={"case": "P0-1"}).status_code == 404
    assert reader.post(ROUTE, json={"case": "P0-1", "action": "begin", "start": BOX}).status_code == 404
    assert reader.post(ROUTE, json={"case": key, "action": "explode"}).status_code == 400
    assert reader.post(ROUTE, json={"case": key, "action": "begin", "start": "x" * 3000}).status_code == 400


def test_the_case_page_stands_with_an_outline_under_way(
    run_view: Callable[..., AppTest], reader: TestClient, desk: workflow.Desk, key: str
) -> None:
    if not desk.outlines.why_not():
        act(reader, key, "begin", BOX)
    app = run_view("case", case=key)
    assert not app.exception
    assert len(app.get("bidi_component")) == 2

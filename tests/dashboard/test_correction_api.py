"""The click editor over HTTP: who may, what is refused, and a correction that becomes the reader's own layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from db.vocabulary import AuthorKind
from services import storing, workflow
from services.access import Access
from services.correcting.answering import Answers
from services.correcting.relabelling import wall_on
from services.correcting.run_lengths import decoded, encoded
from services.corrections import Corrections
from tests.known_clicks import BrightThings
from tests.small_case import CENTRE, SHAPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from db.records import Layer

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
MIDDLE = 10
PLANE = (SHAPE[1], SHAPE[2])
THROMBUS = (CENTRE[0] + 7, CENTRE[1])
ACTIONS = ("prepare", "click", "carry", "save")


@pytest.fixture
def client(desk: workflow.Desk) -> TestClient:
    """Clicks are answered in this process, by a network whose answer is known."""
    desk.__dict__["corrections"] = Corrections(Answers(desk.store, BrightThings))
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    return TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, headers={"origin": URL})


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


@pytest.fixture
def key(desk: workflow.Desk) -> str:
    return workflow.cases(desk)[0].key


@pytest.fixture
def base(desk: workflow.Desk, key: str) -> Layer:
    """The mask of model B, which leaves out the thrombus."""
    return next(layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == "B")


@pytest.fixture
def clicked(desk: workflow.Desk, key: str, base: Layer) -> dict[str, Any]:
    """A click into the thrombus, as the viewer sends it."""
    mask = encoded(wall_on(storing.decoded(desk.store, base), MIDDLE, PLANE))
    return {"case": key, "layer": base.id, "index": MIDDLE, "mask": mask, "clicks": [[*THROMBUS, True]], "count": 1}


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_answered_without_a_session(client: TestClient, clicked: dict[str, Any], action: str) -> None:
    assert client.post(f"/corrections/{action}", json=clicked).status_code == 401


def test_nothing_is_answered_to_a_page_of_another_server(reader: TestClient, clicked: dict[str, Any]) -> None:
    answer = reader.post("/corrections/click", json=clicked, headers={"origin": "http://elsewhere"})
    assert answer.status_code == 403


def test_clicks_carried_and_saved_become_a_layer_of_the_reader_with_its_agreement(
    reader: TestClient, desk: workflow.Desk, run_view: Callable[..., AppTest], clicked: dict[str, Any]
) -> None:
    key, layer = clicked["case"], clicked["layer"]
    assert reader.post("/corrections/prepare", json=clicked).status_code == 200
    told = reader.post("/corrections/click", json=clicked).json()
    assert decoded(told["mask"], PLANE)[THROMBUS]
    assert (told["phase"], told["changed"] > 0) == ("global", True)
    carry = clicked | {"mask": told["mask"], "first": MIDDLE - 1, "last": MIDDLE + 1, "slices": {}}
    carried = reader.post("/corrections/carry", json=carry).json()["slices"]
    assert sorted(carried) == [str(MIDDLE + 1), str(MIDDLE - 1)]
    slices = {str(MIDDLE): told["mask"]} | {number: one["mask"] for number, one in carried.items()}
    clicks = [[MIDDLE, *THROMBUS, True, told["changed"]]]
    saving = {"case": key, "layer": layer, "slices": slices, "clicks": clicks, "seconds": 12}
    saved = reader.post("/corrections/save", json=saving).json()
    assert saved["version"] == "correction 1"
    assert "correction 1" in saved["text"]
    page = workflow.case_page(desk, key)
    (new,) = [one for one in page.layers if one.spec.author == "reader A"]
    assert new.spec.author_kind is AuthorKind.READER
    app = run_view("case", case=key)
    assert not app.exception
    assert "reader A" in " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize(
    "change",
    [
        {"layer": 10**9},
        {"layer": "x"},
        {"index": SHAPE[0]},
        {"index": -1},
        {"mask": [1, 2, 3]},
        {"mask": [-1, PLANE[0] * PLANE[1] + 1]},
        {"mask": "x"},
        {"clicks": []},
        {"clicks": [[0, PLANE[1], True]]},
        {"clicks": [[0, 0, "yes"]]},
        {"clicks": [[0, 0]]},
        {"count": 10**6},
    ],
)
def test_a_click_of_another_kind_is_refused_in_three_parts(
    reader: TestClient, clicked: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = reader.post("/corrections/click", json=clicked | change)
    assert answer.status_code in {400, 404}
    assert answer.json()["todo"]


def test_a_layer_of_another_case_an_unknown_case_and_an_unknown_action_are_refused(
    reader: TestClient, desk: workflow.Desk, clicked: dict[str, Any]
) -> None:
    other = workflow.cases(desk)[1].key
    assert reader.post("/corrections/click", json=clicked | {"case": other}).status_code in {400, 404}
    assert reader.post("/corrections/click", json=clicked | {"case": "P0-1"}).status_code == 404
    assert reader.post("/corrections/explode", json=clicked).status_code == 400
    assert reader.post("/corrections/click", json=[]).status_code == 400


def test_a_correction_that_changes_nothing_is_not_kept(reader: TestClient, clicked: dict[str, Any]) -> None:
    nothing = {"case": clicked["case"], "layer": clicked["layer"], "slices": {}, "clicks": [], "seconds": 1}
    assert reader.post("/corrections/save", json=nothing).status_code == 400

"""A reader's own diameter over HTTP: who may, what is refused, and what then stands beside the automatic one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from db import models
from services import workflow
from services.access import Access
from tests.tube_measures import AUTHOR, TOP, drawn, measure

if TYPE_CHECKING:
    from db.measurement_records import NewMeasurement

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
READER = "reader A"


@pytest.fixture
def client(desk: workflow.Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    return TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, headers={"origin": URL})


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token(READER))
    return client


@pytest.fixture
def key(desk: workflow.Desk) -> str:
    """A case that a program has measured."""
    key = workflow.cases(desk)[0].key
    measure(desk, key)
    return key


def by_hand(desk: workflow.Desk, key: str) -> list[NewMeasurement]:
    return [one.spec for one in workflow.case_page(desk, key).measurements if one.spec.reader]


def post(client: TestClient, key: str, said: object) -> Any:
    return client.post("/measurements", params={"case": key}, json=said)


def test_nothing_is_kept_without_a_session(client: TestClient, desk: workflow.Desk, key: str) -> None:
    assert post(client, key, drawn()).status_code == 401
    assert by_hand(desk, key) == []


def test_nothing_is_kept_for_a_page_of_another_server(reader: TestClient, desk: workflow.Desk, key: str) -> None:
    answer = reader.post("/measurements", params={"case": key}, json=drawn(), headers={"origin": "http://elsewhere"})
    assert answer.status_code == 403
    assert by_hand(desk, key) == []


def test_a_diameter_stands_with_its_reader_plane_and_end_points_beside_the_automatic_one(
    reader: TestClient, desk: workflow.Desk, key: str
) -> None:
    before = workflow.case_page(desk, key)
    answer = post(reader, key, drawn())
    assert answer.status_code == 201
    (spec,) = by_hand(desk, key)
    assert (spec.name, spec.subject, spec.reader) == ("largest diameter, orthogonal", READER, READER)
    assert spec.value == pytest.approx(26.4)
    assert (spec.unit, spec.method) == ("mm", "by hand")
    assert spec.points == ((0.0, -13.0, 0.0), (0.0, 13.4, 0.0))
    assert spec.parameters == {
        "view": "perpendicular",
        "plane": {"point": [0, 0, 0], "normal": [0, 0, -1]},
        "centreline": AUTHOR,
        "along_mm": TOP,
    }
    after = workflow.case_page(desk, key)
    assert after.measurements[: len(before.measurements)] == before.measurements
    assert after.row.headline == before.row.headline


def test_another_one_is_added_and_changes_none(reader: TestClient, desk: workflow.Desk, key: str) -> None:
    post(reader, key, drawn())
    (first,) = by_hand(desk, key)
    post(reader, key, drawn(ends=[[0, -12, 0], [0, 12, 0]]))
    assert by_hand(desk, key)[0] == first
    assert [spec.value for spec in by_hand(desk, key)] == [pytest.approx(26.4), 24.0]


def test_a_length_is_worked_out_from_the_end_points_and_from_nothing_else(
    reader: TestClient, desk: workflow.Desk, key: str
) -> None:
    post(reader, key, drawn(value=99, reader="somebody else", name="volume, sac"))
    (spec,) = by_hand(desk, key)
    assert spec.value == pytest.approx(26.4)
    assert spec.reader == READER


def test_it_is_in_the_audit_trail(reader: TestClient, desk: workflow.Desk, key: str) -> None:
    number = post(reader, key, drawn()).json()["measurement"]
    with desk.store.read() as session:
        event = session.scalars(select(models.AuditEvent).where(models.AuditEvent.action == "measured")).one()
        assert (event.actor, event.details) == (
            READER,
            {"measurement": number, "name": "largest diameter, orthogonal", "mm": 26.4},
        )


def test_one_on_an_axial_slice_has_another_name_and_needs_no_centreline(
    reader: TestClient, desk: workflow.Desk
) -> None:
    key = workflow.cases(desk)[1].key
    said = drawn(view="axial")
    assert post(reader, key, said).status_code == 201
    (spec,) = by_hand(desk, key)
    assert spec.name == "largest diameter, axial"
    assert set(spec.parameters) == {"view", "plane"}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no length": ({"ends": [[0, 1, 0], [0, 1, 0]]}, "mm long"),
    "longer than a body": ({"ends": [[0, -200, 0], [0, 200, 0]]}, "mm long"),
    "beside the scan": ({"ends": [[0, 0, 0], [0, 60, 0]]}, "inside the scan"),
    "above the scan": (
        {"ends": [[0, -5, 40], [0, 5, 40]], "plane": {"point": [0, 0, 40], "normal": [0, 0, 1]}},
        "inside the scan",
    ),
    "an end off the plane": ({"ends": [[0, -13, 0], [0, 13, 0.8]]}, "in the plane"),
    "one point": ({"ends": [[0, -13, 0]]}, "two points"),
    "words": ({"ends": [["a", 0, 0], [0, 13, 0]]}, "two points"),
    "no plane": ({"plane": None}, "two points"),
    "a plane without direction": ({"plane": {"point": [0, 0, 0], "normal": [0, 0, 0]}}, "two points"),
    "another view": ({"view": "coronal"}, "two points"),
    "nobody's centreline": ({"centreline": "somebody"}, "centreline of this case"),
    "a centreline of another kind": ({"centreline": 5}, "two points"),
    "an axial plane across the slices": (
        {"view": "axial", "plane": {"point": [0, 0, 0], "normal": [1, 0, 0]}},
        "in a slice",
    ),
    "not a place along": ({"along_mm": "far"}, "two points"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_is_refused_in_three_parts_and_not_kept(
    reader: TestClient, desk: workflow.Desk, key: str, name: str
) -> None:
    change, word = REFUSED[name]
    answer = post(reader, key, drawn(**change))
    assert answer.status_code == 400
    assert word in answer.json()["must"]
    assert answer.json()["found"]
    assert answer.json()["todo"]
    assert by_hand(desk, key) == []


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e400])
def test_numbers_that_are_none_are_refused(reader: TestClient, desk: workflow.Desk, key: str, number: float) -> None:
    text = str(drawn(ends=[[0, -13, 0], [0, 13, 0]])).replace("'", '"').replace("-13", _json(number))
    answer = reader.post("/measurements", params={"case": key}, content=text)
    assert answer.status_code == 400
    assert by_hand(desk, key) == []


def _json(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity"


@pytest.mark.parametrize("said", [[], None, "x", 5, {}])
def test_another_body_is_refused(reader: TestClient, key: str, said: object) -> None:
    assert post(reader, key, said).status_code == 400


def test_a_long_body_and_an_unknown_case_are_refused_and_named_nowhere(
    reader: TestClient, desk: workflow.Desk, key: str
) -> None:
    assert post(reader, key, drawn(note="x" * 5000)).status_code == 400
    answer = post(reader, "PNOBODY-1", drawn())
    assert answer.status_code == 404
    assert "PNOBODY" not in answer.text
    assert by_hand(desk, key) == []

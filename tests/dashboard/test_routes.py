"""The HTTP routes: image bytes as stored, only with the right token; worklist pages; saved views."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from services import workflow
from services.access import HOUR, Access
from tests.small_case import SHAPE

if TYPE_CHECKING:
    from db.records import CasePage

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
OURS = {"origin": URL}


@pytest.fixture
def client(desk: workflow.Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    return TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL, follow_redirects=False)


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


@pytest.fixture
def page(desk: workflow.Desk) -> CasePage:
    return workflow.case_page(desk, workflow.cases(desk)[0].key)


def test_a_sign_in_link_sets_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    answer = client.get("/signin", params={"token": ACCESS.link_token("reader A")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_wrong_link_signs_nobody_in(client: TestClient) -> None:
    answer = client.get("/signin", params={"token": "made up"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_address_of_the_worklist_leads_home_with_its_filters(reader: TestClient) -> None:
    assert reader.get("/worklist").headers["location"] == "/"
    assert reader.get("/worklist", params={"view": "flagged"}).headers["location"] == "/?view=flagged"


def test_image_bytes_arrive_as_stored_and_inflate_to_the_volume(reader: TestClient, page: CasePage) -> None:
    token = ACCESS.image_token("reader A", page.row.key)
    answer = reader.get(f"/blob/{page.series.image.digest}", params={"t": token})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"].startswith("private")
    voxels = np.frombuffer(answer.content[352:], dtype="<i2").reshape(SHAPE)
    assert (voxels[0, 24, 28], voxels[0, 0, 0]) == (300, -50)


def test_an_image_that_the_browser_has_is_not_sent_again(reader: TestClient, page: CasePage) -> None:
    address = f"/blob/{page.series.image.digest}?t={ACCESS.image_token('reader A', page.row.key)}"
    etag = reader.get(address).headers["etag"]
    again = reader.get(address, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("token", ["", "made up", "of another user", "of another case", "too old"])
def test_without_the_right_token_no_image_is_sent(
    reader: TestClient, desk: workflow.Desk, page: CasePage, token: str
) -> None:
    other = workflow.cases(desk)[1].key
    tokens = {
        "of another user": ACCESS.image_token("reader B", page.row.key),
        "of another case": ACCESS.image_token("reader A", other),
        "too old": ACCESS.image_token("reader A", page.row.key, now=1e9 - 3 * HOUR),
    }
    answer = reader.get(f"/blob/{page.series.image.digest}", params={"t": tokens.get(token, token)})
    assert answer.status_code in {403, 404}
    assert "error" in answer.json()


def test_a_new_token_is_given_to_the_signed_in_user_only(reader: TestClient, page: CasePage) -> None:
    token = reader.get("/token", params={"case": page.row.key}).json()["token"]
    assert ACCESS.case_of(token, "reader A") == page.row.key
    reader.cookies.clear()
    assert reader.get("/token", params={"case": page.row.key}).status_code == 401


@pytest.mark.parametrize("digest", ["0" * 64, "../secrets", "x", hashlib.sha256(b"").hexdigest()])
def test_an_unknown_image_is_not_found(reader: TestClient, page: CasePage, digest: str) -> None:
    token = ACCESS.image_token("reader A", page.row.key)
    assert reader.get(f"/blob/{digest}", params={"t": token}).status_code == 404


def test_the_worklist_sends_rows_with_thumbnails_that_open(reader: TestClient) -> None:
    answer = reader.get("/cases", params={"view": "flagged"}).json()
    assert answer["total"] == len(answer["rows"]) == 2
    thumbnail = reader.get(answer["rows"][0]["thumbnail"])
    assert thumbnail.headers["content-type"] == "image/png"
    assert thumbnail.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "wrong",
    [{"status": "dead"}, {"flagged": "maybe"}, {"sort": "shoe size"}, {"after": "%%%"}, {"agreement_below": "x"}],
)
def test_a_wrong_question_gets_a_sentence_and_no_rows(reader: TestClient, wrong: dict[str, str]) -> None:
    answer = reader.get("/cases", params=wrong)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_saved_view_is_kept_for_its_user_and_can_be_forgotten(reader: TestClient) -> None:
    view = {"name": "low agreement", "query": {"agreement_below": "0.8"}}
    assert reader.post("/views", json=view, headers=OURS).status_code == 204
    assert reader.get("/views").json()["saved"] == [view]
    assert reader.delete("/views/low agreement", headers=OURS).status_code == 204
    assert reader.get("/views").json()["saved"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"name": ""}', b'{"name": "x", "query": 3}', b"{" * 5000])
def test_a_view_that_is_none_is_refused(reader: TestClient, body: bytes) -> None:
    assert reader.post("/views", content=body, headers=OURS).status_code == 400


def test_a_component_file_is_cached_for_as_long_as_its_address_is_right(reader: TestClient) -> None:
    from dashboard import assets

    right = reader.get(f"/assets/{assets.version()}/viewer/main.js").headers["cache-control"]
    wrong = reader.get("/assets/000000000000/viewer/main.js").headers["cache-control"]
    assert "immutable" in right
    assert wrong == "no-store"
    assert reader.get(f"/assets/{assets.version()}/viewer/nothing.js").status_code == 404


def test_gzip_bytes_carry_neither_time_nor_name(reader: TestClient, desk: workflow.Desk, page: CasePage) -> None:
    stored = desk.store.blobs.read_bytes(page.series.image.digest)
    assert stored[3:8] == b"\x00" * 5
    assert len(gzip.decompress(stored)) == 352 + 2 * np.prod(SHAPE)

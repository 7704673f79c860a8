"""The dashboard's images come from S3 as they do from the disk; a server that is gone is a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.routes import routes
from services import workflow
from services.access import Access
from services.settings import Settings
from tests.servers import S3Server
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.records import CasePage

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An S3 server of this test's own, so that it can be ended."""
    with S3Server(tmp_path / "log") as server:
        for name, value in server.keys.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def desk(server: S3Server, tmp_path: Path) -> workflow.Desk:
    desk = workflow.open_home(Settings(home=tmp_path / "home", blob_url=f"s3://{server.new_bucket()}"))
    workflow.ingest(desk, write_small_case(tmp_path / "case"))
    return desk


@pytest.fixture
def page(desk: workflow.Desk) -> CasePage:
    return workflow.case_page(desk, workflow.cases(desk)[0].key)


@pytest.fixture
def reader(desk: workflow.Desk) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    client = TestClient(Starlette(routes=routes(desk, ACCESS), middleware=[gate]), base_url=URL)
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


def address(page: CasePage, digest: str, kind: str = "blob") -> str:
    return f"/{kind}/{digest}?t={ACCESS.image_token('reader A', page.row.key)}"


def test_an_image_arrives_with_its_tag_and_is_not_sent_twice(
    reader: TestClient, page: CasePage, desk: workflow.Desk
) -> None:
    url = address(page, page.series.image.digest)
    first = reader.get(url)
    array, _ = desk.store.blobs.get(page.series.image.digest)
    assert (first.status_code, first.content[352:]) == (200, array.tobytes())
    assert first.headers["etag"] == f'"{page.series.image.digest}"'
    again = reader.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.get(address(page, page.row.thumbnail, "thumb")).content.startswith(b"\x89PNG")


def test_head_tells_the_same_without_the_image(reader: TestClient, page: CasePage) -> None:
    url = address(page, page.series.image.digest)
    told, sent = reader.head(url), reader.get(url)
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["etag"] == sent.headers["etag"]
    assert told.headers["content-length"] == str(page.series.image.size)


def test_an_image_that_is_gone_is_not_found(reader: TestClient, page: CasePage, desk: workflow.Desk) -> None:
    desk.store.blobs.delete(page.series.image.digest)
    answer = reader.get(address(page, page.series.image.digest))
    assert answer.status_code == 404
    assert "secondlook check" in answer.json()["error"]


def test_a_server_that_is_gone_is_said_without_its_address_or_keys(
    reader: TestClient, page: CasePage, server: S3Server
) -> None:
    server.process.kill()
    server.process.wait()
    for kind, digest in (("blob", page.series.image.digest), ("thumb", page.row.thumbnail)):
        answer = reader.get(address(page, digest, kind))
        assert answer.status_code == 503
        assert "The image store must be reachable." in answer.json()["error"]
        assert server.url not in answer.text
        assert server.keys["AWS_SECRET_ACCESS_KEY"] not in answer.text

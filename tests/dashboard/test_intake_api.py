"""Uploads and intakes over HTTP: who may, how much, where to, and what is said. Nothing names a file."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from dashboard.gate import COOKIE, Gate
from dashboard.intake_api import LINES
from dashboard.routes import routes
from db import jobs
from db.job_records import NewJob
from db.moments import now
from db.records import IntakeItem
from db.vocabulary import JobState, Taken
from services import worker, workflow
from services.access import Access
from services.incoming import Incoming, Limits
from services.settings import Settings
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = Access(b"0" * 32)
URL = "http://127.0.0.1:8501"
OURS = {"origin": URL}
MARKS = ("Meier", "47110815")
REFUSED = IntakeItem(Taken.REFUSED, "a series", must="This must hold.", found="that.", todo="Do so.")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return tmp_path / "home"


@pytest.fixture
def desk(home: Path) -> workflow.Desk:
    """An installation whose uploads are small."""
    desk = workflow.open_home(Settings(home=home))
    desk.__dict__["jobs"] = type(desk.jobs)(desk.store, Incoming(home / "incoming", Limits(files=20, size=10**6)))
    return desk


@pytest.fixture
def called() -> list[str]:
    """How often the foreman was called."""
    return []


@pytest.fixture
def client(desk: workflow.Desk, called: list[str]) -> TestClient:
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1"}))
    served = routes(desk, ACCESS, lambda: called.append("called"))
    return TestClient(Starlette(routes=served, middleware=[gate]), base_url=URL)


@pytest.fixture
def reader(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    client.headers["origin"] = URL
    return client


@pytest.fixture
def upload(reader: TestClient) -> str:
    """The address of a new upload."""
    answer = reader.post("/uploads", json={"files": 2, "bytes": 14})
    return f"/uploads/{answer.json()['upload']}"


def put(reader: TestClient, upload: str, name: str, content: bytes = b"content") -> int:
    headers = {"X-Relative-Path": quote(name, safe="")}
    return int(reader.put(f"{upload}/file", content=content, headers=headers).status_code)


def finished(desk: workflow.Desk, *items: IntakeItem, **said: object) -> int:
    """An intake that has ended with this report."""
    with desk.store.begin() as session:
        number = jobs.add_job(session, NewJob("ingest", "reader A", said, "one"), lease_until=now())
        jobs.add_lines(session, number, items)
        jobs.end(session, number, "one", JobState.DONE, now())
    return number


CHANGES = [
    ("POST", "/uploads"),
    ("PUT", "/uploads/x/file"),
    ("POST", "/uploads/x/missing"),
    ("POST", "/uploads/x/start"),
    ("DELETE", "/uploads/x"),
    ("POST", "/intakes/1/cancel"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_nothing_is_changed_without_a_session_or_from_another_page(
    client: TestClient, desk: workflow.Desk, method: str, path: str
) -> None:
    assert client.request(method, path, headers=OURS).status_code == 401
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    assert client.request(method, path).status_code == 403
    assert client.request(method, path, headers={"origin": "http://evil.example"}).status_code == 403
    assert not desk.jobs.incoming.root.exists()


@pytest.mark.parametrize("path", ["/intakes", "/intakes/1", "/intakes/1/lines", "/intakes/1/report", "/uploads/x"])
def test_nothing_is_read_without_a_session(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/uploads"),
        ("POST", "/uploads/x/file"),
        ("PUT", "/uploads/x"),
        ("DELETE", "/intakes/1"),
        ("PUT", "/intakes"),
    ],
)
def test_other_methods_are_not_allowed(reader: TestClient, method: str, path: str) -> None:
    assert reader.request(method, path).status_code == 405


def test_a_folder_goes_in_file_by_file_and_comes_out_as_a_case(
    reader: TestClient, desk: workflow.Desk, tmp_path: Path, called: list[str]
) -> None:
    folder = write_small_case(tmp_path / "case")
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    upload = f"/uploads/{reader.post('/uploads', json={'files': len(files), 'bytes': size}).json()['upload']}"
    for path in files:
        assert put(reader, upload, str(path.relative_to(folder)), path.read_bytes()) == 204
    assert reader.get(upload).json() == {"files": len(files), "bytes": size}
    said = {"label_source": "expert", "allow_burned_in": True}
    number = reader.post(f"{upload}/start", json=said).json()["intake"]
    assert called == ["called"]
    assert said.items() <= desk.jobs.find(number).details.items()
    worker.work(desk, threading.Event())
    shown = reader.get(f"/intakes/{number}").json()
    assert (shown["state"], shown["counts"]["new"], shown["actor"]) == ("done", 1, "reader A")
    (line,) = reader.get(f"/intakes/{number}/lines").json()["lines"]
    assert line["key"] == workflow.cases(desk)[0].key


@pytest.mark.parametrize("name", ["../../secrets/x.nii", "/etc/passwd", "a/../../x", "", "a\x00b"])
def test_a_path_that_leads_elsewhere_is_refused(reader: TestClient, upload: str, home: Path, name: str) -> None:
    before = sorted(home.rglob("*"))
    assert put(reader, upload, name) == 400
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize(
    "said", [{"files": 21, "bytes": 1}, {"files": 1, "bytes": 10**6 + 1}, {"files": -1, "bytes": 1}]
)
def test_more_than_fits_is_refused_before_a_byte_is_sent(reader: TestClient, said: dict[str, int]) -> None:
    answer = reader.post("/uploads", json=said)
    assert answer.status_code == 400
    assert all(answer.json()[part] for part in ("must", "found", "todo"))


def test_a_file_larger_than_announced_uploads_allow_is_refused(reader: TestClient, upload: str) -> None:
    assert put(reader, upload, "ct.nii.gz", b"x" * (10**6 + 1)) == 400
    assert reader.get(upload).json()["files"] == 0


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"files": "x", "bytes": 1}', b"{" * 10**5, b'{"files": true, "bytes": 1}']
)
def test_an_upload_that_says_nothing_sensible_is_refused(reader: TestClient, body: bytes) -> None:
    assert reader.post("/uploads", content=body).status_code == 400


@pytest.mark.parametrize("said", [{}, {"label_source": "hearsay", "allow_burned_in": False}, {"label_source": ""}])
def test_a_start_that_says_nothing_sensible_is_refused(
    reader: TestClient, upload: str, said: dict[str, object]
) -> None:
    put(reader, upload, "ct.nii.gz")
    assert reader.post(f"{upload}/start", json=said).status_code == 400


def test_a_body_without_a_length_is_refused(reader: TestClient, upload: str) -> None:
    pieces = iter([b"a", b"b"])
    answer = reader.put(f"{upload}/file", content=pieces, headers={"X-Relative-Path": "ct.nii.gz"})
    assert answer.status_code == 400


def test_an_upload_is_started_once(reader: TestClient, upload: str, desk: workflow.Desk) -> None:
    put(reader, upload, "ct.nii.gz")
    said = {"label_source": "", "allow_burned_in": False}
    assert [reader.post(f"{upload}/start", json=said).status_code for _ in range(2)] == [200, 404]
    assert put(reader, upload, "later.nii.gz") == 404
    assert len(desk.jobs.recent().jobs) == 1


def test_a_cancelled_upload_is_gone_from_the_disk(reader: TestClient, upload: str, desk: workflow.Desk) -> None:
    put(reader, upload, "ct/1.dcm")
    assert reader.delete(upload).status_code == 204
    assert list(desk.jobs.incoming.root.iterdir()) == []
    assert reader.get(upload).status_code == 404


def test_an_upload_that_stopped_says_what_is_missing(reader: TestClient, upload: str) -> None:
    put(reader, upload, "ct/1.dcm")
    wanted = [["ct/1.dcm", 7], ["ct/2.dcm", 7], ["ct/1.dcm", 9]]
    assert reader.post(f"{upload}/missing", json=wanted).json() == {"missing": [1, 2]}
    assert reader.post(f"{upload}/missing", json={"all": "of them"}).status_code == 400


def test_a_file_where_a_folder_is_is_refused(reader: TestClient, upload: str) -> None:
    assert [put(reader, upload, name) for name in ("a/b.nii", "a/b.nii/c.nii")] == [204, 400]


def test_no_name_is_kept_said_or_logged(
    reader: TestClient, desk: workflow.Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Marked names on files and folders; searched in every answer, every row, every file name and the log."""
    caplog.set_level(logging.DEBUG)
    folder = write_small_case(tmp_path / "case")
    upload = f"/uploads/{reader.post('/uploads', json={'files': 3, 'bytes': 3}).json()['upload']}"
    content = (folder / "ct.nii.gz").read_bytes()
    for name in ("Meier^Anna 47110815/ct/Meier.dcm", "Meier^Anna 47110815/Meier.zip", "Meier^Anna 47110815/ct.nii.gz"):
        put(reader, upload, name, content)
    number = reader.post(f"{upload}/start", json={"label_source": "", "allow_burned_in": False}).json()["intake"]
    worker.work(desk, threading.Event())
    said = [reader.get(path).text for path in ("/intakes", f"/intakes/{number}/lines", f"/intakes/{number}/report")]
    desk.store.close()
    kept = b"".join(path.read_bytes() for path in desk.settings.home.rglob("*") if path.is_file())
    names = " ".join(str(path.relative_to(desk.settings.home)) for path in desk.settings.home.rglob("*"))
    requests = [record.getMessage() for record in caplog.records]
    for mark in MARKS:
        assert mark not in " ".join((*said, names, *requests))
        assert mark.encode() not in kept


def test_intakes_come_in_pages_and_say_nothing_of_where_their_files_lie(
    reader: TestClient, desk: workflow.Desk
) -> None:
    numbers = [finished(desk, folder="0" * 32, origin="upload") for _ in range(33)]
    first = reader.get("/intakes").json()
    rest = reader.get("/intakes", params={"before": first["next"]}).json()
    assert [one["id"] for one in first["intakes"] + rest["intakes"]] == numbers[::-1]
    assert rest["next"] == 0
    assert "0" * 32 not in json.dumps(first)


def test_a_report_comes_in_parts_filtered_and_as_a_file(reader: TestClient, desk: workflow.Desk) -> None:
    taken = IntakeItem(Taken.MENDED, "CT", mended=("gantry tilt straightened",))
    number = finished(desk, *[taken, REFUSED] * LINES)
    first = reader.get(f"/intakes/{number}/lines").json()
    assert (len(first["lines"]), first["next"]) == (LINES, first["lines"][-1]["id"])
    refused = reader.get(f"/intakes/{number}/lines", params={"taken": "refused"}).json()
    assert {line["found"] for line in refused["lines"]} == {"that."}
    file = reader.get(f"/intakes/{number}/report")
    assert file.headers["content-disposition"] == f'attachment; filename="intake-{number}.json"'
    assert [item["taken"] for item in file.json()["items"]] == ["mended", "refused"] * LINES


@pytest.mark.parametrize("path", ["/intakes/4711", "/intakes/4711/lines", "/intakes/4711/report"])
def test_an_intake_that_is_not_there_is_not_found(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("wrong", [{"before": "x"}, {"before": "-1"}, {"before": "9" * 30}])
def test_a_cursor_that_is_none_is_refused(reader: TestClient, wrong: dict[str, str]) -> None:
    assert reader.get("/intakes", params=wrong).status_code == 400


@pytest.mark.parametrize("action", ["cancel", "retry", "dismiss", "explode"])
def test_what_is_over_can_be_neither_cancelled_nor_tried_again(
    reader: TestClient, desk: workflow.Desk, action: str
) -> None:
    answer = reader.post(f"/intakes/{finished(desk)}/{action}")
    assert answer.status_code == 400
    assert all(answer.json()[part] for part in ("must", "found", "todo"))


def test_a_waiting_intake_is_cancelled_and_says_so(reader: TestClient, upload: str) -> None:
    put(reader, upload, "ct.nii.gz")
    number = reader.post(f"{upload}/start", json={"label_source": "", "allow_burned_in": False}).json()["intake"]
    assert reader.get(f"/intakes/{number}").json()["can_cancel"]
    shown = reader.post(f"/intakes/{number}/cancel").json()
    assert (shown["state"], shown["can_cancel"], shown["error"]["found"]) == (
        "cancelled",
        False,
        "somebody cancelled it.",
    )

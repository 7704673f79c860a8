"""Nothing passes the gate without an allowed host, our own origin and a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.gate import COOKIE, Gate
from services.access import Access

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

ACCESS = Access(b"0" * 32)
PATHS = ["/", "/case", "/media/x.png", "/component/x/main.js", "/_stcore/health", "/_stcore/host-config", "/cases"]


def who(request: Request) -> JSONResponse:
    return JSONResponse({"user": getattr(request.state, "user", None)})


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.state.user)
    await socket.close()


@pytest.fixture
def client() -> TestClient:
    routes = [WebSocketRoute("/_stcore/stream", echo), Route("/{path:path}", who, methods=["GET", "POST"])]
    gate = Middleware(Gate, access=ACCESS, hosts=frozenset({"127.0.0.1", "::1"}))
    return TestClient(Starlette(routes=routes, middleware=[gate]), base_url="http://127.0.0.1:8501")


@pytest.fixture
def signed_in(client: TestClient) -> TestClient:
    client.cookies.set(COOKIE, ACCESS.session_token("reader A"))
    return client


@pytest.mark.parametrize("path", PATHS)
def test_every_path_asks_for_a_session(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_session_opens_every_path_for_its_user(signed_in: TestClient, path: str) -> None:
    assert signed_in.get(path).json() == {"user": "reader A"}


def test_a_browser_without_session_reads_how_to_sign_in(client: TestClient) -> None:
    answer = client.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert "Open the sign-in link" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "", "127.0.0.1.evil.example", "[::1"])
def test_another_host_name_is_refused_even_with_a_session(signed_in: TestClient, host: str) -> None:
    assert signed_in.get("/", headers={"host": host}).status_code == 400


def test_ipv6_loopback_is_a_host_like_any_other(signed_in: TestClient) -> None:
    assert signed_in.get("/", headers={"host": "[::1]:8501"}).status_code == 200


@pytest.mark.parametrize("origin", ["", "http://evil.example", "null", "http://127.0.0.1:9999"])
def test_a_change_from_another_page_is_refused(signed_in: TestClient, origin: str) -> None:
    assert signed_in.post("/views", headers={"origin": origin}).status_code == 403


def test_a_change_from_our_own_page_passes(signed_in: TestClient) -> None:
    assert signed_in.post("/views", headers={"origin": "http://127.0.0.1:8501"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", ""])
def test_a_websocket_from_another_page_is_closed(signed_in: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        signed_in.websocket_connect("ws://127.0.0.1:8501/_stcore/stream", headers={"origin": origin}),
    ):
        pass
    assert closed.value.code == 1008


def test_a_websocket_without_session_is_closed(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers=OURS):
        pass


def test_a_websocket_of_our_page_with_a_session_opens(signed_in: TestClient) -> None:
    with signed_in.websocket_connect("/_stcore/stream", headers=OURS) as socket:
        assert socket.receive_text() == "reader A"


@pytest.mark.parametrize("path", ["/", "/health"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


OURS = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}

"""The one ASGI middleware in front of everything: Host, Origin, session, security headers."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response

from services.errors import AccessDenied

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from services.access import Access

COOKIE = "secondlook_session"
OPEN_PATHS = frozenset({"/health", "/signin"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
}
SIGN_IN_PAGE = """<!doctype html><meta charset="utf-8"><title>Second Look: sign in</title>
<style>body{background:#0E1116;color:#E6EDF3;font:14px/1.6 sans-serif;margin:20vh auto;max-width:32rem;padding:0 16px}
code{color:#4C9AFF}</style><h1 style="font-size:20px">You are not signed in</h1>
<p>Open the sign-in link that <code>secondlook serve</code> printed in the terminal. It is good for twelve hours;
starting the server again prints a new one.</p><p>Second Look is for research and review. Not for diagnosis.</p>"""


class Gate:
    """Lets a request or websocket pass only from an allowed host, from our own pages, and with a session."""

    def __init__(self, app: ASGIApp, *, access: Access, hosts: frozenset[str]) -> None:
        self.app = app
        self.access = access
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self.hosts:
            return _plain(400, "This server does not answer to that host name.")
        if _must_be_ours(scope) and urlsplit(headers.get("origin", "")).netloc != host:
            return _plain(403, "This request must come from a page of this server.")
        if scope["path"] in OPEN_PATHS:
            return None
        try:
            scope.setdefault("state", {})["user"] = self.access.user_of(session_cookie(headers.get("cookie", "")))
        except AccessDenied as denied:
            return _not_signed_in(headers, denied)
        return None


def session_cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _must_be_ours(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS


def _not_signed_in(headers: Headers, denied: AccessDenied) -> Response:
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(SIGN_IN_PAGE, status_code=401)
    return _plain(401, str(denied))


def _plain(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return wrapped

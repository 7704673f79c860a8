"""The HTTP routes beside Streamlit: sign-in, image bytes, worklist pages, the components' files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import (
    agreement_api,
    analysis_api,
    assets,
    correction_api,
    doubt_api,
    failures_api,
    intake_api,
    measurement_api,
    outline_api,
    risk_api,
    worklist_api,
)
from dashboard.answers import told
from dashboard.gate import COOKIE
from services import workflow
from services.access import SESSION_SECONDS
from services.errors import AccessDenied, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.access import Access
    from services.desk import Desk

DIGEST = re.compile(r"[0-9a-f]{64}")
IMAGE_SECONDS = 3600


def routes(desk: Desk, access: Access, call: Callable[[], None] = lambda: None) -> list[Route]:
    """`call`: tells the foreman that something was queued."""
    server = Server(desk, access)
    return [
        Route("/health", server.health),
        Route("/signin", server.sign_in),
        Route("/signout", server.sign_out, methods=["POST"]),
        Route("/worklist", server.home),
        Route("/assets/{version}/{component}/{name}", server.asset),
        Route("/token", told(server.token)),
        Route("/blob/{digest}", told(server.blob)),
        Route("/thumb/{digest}", told(server.thumbnail)),
        *worklist_api.routes(desk, access),
        *intake_api.routes(desk, call),
        *analysis_api.routes(desk, call),
        *outline_api.routes(desk, call),
        *correction_api.routes(desk),
        *measurement_api.routes(desk),
        *doubt_api.routes(desk),
        *agreement_api.routes(desk),
        *risk_api.routes(desk),
        *failures_api.routes(desk),
    ]


class Server:
    """The endpoints; each runs in a worker thread because the store answers synchronously."""

    def __init__(self, desk: Desk, access: Access) -> None:
        self.desk = desk
        self.access = access

    def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def sign_in(self, request: Request) -> Response:
        try:
            user = self.access.open_link(request.query_params.get("token", ""))
        except AccessDenied as denied:
            return JSONResponse({"error": str(denied)}, status_code=401)
        workflow.signed_in(self.desk, user)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            COOKIE,
            self.access.session_token(user),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def sign_out(self, _: Request) -> Response:
        response = Response(status_code=204)
        response.delete_cookie(COOKIE)
        return response

    def home(self, request: Request) -> Response:
        """The worklist is the home page, which Streamlit serves at '/' alone; filters in the address stay."""
        return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", status_code=307)

    def asset(self, request: Request) -> Response:
        path = assets.find(request.path_params["component"], request.path_params["name"])
        if path is None:
            return JSONResponse({"error": "There is no such file."}, status_code=404)
        current = request.path_params["version"] == assets.version()
        cache = "private, max-age=31536000, immutable" if current else "no-store"
        return FileResponse(path, headers={"Cache-Control": cache})

    def token(self, request: Request) -> Response:
        key = request.query_params.get("case", "")
        workflow.require_case(self.desk, key)
        token = self.access.image_token(request.state.user, key)
        return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})

    def blob(self, request: Request) -> Response:
        """The stored .nii.gz as it lies on disk: the browser inflates it while it arrives."""
        image = self._image(request)
        headers = _image_headers(image.digest) | {"Content-Encoding": "gzip"}
        if _is_cached(request, image.digest):
            return Response(status_code=304, headers=_image_headers(image.digest))
        if image.path is not None:
            return FileResponse(image.path, media_type="application/octet-stream", headers=headers)
        return Response(image.read(), media_type="application/octet-stream", headers=headers)

    def thumbnail(self, request: Request) -> Response:
        image = self._image(request)
        headers = _image_headers(image.digest)
        if _is_cached(request, image.digest):
            return Response(status_code=304, headers=headers)
        return Response(workflow.png(self.desk, image.digest), media_type="image/png", headers=headers)

    def _image(self, request: Request) -> workflow.StoredImage:
        key = self.access.case_of(request.query_params.get("t", ""), request.state.user)
        digest = request.path_params["digest"]
        if not DIGEST.fullmatch(digest):
            raise NotFound("An image is named by 64 hexadecimal digits.", "another name.", "Reload the page.")
        return workflow.stored_image(self.desk, key, digest)


def _image_headers(digest: str) -> dict[str, str]:
    """`no-transform` keeps proxies from touching the bytes; the name is a hash, so they never change."""
    return {"ETag": f'"{digest}"', "Cache-Control": f"private, max-age={IMAGE_SECONDS}, no-transform"}


def _is_cached(request: Request, digest: str) -> bool:
    return f'"{digest}"' in request.headers.get("if-none-match", "")

"""The viewer alone: its own files, real stored images and a bare page, without Streamlit around it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from dashboard import assets
from db.blobs import BlobStore
from tests.running import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray
    from starlette.requests import Request

PAGE = """<!doctype html><meta charset="utf-8"><title>viewer</title>
<style>html,body{margin:0;background:#0E1116}</style><input id="field"><div id="root"></div>
<script type="module">
window.triggers = [];
const data = await (await fetch("/data")).json();
const {default: mount} = await import("/assets/x/viewer/main.js");
const root = document.getElementById("root");
const setTriggerValue = (name, value) => window.triggers.push([name, value]);
const args = {data, parentElement: root, setStateValue() {}, setTriggerValue};
window.mountedAt = performance.now();
window.unmount = mount(args);
window.host = root.querySelector(".secondlook-viewer");
window.viewer = window.host.viewer;
</script>"""
ANYWHERE = np.eye(4)
"""A layer's place comes from its origin and shape; its own affine is not used on screen."""


def axial(spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NDArray[np.float64]:
    """The affine of a usual axial scan: i towards left, j towards posterior, k towards superior."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *spacing, 1.0
    return affine


@dataclass
class Harness:
    """`with Harness(folder) as harness:` serves one viewer page at `harness.url`."""

    folder: Path
    stale: set[str] = field(default_factory=set)
    """Tokens that are refused, as after their hour."""
    data: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    """What a route below / answers to a JSON body; {} for a GET. A ValueError is a refusal."""
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The JSON that was posted, by route."""

    def __enter__(self) -> Self:
        self.blobs = BlobStore(str(self.folder))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        routes = [
            Route("/", lambda _: HTMLResponse(PAGE)),
            Route("/data", lambda _: JSONResponse(self.data)),
            Route("/token", lambda _: JSONResponse({"token": "fresh"})),
            Route("/assets/x/{component}/{name}", self._asset),
            Route("/blob/{digest}", self._blob),
            Route("/{path:path}", self._json, methods=["GET", "POST"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=self.port, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)

    def show(self, array: NDArray[np.int16], affine: NDArray[np.float64], **changes: Any) -> None:
        """Let the page show this image; `changes` replaces keys of the viewer's data."""
        spacing = [float(value) for value in np.linalg.norm(affine[:3, :3], axis=0)]
        self.data = {
            "version": 1,
            "case": {"key": "PTEST-1", "synthetic": True},
            "token": "first",
            "token_url": "/token?case=PTEST-1",
            "shape": list(array.shape),
            "spacing": spacing,
            "affine": affine.tolist(),
            "image": {"digest": self.put(array, affine), "dtype": "int16", "crop": None, "window": None},
            "layers": [],
            "places": [],
            "profiles": [],
            "badges": ["SYNTHETIC", "Not for diagnosis"],
        } | changes

    def put(self, array: NDArray[Any], affine: NDArray[np.float64]) -> str:
        return self.blobs.put(array, affine).digest

    def layer(self, array: NDArray[np.uint8], number: int = 1, **changes: Any) -> dict[str, Any]:
        """A layer over the whole image: a label map of lumen and thrombus unless `changes` says otherwise."""
        return {
            "id": str(number),
            "kind": "labels",
            "name": "segmentation",
            "author": f"author {number}",
            "author_kind": "model",
            "version": "1",
            "source": "synthetic",
            "digest": self.put(array, ANYWHERE),
            "dtype": str(array.dtype),
            "origin": [0, 0, 0],
            "shape": list(array.shape),
            "slope": 1.0,
            "intercept": 0.0,
            "unit": "label",
            "min": 0.0,
            "max": 2.0,
            "classes": {"1": "lumen", "2": "thrombus"},
            "method": "imported",
            "method_version": "1",
            "provenance": "author 1: imported",
            "visible": True,
            "opacity": 1.0,
            "style": "fill",
        } | changes

    def probability(self, array: NDArray[np.uint8], number: int = 2, **changes: Any) -> dict[str, Any]:
        """A probability map stored in steps of 1/255."""
        said = {
            "kind": "probability",
            "classes": {},
            "slope": 1 / 255,
            "unit": "probability",
            "max": 1.0,
            "style": "map",
        }
        return self.layer(array, number, **(said | changes))

    def _asset(self, request: Request) -> Response:
        path = assets.find(request.path_params["component"], request.path_params["name"])
        return FileResponse(path) if path else Response(status_code=404)

    async def _json(self, request: Request) -> Response:
        path = request.path_params["path"]
        said = await request.json() if request.method == "POST" else {}
        if request.method == "POST":
            self.sent.append((path, said))
        if path not in self.answers:
            return JSONResponse({"error": "no such route"}, status_code=404)
        try:
            return JSONResponse(self.answers[path](said))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    def _blob(self, request: Request) -> Response:
        digest, token = request.path_params["digest"], request.query_params["t"]
        self.asked.append(digest)
        if token in self.stale:
            return JSONResponse({"error": "too old"}, status_code=403)
        if digest not in self.blobs:
            return JSONResponse({"error": "missing"}, status_code=404)
        headers = {"Content-Encoding": "gzip", "Cache-Control": "no-store"}
        path = self.blobs.local_path(digest)
        return FileResponse(path, media_type="application/octet-stream", headers=headers) if path else Response()

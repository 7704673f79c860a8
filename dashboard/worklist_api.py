"""The worklist's own HTTP routes: pages of rows by keyset, and saved views. JSON in, JSON out."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.records import CaseRow, SavedView, WorklistQuery
from db.vocabulary import CaseStatus, FlagReason, Verdict
from services import risks, workflow
from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from services.access import Access
    from services.desk import Desk

VIEWS: dict[str, dict[str, object]] = {
    "all": {},
    "flagged": {"flagged": True},
    "disputed": {"flag_reason": FlagReason.DISAGREEMENT},
    "done": {"status": CaseStatus.COMPLETED},
}
"""Built-in views; 'mine' depends on who asks."""
LONGEST_NAME = 60
LARGEST_BODY = 4096


def routes(desk: Desk, access: Access) -> list[Route]:
    async def save(request: Request) -> Response:
        return await _save_view(desk, request)

    return [
        Route("/cases", lambda request: _cases(desk, access, request)),
        Route("/views", lambda request: _views(desk, request)),
        Route("/views", save, methods=["POST"]),
        Route("/views/{name}", lambda request: _forget_view(desk, request), methods=["DELETE"]),
    ]


def query_from(parameters: Mapping[str, str], user: str) -> WorklistQuery:
    """The query that a page asks for. Raises ValueError with a sentence about the wrong parameter."""
    wanted: dict[str, object] = dict(_view(parameters.get("view", "all"), user))
    for name, read in _READERS.items():
        if text := parameters.get(name, ""):
            try:
                wanted[name] = read(text)
            except ValueError as error:
                message = f"'{name}' must be one of the values the page offers."
                raise ValueError(message) from error
    return WorklistQuery(**wanted)  # type: ignore[arg-type]


def row_json(row: CaseRow, thumbnail_url: str) -> dict[str, object]:
    return dataclasses.asdict(row) | {"created_at": row.created_at.isoformat(), "thumbnail": thumbnail_url}


def _view(name: str, user: str) -> Mapping[str, object]:
    return {"reviewer": user} if name == "mine" else VIEWS.get(name, {})


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


_READERS: dict[str, Callable[[str], object]] = {
    "search": str,
    "status": CaseStatus,
    "flagged": _truth,
    "flag_reason": FlagReason,
    "verdict": Verdict,
    "synthetic": _truth,
    "agreement_below": float,
    "sort": str,
    "descending": _truth,
    "after": str,
}


def _cases(desk: Desk, access: Access, request: Request) -> Response:
    user = request.state.user
    try:
        query = query_from(request.query_params, user)
        page = workflow.worklist(desk, query)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    rows = [row_json(row, _thumbnail_url(access, user, row)) for row in page.rows]
    values = risks.values_of(desk, query.sort, [row.key for row in page.rows])
    if values is not None:
        rows = [line | {"score": values.get(row.key)} for line, row in zip(rows, page.rows, strict=True)]
    answer = {"rows": rows, "total": page.total, "next": page.next}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _thumbnail_url(access: Access, user: str, row: CaseRow) -> str:
    return f"/thumb/{row.thumbnail}?t={access.image_token(user, row.key)}" if row.thumbnail else ""


def _views(desk: Desk, request: Request) -> Response:
    counts, saved = workflow.views(desk, request.state.user)
    orders = [{"sort": one.sort, "name": one.name, "descending": one.descending} for one in risks.orders(desk)]
    kept = [{"name": view.name, "query": dict(view.query)} for view in saved]
    answer = {"counts": counts, "saved": kept, "orders": orders}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _save_view(desk: Desk, request: Request) -> Response:
    try:
        view = _read_view(await request.body())
    except (ValueError, KeyError, TypeError, InputRefused):
        return JSONResponse({"error": "A view needs a name of 1 to 60 characters and a query."}, status_code=400)
    await run_in_threadpool(workflow.save_view, desk, request.state.user, view)
    return Response(status_code=204)


def _read_view(body: bytes) -> SavedView:
    if len(body) > LARGEST_BODY:
        raise ValueError(len(body))
    content = json.loads(body)
    name = str(content["name"]).strip()
    if not 0 < len(name) <= LONGEST_NAME or not isinstance(content["query"], dict):
        raise ValueError(name)
    return SavedView(name, content["query"])


def _forget_view(desk: Desk, request: Request) -> Response:
    workflow.delete_view(desk, request.state.user, request.path_params["name"])
    return Response(status_code=204)

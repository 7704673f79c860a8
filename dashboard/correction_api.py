"""The HTTP routes of the click editor: make a slice ready, click, carry to other slices, save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, json_body, not_as_sent, refusal
from services import workflow
from services.errors import SecondLookError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.desk import Desk

MOST_BYTES = 4_000_000
"""Of one request: run lengths of a slice are a few thousand bytes, and a session may change all slices of a scan."""


def routes(desk: Desk) -> list[Route]:
    return [Route("/corrections/{action}", CorrectionRoutes(desk).act, methods=["POST"])]


class CorrectionRoutes:
    """What a reader's clicks do to an outline. Only `save` changes anything that is stored."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def act(self, request: Request) -> Response:
        """prepare, click, carry or save; the body names the case."""
        try:
            said = await json_body(request, MOST_BYTES)
            if not isinstance(said, dict) or not isinstance(said.get("case"), str):
                raise not_as_sent()
            answer = await run_in_threadpool(self._act, request.path_params["action"], said, request.state.user)
            return JSONResponse(answer, headers=NEVER_KEPT)
        except SecondLookError as error:
            return refusal(error)

    def _act(self, action: str, said: dict[str, Any], user: str) -> object:
        corrections, key = self.desk.corrections, said["case"]
        workflow.require_case(self.desk, key)
        actions: dict[str, Callable[[], object]] = {
            "prepare": lambda: corrections.prepare(key, said),
            "click": lambda: corrections.click(key, said),
            "carry": lambda: corrections.carry(key, said),
            "save": lambda: corrections.save(key, user, said),
        }
        if action not in actions:
            raise not_as_sent()
        return actions[action]()

"""The HTTP route of a reader's own diameters: one is added, none is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, json_body, not_as_sent, refusal
from services import own_diameters, workflow
from services.errors import SecondLookError

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.desk import Desk

SHORT = 4096


def routes(desk: Desk) -> list[Route]:
    return [Route("/measurements", MeasurementRoutes(desk).add, methods=["POST"])]


class MeasurementRoutes:
    """What readers measure by hand."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def add(self, request: Request) -> Response:
        """Keep the diameter in the body; the address names the case."""
        try:
            said = await json_body(request, SHORT)
            if not isinstance(said, dict):
                raise not_as_sent()
            key = request.query_params.get("case", "")
            return await run_in_threadpool(self._add, key, said, request.state.user)
        except SecondLookError as error:
            return refusal(error)

    def _add(self, key: str, said: dict[str, Any], user: str) -> Response:
        workflow.require_case(self.desk, key)
        number = own_diameters.by_hand(self.desk, key, user, said)
        return JSONResponse({"measurement": number}, status_code=201, headers=NEVER_KEPT)

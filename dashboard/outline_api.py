"""The HTTP routes about outlines from one box or one click: begin, watch with the mask so far, cancel, try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, json_body, not_as_sent, refusal, told
from services import workflow
from services.errors import SecondLookError
from services.outlines import partial_of, stopped_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.desk import Desk
    from services.jobs import Job

SHORT = 2048
NOTHING: dict[str, object] = {
    "state": "none", "percent": 0, "doing": "", "stopped": [], "partial": None, "error": None,
}  # fmt: skip


def routes(desk: Desk, call: Callable[[], None]) -> list[Route]:
    outlines = OutlineRoutes(desk, call)
    return [
        Route("/outlines/case", told(outlines.of_case)),
        Route("/outlines/case", outlines.act_on_case, methods=["POST"]),
    ]


class OutlineRoutes:
    """The last outline of a case, as it is stored."""

    def __init__(self, desk: Desk, call: Callable[[], None]) -> None:
        self.desk, self.call = desk, call

    def of_case(self, request: Request) -> Response:
        key = request.query_params.get("case", "")
        workflow.require_case(self.desk, key)
        return self._answer(key)

    async def act_on_case(self, request: Request) -> Response:
        """begin, cancel or retry."""
        try:
            said = await json_body(request, SHORT)
            if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in ("case", "action")):
                raise not_as_sent()
            return await run_in_threadpool(self._act, said, request.state.user)
        except SecondLookError as error:
            return refusal(error)

    def _act(self, said: dict[str, Any], user: str) -> Response:
        outlines, key = self.desk.outlines, said["case"]
        workflow.require_case(self.desk, key)
        actions: dict[str, Callable[[], object]] = {
            "begin": lambda: outlines.queue(user, key, said.get("start")),
            "cancel": lambda: outlines.cancel(key, user),
            "retry": lambda: outlines.try_again(user, key),
        }
        if said["action"] not in actions:
            raise not_as_sent()
        actions[said["action"]]()
        self.call()
        return self._answer(key)

    def _answer(self, key: str) -> Response:
        """How the last outline stands; can_begin and why_not say whether a new one may be wanted here."""
        job, why_not = self.desk.outlines.of_case(key), self.desk.outlines.why_not()
        said = (NOTHING if job is None else self._job(job)) | {"can_begin": not why_not, "why_not": why_not}
        return JSONResponse(said, headers=NEVER_KEPT)

    def _job(self, job: Job) -> dict[str, object]:
        error = self.desk.jobs.error(job)
        return {
            "state": self.desk.jobs.state(job),
            "percent": round(100 * job.done / job.total) if job.total else 0,
            "doing": job.doing,
            "stopped": list(stopped_of(job)),
            "partial": _partial(job),
            "error": dict(zip(("must", "found", "todo"), error, strict=True)) if error else None,
        }


def _partial(job: Job) -> dict[str, object] | None:
    """The mask so far: a uint8 image that /blob gives to who may see the case, and where in the case it lies."""
    found = partial_of(job)
    if found is None:
        return None
    digest, region = found
    return {"digest": digest, "origin": list(region.origin), "shape": list(region.shape)}

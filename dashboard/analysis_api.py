"""The HTTP routes about analyses: how all of them stand, how that of one case stands, cancel, try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, json_body, not_as_sent, refusal, told
from services import workflow
from services.errors import SecondLookError
from services.segmentation import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.analyses import Progress
    from services.desk import Desk
    from services.jobs import Job

SHORT = 1024
MOST_NAMED = 5
"""So many failed cases are named; the others are counted."""
NOTHING: dict[str, object] = {"state": "none", "percent": 0, "doing": "", "model": "", "error": None}


def routes(desk: Desk, call: Callable[[], None]) -> list[Route]:
    analyses = Analyses(desk, call)
    return [
        Route("/analyses", told(analyses.all)),
        Route("/analyses/case", told(analyses.of_case)),
        Route("/analyses/case", analyses.act_on_case, methods=["POST"]),
        Route("/analyses/{action}", told(analyses.act), methods=["POST"]),
    ]


class Analyses:
    """Waiting, running and past analyses as they are stored."""

    def __init__(self, desk: Desk, call: Callable[[], None]) -> None:
        self.desk, self.call = desk, call

    def all(self, _: Request) -> Response:
        return _json(_progress(self.desk.analyses.progress()))

    def act(self, request: Request) -> Response:
        """Cancel or retry: all of them, or those that failed."""
        analyses, user = self.desk.analyses, request.state.user
        actions: dict[str, Callable[[], object]] = {
            "cancel": lambda: analyses.cancel_all(user),
            "retry": lambda: analyses.try_again(user),
        }
        self._do(actions, request.path_params["action"])
        return self.all(request)

    def of_case(self, request: Request) -> Response:
        key = request.query_params.get("case", "")
        workflow.require_case(self.desk, key)
        return _json(self._case(key))

    async def act_on_case(self, request: Request) -> Response:
        """analyse, cancel or retry: one case."""
        try:
            said = await json_body(request, SHORT)
            if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in ("case", "action")):
                raise not_as_sent()
            return await run_in_threadpool(self._act_on, said, request.state.user)
        except SecondLookError as error:
            return refusal(error)

    def _act_on(self, said: dict[str, Any], user: str) -> Response:
        analyses, key = self.desk.analyses, said["case"]
        workflow.require_case(self.desk, key)
        job = analyses.of_case(key)
        actions: dict[str, Callable[[], object]] = {
            "analyse": lambda: analyses.queue(installed.aorta(analyses.uncertainty), user, [key]),
            "cancel": lambda: analyses.cancel([job.id] if job else [], user),
            "retry": lambda: analyses.try_again(user, key),
        }
        self._do(actions, said["action"])
        return _json(self._case(key))

    def _do(self, actions: dict[str, Callable[[], object]], action: str) -> None:
        if action not in actions:
            raise not_as_sent()
        actions[action]()
        self.call()

    def _case(self, key: str) -> dict[str, object]:
        job = self.desk.analyses.of_case(key)
        can_begin = self.desk.analyses.usual() is not None
        return (NOTHING if job is None else self._job(job)) | {"can_begin": can_begin}

    def _job(self, job: Job) -> dict[str, object]:
        state, error = self.desk.jobs.state(job), self.desk.jobs.error(job)
        return {
            "state": state,
            "percent": round(100 * job.done / job.total) if job.total else 0,
            "doing": job.doing,
            "model": str(job.details.get("model", "")),
            "error": dict(zip(("must", "found", "todo"), error, strict=True)) if error else None,
        }


def _progress(progress: Progress | None) -> dict[str, object]:
    if progress is None:
        return {"total": 0, "is_over": True}
    batch = progress.batch
    return {
        "total": batch.total,
        "done": batch.done,
        "left": batch.queued + batch.running,
        "failed": len(batch.failed),
        "first_failed": [{"key": job.case_key, "found": (job.error or ("", "", ""))[1]} for job in batch.failed][
            :MOST_NAMED
        ],
        "seconds_left": progress.seconds_left,
        "is_over": progress.is_over,
    }


def _json(content: object) -> Response:
    return JSONResponse(content, headers=NEVER_KEPT)

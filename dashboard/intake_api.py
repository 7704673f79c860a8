"""The HTTP routes of the page Intake: uploads as they stream in, running and past intakes, and their reports.

A file's name comes percent-encoded in a header and never in an address, so that no log can hold it. Session and Origin
are checked by the gate, as for every path.
"""

from __future__ import annotations

import dataclasses
import errno
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, json_body, refusal, told
from db.vocabulary import LabelSource, Taken
from services.errors import InputRefused, SecondLookError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import IO

    from starlette.requests import Request

    from db.records import IntakeItem
    from services.desk import Desk
    from services.jobs import Job

BLOCK = 1024**2
NAME_HEADER = "x-relative-path"
SHORT, LONG = 4096, 32 * 1024**2
LINES = 100


def routes(desk: Desk, call: Callable[[], None]) -> list[Route]:
    uploads, intakes = Uploads(desk, call), Intakes(desk, call)
    return [
        Route("/uploads", uploads.begin, methods=["POST"]),
        Route("/uploads/{token}", told(uploads.size)),
        Route("/uploads/{token}", told(uploads.cancel), methods=["DELETE"]),
        Route("/uploads/{token}/file", uploads.receive, methods=["PUT"]),
        Route("/uploads/{token}/missing", uploads.missing, methods=["POST"]),
        Route("/uploads/{token}/start", uploads.start, methods=["POST"]),
        Route("/intakes", told(intakes.recent)),
        Route("/intakes/{number:int}", told(intakes.one)),
        Route("/intakes/{number:int}/lines", told(intakes.lines)),
        Route("/intakes/{number:int}/report", told(intakes.report)),
        Route("/intakes/{number:int}/{action}", told(intakes.act), methods=["POST"]),
    ]


class Uploads:
    """Files on their way in. A body goes to the disk as it comes; no file is ever held in memory."""

    def __init__(self, desk: Desk, call: Callable[[], None]) -> None:
        self.desk, self.call = desk, call
        self.incoming = desk.jobs.incoming

    async def begin(self, request: Request) -> Response:
        async def answer() -> Response:
            said = await _said(request, files=int, bytes=int)
            return _json({"upload": self.incoming.begin(said["files"], said["bytes"])})

        return await _told(answer())

    def size(self, request: Request) -> Response:
        there = self.incoming.size(request.path_params["token"])
        return _json({"files": there.files, "bytes": there.size})

    def cancel(self, request: Request) -> Response:
        self.incoming.remove(request.path_params["token"])
        return Response(status_code=204)

    async def receive(self, request: Request) -> Response:
        async def answer() -> Response:
            name, size = unquote(request.headers.get(NAME_HEADER, ""), errors="replace"), _length(request)
            with self.incoming.receiving(request.path_params["token"], name, size) as file:
                await _write(request, file)
            return Response(status_code=204)

        return await _told(answer())

    async def missing(self, request: Request) -> Response:
        async def answer() -> Response:
            wanted = await json_body(request, LONG)
            if not isinstance(wanted, list) or not all(map(_is_name_and_size, wanted)):
                raise _not_as_sent()
            token = request.path_params["token"]
            return _json({"missing": await run_in_threadpool(self.incoming.missing, token, wanted)})

        return await _told(answer())

    async def start(self, request: Request) -> Response:
        """Everything has arrived: queue its intake with what the person said about it."""

        async def answer() -> Response:
            said = await _said(request, label_source=str, allow_burned_in=bool)
            if said["label_source"] not in {"", *set(LabelSource) - {LabelSource.SYNTHETIC}}:
                raise _not_as_sent()
            token, user = request.path_params["token"], request.state.user
            number = await run_in_threadpool(self.desk.jobs.queue_upload, token, user, said)
            self.call()
            return _json({"intake": number})

        return await _told(answer())


class Intakes:
    """Running and past intakes as they are stored."""

    def __init__(self, desk: Desk, call: Callable[[], None]) -> None:
        self.jobs, self.call = desk.jobs, call

    def recent(self, request: Request) -> Response:
        page = self.jobs.recent(before=_number(request, "before"))
        return _json({"intakes": [self._intake(job) for job in page.jobs], "next": page.next})

    def one(self, request: Request) -> Response:
        return _json(self._intake(self.jobs.find(request.path_params["number"])))

    def lines(self, request: Request) -> Response:
        job = self.jobs.find(request.path_params["number"])
        taken = request.query_params.get("taken", "")
        if taken and taken not in set(Taken):
            raise _not_as_sent()
        wanted = Taken(taken) if taken else None
        page = self.jobs.lines(job.id, after=_number(request, "after"), taken=wanted, limit=LINES)
        shown = [{"id": line.id, "synthetic": line.synthetic} | dataclasses.asdict(line.item) for line in page.lines]
        return _json({"lines": shown, "next": page.next})

    def report(self, request: Request) -> Response:
        """The whole report as a file, sent while it is read."""
        job = self.jobs.find(request.path_params["number"])
        headers = NEVER_KEPT | {"Content-Disposition": f'attachment; filename="intake-{job.id}.json"'}
        parts = _report(self._intake(job), self.jobs.report(job.id))
        return StreamingResponse(parts, media_type="application/json", headers=headers)

    def act(self, request: Request) -> Response:
        """cancel, retry or dismiss."""
        number, user = request.path_params["number"], request.state.user
        actions: dict[str, Callable[[], None]] = {
            "cancel": lambda: self.jobs.cancel(number, user),
            "retry": lambda: self.jobs.retry(number),
            "dismiss": lambda: self.jobs.dismiss(number),
        }
        if request.path_params["action"] not in actions:
            raise _not_as_sent()
        actions[request.path_params["action"]]()
        self.call()
        return _json(self._intake(self.jobs.find(number)))

    def _intake(self, job: Job) -> dict[str, object]:
        """An intake for the page. Where its files lie is left out."""
        state, can_retry, error = self.jobs.state(job), self.jobs.can_retry(job), self.jobs.error(job)
        return {
            "id": job.id,
            "state": state,
            "actor": job.actor,
            "origin": str(job.details.get("origin", "")),
            "files": job.details.get("files"),
            "created_at": job.created_at.isoformat(),
            "finished_at": job.finished_at.isoformat() if job.finished_at else None,
            "doing": job.doing,
            "percent": round(100 * job.done / job.total) if job.total else 0,
            "counts": dataclasses.asdict(job.counts),
            "error": dict(zip(("must", "found", "todo"), error, strict=True)) if error else None,
            "can_cancel": state in {"queued", "running"},
            "can_retry": can_retry,
            "can_dismiss": can_retry or state == "interrupted",
        }


def _report(intake: dict[str, object], items: Iterator[IntakeItem]) -> Iterator[str]:
    yield f'{{"intake": {json.dumps(intake)}, "items": ['
    for number, item in enumerate(items):
        yield f"{',' if number else ''}\n{json.dumps(dataclasses.asdict(item))}"
    yield "\n]}\n"


async def _told(answer: Awaitable[Response]) -> Response:
    """As `told`, for an endpoint that reads a body. A page that has gone away hears nothing more."""
    try:
        return await answer
    except SecondLookError as error:
        return refusal(error)
    except ClientDisconnect:
        return Response(status_code=400)
    except OSError as error:
        return _disk_refusal(error)


def _disk_refusal(error: OSError) -> Response:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        full = InputRefused("The disk must have room.", "a full one.", "Make room on the disk of SECONDLOOK_HOME.")
        return refusal(full, 507)
    must, todo = "A file must have a place of its own.", "Upload the files again."
    return refusal(InputRefused(must, "one where a folder of that name is, or an upload that is gone.", todo))


async def _write(request: Request, file: IO[bytes]) -> None:
    waiting = bytearray()
    async for block in request.stream():
        waiting += block
        if len(waiting) >= BLOCK:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(file.write, bytes(waiting))


async def _said(request: Request, **kinds: type) -> dict[str, Any]:
    body = await json_body(request, SHORT)
    if not isinstance(body, dict) or any(type(body.get(name)) is not kind for name, kind in kinds.items()):
        raise _not_as_sent()
    if any(isinstance(value, int) and value < 0 for value in body.values()):
        raise _not_as_sent()
    return {name: body[name] for name in kinds}


def _length(request: Request) -> int:
    text = request.headers.get("content-length", "")
    if not text.isdecimal():
        raise _not_as_sent()
    return int(text)


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "") or "0"
    if not text.isdecimal() or len(text) > len("9" * 15):
        raise _not_as_sent()
    return int(text)


def _is_name_and_size(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and type(pair[1]) is int


def _not_as_sent() -> InputRefused:
    return InputRefused("A request must be one that the page Intake sends.", "another one.", "Reload the page.")


def _json(content: object) -> Response:
    return JSONResponse(content, headers=NEVER_KEPT)

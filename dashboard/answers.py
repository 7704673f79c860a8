"""What our HTTP routes have in common: errors as a status with three sentences, and bodies of a limited size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from services.errors import AccessDenied, AssistantLost, InputRefused, NotFound, SecondLookError, StoreUnsound

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Response]

STATUS = {AccessDenied: 403, NotFound: 404, AssistantLost: 503, StoreUnsound: 503}
NEVER_KEPT = {"Cache-Control": "no-store"}


def told(endpoint: Endpoint) -> Endpoint:
    """Our own errors become a status and their sentence; anything else surfaces."""

    def wrapped(request: Request) -> Response:
        try:
            return endpoint(request)
        except SecondLookError as error:
            return refusal(error)

    return wrapped


def refusal(error: SecondLookError, status: int | None = None) -> Response:
    content = {"error": str(error), "must": error.must, "found": error.found, "todo": error.todo}
    return JSONResponse(content, status_code=status or STATUS.get(type(error), 400), headers=NEVER_KEPT)


def not_as_sent() -> InputRefused:
    return InputRefused("A request must be one that our pages send.", "another one.", "Reload the page.")


async def json_body(request: Request, most: int) -> object:
    """The JSON that was sent, of at most so many bytes. Raises InputRefused."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > most:
            raise _no_json("a longer one.")
    try:
        return json.loads(bytes(body) or b"null")
    except ValueError:
        raise _no_json("another one.") from None


def _no_json(found: str) -> InputRefused:
    return InputRefused("A request must carry a short JSON body as our pages send it.", found, "Reload the page.")

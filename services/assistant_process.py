"""The process that answers clicks: `python -P -m services.assistant_process`. See docs/decisions/0019.

It reads a line of JSON and writes one, again and again. It ends when its standard input closes, as it does however the
server ends, or when nobody has asked for ten minutes.
"""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from typing import IO, TYPE_CHECKING, Any

from services import logs, soundness, workflow
from services.assistant import ERRORS
from services.correcting.answering import Answers
from services.errors import SecondLookError
from services.running import parts_of
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Ask = Callable[[Mapping[str, Any]], dict[str, Any]]

IDLE_SECONDS = 600.0
log = logging.getLogger(__name__)


def main() -> None:
    """Answer until the server ends or nobody asks."""
    logs.keep_contents_out()
    settings = Settings()
    logs.set_level(settings.log_level)
    desk = workflow.open_home(settings)
    serve(Answers(desk.store).ask)


def serve(ask: Ask, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer what comes in on stdin, on stdout. What libraries print goes to stderr and spoils no answer."""
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with said:
        while (line := _line(sys.stdin.buffer, idle_seconds)) is not None:
            said.write(json.dumps(answered(ask, line)).encode() + b"\n")
            said.flush()


def answered(ask: Ask, line: bytes) -> dict[str, Any]:
    """The answer to one line, or its error in three parts; none of them quotes what was asked."""
    try:
        with soundness.answers():
            return ask(json.loads(line))
    except SecondLookError as error:
        return _error(error)
    except Exception as error:  # noqa: BLE001 -- an error of one request must not end the next one
        log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400 -- a traceback may quote what was asked
        return _error(error)


def _error(error: Exception) -> dict[str, Any]:
    kind = next((name for name, known in ERRORS.items() if isinstance(error, known)), "")
    must, found, todo = parts_of(error)
    return {"error": {"kind": kind, "must": must, "found": found, "todo": todo}}


def _line(asked: IO[bytes], seconds: float) -> bytes | None:
    """None at the end. One request at a time: nothing of the next one can have been read with the one before."""
    if not select.select([asked], [], [], seconds)[0]:
        return None
    return asked.readline() or None


if __name__ == "__main__":
    main()

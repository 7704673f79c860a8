"""The server's side of the assistant: a process beside it that answers clicks, so that no page waits for a network.

It is started at the first request, ends with the server or after idle minutes, and is started again where it ended.
One request at a time, a line of JSON each way. See docs/decisions/0019.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from services.errors import AssistantLost, InputRefused, NotFound, SecondLookError, StoreUnsound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_SECONDS = 30.0
"""For one answer."""
LONGEST_START = 60.0
"""So much more for the first one of a process, which loads libraries."""
TRIES = 2
"""The process may have ended because nobody asked for long; a request that ends a fresh one too is given up."""
COMMAND = (sys.executable, "-P", "-m", "services.assistant_process")
BLOCK = 1 << 16
ERRORS: Mapping[str, type[SecondLookError]] = {
    "InputRefused": InputRefused,
    "NotFound": NotFound,
    "StoreUnsound": StoreUnsound,
}
"""Errors that the process tells of, by their names."""


@dataclass
class Assistant:
    """The process, started when it is needed."""

    environment: Mapping[str, str]
    """What tells it which installation it is for."""
    command: Sequence[str] = COMMAND
    seconds: float = LONGEST_SECONDS
    start_seconds: float = LONGEST_START
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _over: threading.Event = field(default_factory=threading.Event, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request; waits for those before it. Raises what the process says, and AssistantLost."""
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            for _ in range(TRIES):
                answer = self._answer(line)
                if answer is not None:
                    return _told(answer)
        raise _lost("an error that ended it.")

    def close(self) -> None:
        """The process ends at once, whatever it does, and is not started again."""
        self._over.set()
        if self._process is not None:
            self._process.kill()
        with self._lock:
            self._end()

    @property
    def is_running(self) -> bool:
        """Whether there is a process that answers."""
        return self._process is not None and self._process.poll() is None

    def _answer(self, line: bytes) -> dict[str, Any] | None:
        """None where the process ended instead. Raises AssistantLost where it takes too long."""
        until = time.monotonic() + self.seconds + (0 if self.is_running else self.start_seconds)
        try:
            asked, said = self._started()
            waiting = memoryview(line)
            while waiting:
                waiting = waiting[asked.write(waiting) :]
            answer: dict[str, Any] = json.loads(_line(said, until))
        except TimeoutError:
            self._end()
            raise _lost(f"no answer within {self.seconds:g} seconds.") from None
        except (OSError, EOFError, ValueError):
            self._end()
            return None
        return answer

    def _started(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._over.is_set():
            raise _lost("that the server stops.")
        if not self.is_running:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603 -- our own program
                list(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=os.environ | dict(self.environment),
                start_new_session=True,
            )
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        return process.stdin, process.stdout

    def _end(self) -> None:
        """At once: whatever it does can be done again, and a transaction is whole or not at all."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _line(said: IO[bytes], until: float) -> bytes:
    """Raises TimeoutError and EOFError."""
    content = b""
    while not content.endswith(b"\n"):
        if not select.select([said], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        piece = os.read(said.fileno(), BLOCK)
        if not piece:
            raise EOFError
        content += piece
    return content


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    if error is None:
        return answer
    raise ERRORS.get(str(error["kind"]), AssistantLost)(error["must"], error["found"], error["todo"])


def _lost(found: str) -> AssistantLost:
    must = "The process that answers clicks must answer."
    return AssistantLost(must, found, "Try again; if it comes again, start the server anew.")

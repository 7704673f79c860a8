"""The assistant's process with a network that is known, and with the faults that a process may have."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from services import workflow
from services.assistant_process import serve
from services.correcting.answering import Answers
from services.settings import Settings
from tests.known_clicks import BrightThings

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(idle_seconds: float) -> None:
    answers = Answers(workflow.open_home(Settings()).store, BrightThings)

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        if request.get("fault") == "dies":
            os._exit(3)
        if request.get("fault") == "hangs":
            time.sleep(600)
        if request.get("fault") == "prints":
            os.write(sys.stdout.fileno(), b"a library says hello\n")
        if request.get("fault") == "breaks":
            raise RuntimeError("Meier^Anna")
        return answers.ask(request)

    serve(ask, idle_seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]))

"""Uploads as the page makes them, and the worker as the server starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.desk import Desk

SAID = {"label_source": "", "allow_burned_in": False}


def queue(desk: Desk, folder: Path, **said: object) -> int:
    """Upload a folder and queue its intake; the job's number."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    token = desk.jobs.incoming.begin(len(files), sum(path.stat().st_size for path in files))
    for path in files:
        with desk.jobs.incoming.receiving(token, str(path.relative_to(folder)), path.stat().st_size) as file:
            file.write(path.read_bytes())
    return desk.jobs.queue_upload(token, "reader A", SAID | said)


def start_worker(desk: Desk) -> subprocess.Popen[bytes]:
    """The worker as the server starts it; closing its standard input is the end of the server."""
    environment = os.environ | {"SECONDLOOK_HOME": str(desk.settings.home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "services.worker"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def run_worker(desk: Desk) -> None:
    """Let a worker do everything that is queued."""
    with start_worker(desk) as process:
        assert process.wait(timeout=120) == 0


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.02)

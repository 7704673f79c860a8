"""Several real processes that do the same thing at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

from tests.running import ROOT

WAIT = """
import pathlib, sys, time
ready, go = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
del sys.argv[1:3]
def wait():
    ready.touch()
    while not go.exists():
        time.sleep(0.002)
"""


def at_once(
    code: str, arguments: list[list[str]], folder: Path, *, environment: Mapping[str, str] | None = None
) -> list[str]:
    """What each process printed. `code` imports what it needs and calls `wait()` before it begins."""
    go = folder / "go"
    readies = [folder / f"ready-{number}" for number in range(len(arguments))]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT + code, str(ready), str(go), *said],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
        )
        for ready, said in zip(readies, arguments, strict=True)
    ]
    deadline = time.monotonic() + 120
    while not all(ready.exists() for ready in readies):
        assert time.monotonic() < deadline
        if any(process.poll() not in (None, 0) for process in running):
            for process in running:
                process.kill()
            pytest.fail(f"one ended before the others were ready: {[process.communicate() for process in running]}")
        time.sleep(0.01)
    go.touch()
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * len(running), told
    return [out for out, _ in told]

"""A real server in a process of its own, watched for connections that leave this machine."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[1]
WATCHED = """
import ipaddress, os, runpy, sys

def local(host):
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

def watch(event, args):
    host = args[1][0] if event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple) else (
        args[0] if event == "socket.getaddrinfo" else None)
    if not local(host):
        with open(os.environ["OUTWARD"], "a") as file:
            file.write(f"{event} {host}\\n")

sys.addaudithook(watch)
runpy.run_module("dashboard.app", run_name="__main__", alter_sys=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningServer:
    """`with RunningServer(home) as server:` serves the store in `home` and knows the sign-in link."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = home.parent / f"{home.name}-server.log"
        self.outward = home.parent / f"{home.name}-outward.log"

    def __enter__(self) -> Self:
        environment = os.environ | {
            "SECONDLOOK_HOME": str(self.home),
            "SECONDLOOK_PORT": str(self.port),
            "SECONDLOOK_LOG_LEVEL": "DEBUG",
            "OUTWARD": str(self.outward),
            "PYTHONPATH": str(ROOT),
        }
        with self.output.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WATCHED], env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=self.home
            )
        self._wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    @property
    def log(self) -> str:
        return self.output.read_text()

    @property
    def sign_in_link(self) -> str:
        found = re.search(r"http://\S+/signin\?token=\S+", self.log)
        assert found, self.log
        return found.group()

    @property
    def connections_outward(self) -> str:
        return self.outward.read_text() if self.outward.exists() else ""

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"The server did not answer within 60 s. Its output:\n{self.log}")

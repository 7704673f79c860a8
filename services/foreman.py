"""The server's side of the worker: starts it when there is something to do, one at a time, and takes its leave."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from services.errors import SecondLookError
from services.jobs import ABOUT_CASES
from services.running import NOT_STORED

if TYPE_CHECKING:
    from services.desk import Desk

LOOK_SECONDS = 5.0
"""How often it looks by itself: for jobs that another server queued, and for interrupted ones."""
SWEEP_SECONDS = 3600.0
log = logging.getLogger(__name__)


class Foreman:
    """A thread of the server. It waits for each worker that it starts, so that none is left behind."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._called, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="foreman", daemon=True)
        self._found_running: set[int] | None = None
        self._looks = 0

    def start(self) -> None:
        """Take up what a server before this one left, then wait for work."""
        self._thread.start()

    def call(self) -> None:
        """There is something to do."""
        self._called.set()

    def stop(self) -> None:
        """The server ends: so do the assistant and, at its next step, the worker; its job waits for the next server."""
        self._over.set()
        self._called.set()
        self._desk.assistant.close()
        self._thread.join(timeout=LOOK_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            self._called.clear()
            try:
                self._look()
            except (*NOT_STORED, SecondLookError) as error:
                log.warning("the queue could not be read: %s", type(error).__name__)
            self._called.wait(LOOK_SECONDS)

    def _look(self) -> None:
        jobs = self._desk.jobs
        if self._found_running is None:
            self._found_running = set(jobs.interrupted_or_running())
            self._desk.measurings.queue_forgotten(self._desk.settings.user)
        self._found_running |= set(jobs.interrupted_or_running(ABOUT_CASES))
        self._found_running -= {number for number in self._found_running if jobs.take_up(number)}
        if self._looks % int(SWEEP_SECONDS / LOOK_SECONDS) == 0:
            jobs.sweep()
        self._looks += 1
        before = None
        while not self._over.is_set() and (number := jobs.oldest_queued()) not in {None, before}:
            self._let_work()
            before = number  # a worker that has not even begun it would not begin it now

    def _let_work(self) -> None:
        """Start a worker and wait until it ends; it ends by itself when the other end of its pipe is closed."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "services.worker"],
            stdin=subprocess.PIPE,
            env=os.environ | self._desk.settings.environment(),
            start_new_session=True,
        )
        with process:
            while process.poll() is None and not self._over.is_set():
                self._over.wait(0.2)

"""`secondlook ingest` as a real process, killed by SIGKILL at a chosen moment; and what must hold afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from services import workflow
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.running import ROOT
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.desk import Desk
    from services.settings import Settings

NURSERY = """
import json, os, sys
import services.cli, services.storing, services.examination, highdicom, db.store
for line in sys.stdin:
    said = json.loads(line)
    child = os.fork()
    if child == 0:
        os.environ.update(said["environment"])
        log = os.open(said["log"], os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ["secondlook", "ingest", said["cases"]]
        try:
            services.cli.main()
        except SystemExit as ended:
            os._exit(ended.code or 0)
        os._exit(99)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Loads the programs once; each ingest is a process of its own, so that every kill falls into the ingest itself."""
TWO_HOURS = 7200


def write_cases(folder: Path, small: int = 2) -> Path:
    """Cases in folders, a DICOM series, and a zip with one more: what an ingest does is all in it."""
    for number in range(small):
        write_small_case(folder / f"case{number}", offset=number)
    values = np.random.default_rng(7).integers(-50, 300, (6, 32, 32)).astype(np.int16)
    write_series(folder / "series" / "ct", values, np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], SeriesFacts("4711"))
    (folder / "series" / "case.toml").write_text("synthetic = true\n", encoding="utf-8")
    packed = write_small_case(folder.with_name("packed") / "one more", offset=small)
    shutil.make_archive(str(folder / "more"), "zip", packed.parent)
    return folder


class Nursery:
    """`with Nursery() as nursery:` starts processes that ingest, one at a time."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(timeout=20)

    def ingest(self, cases: Path, settings: Settings, kill_after: float | None = None) -> tuple[bool, float]:
        """Run `secondlook ingest`, and kill it after so many seconds. Returns whether it was, and how long it ran."""
        assert self._process.stdin is not None
        log = settings.home.with_suffix(".log")
        home, database = str(settings.home), settings.database_url
        environment = {"SECONDLOOK_HOME": home, "SECONDLOOK_DATABASE_URL": database}
        said = {"cases": str(cases), "log": str(log), "environment": environment}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        child, began = int(self._line()), time.monotonic()
        timer = threading.Timer(kill_after or 0, os.kill, (child, signal.SIGKILL))
        if kill_after is not None:
            timer.start()
        code = int(self._line())
        timer.cancel()
        assert code in {0, -signal.SIGKILL}, log.read_text()
        return code != 0, time.monotonic() - began

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass(frozen=True)
class Found:
    """What a kill left behind."""

    cases: int
    """Cases that were stored already when the kill came."""
    notes: int
    """What `check` noted: orphans, drafts, folders."""


def require_sound(settings: Settings, cases: Path, expected: list[object]) -> Found:
    """The store opens, no row lacks its image, the same ingest completes, and the collector leaves nothing over."""
    desk = workflow.open_home(settings)
    try:
        problems = workflow.check(desk)
        assert [problem for problem in problems if problem.severity == "error"] == []
        there = len(workflow.cases(desk))
        report = workflow.ingest(desk, cases)
        assert report.skipped == ()
        assert contents(desk) == expected
        age(settings.home)
        workflow.collect(desk)
        assert workflow.check(desk) == []
        named = set(leftovers(desk))
        assert named == set(), f"left over: {sorted(named)}"
        return Found(there, len(problems))
    finally:
        desk.store.close()


def contents_of(settings: Settings) -> list[object]:
    """All that is stored in a home."""
    desk = workflow.open_home(settings)
    try:
        return contents(desk)
    finally:
        desk.store.close()


def contents(desk: Desk) -> list[object]:
    """All that is stored, apart from pseudonyms and moments: each home has keys of its own."""
    pages = [workflow.case_page(desk, row.key) for row in workflow.cases(desk)]
    return sorted(
        [
            (
                page.series.image,
                page.series.shape,
                sorted((layer.spec.author, layer.spec.kind, layer.spec.image.digest) for layer in page.layers),
                page.flags,
                page.scores,
                page.profiles,
                page.region,
                page.crop,
                page.row.thumbnail,
            )
            for page in pages
        ],
        key=str,
    )


def age(home: Path) -> None:
    """Make everything two hours older, so that the collector takes it."""
    then = time.time() - TWO_HOURS
    for path in home.rglob("*"):
        os.utime(path, (then, then))


def leftovers(desk: Desk) -> Iterator[str]:
    """Files of an interrupted ingest that are still there."""
    home = desk.settings.home
    yield from (path.name for path in (home / "blobs").rglob("*.part"))
    yield from (path.name for path in (home / "unpacked").glob("*"))


def moments(count: int, lasting: float, seed: int) -> list[float]:
    """Seconds after which to kill: spread evenly over the run and a little beyond, at random within each share."""
    rng = np.random.default_rng(seed)
    return [float(lasting * 1.05 * (number + rng.random()) / count) for number in range(count)]

"""A process that reads damaged files for the fuzzer: killed after 10 s or at 2 GB, missed when it dies."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services import intake
from services.errors import InputRefused
from services.imaging import archives, nifti
from services.imaging.deidentify import Pseudonymiser

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LONGEST_SECONDS = 10.0
MOST_BYTES = 2 * 1024**3
UNIT = 1 if sys.platform == "darwin" else 1024
"""Of what the system says about the most memory ever taken, in bytes."""
PAGE = resource.getpagesize()
processes = multiprocessing.get_context("fork")


Reader = Callable[[Path, Path], str]
"""From a file and a folder to write in to what is said of the file."""


def said_of(path: Path, folder: Path) -> str:
    """All that is said of a file by the reader for its name."""
    if archives.is_archive(path):
        try:
            with archives.unpacked(path, folder / "work") as inside:
                return f"{sum(1 for _ in inside.rglob('*'))} unpacked"
        except InputRefused as refusal:
            return str(refusal)
    case = intake.CaseFolder(image=path) if nifti.is_nifti(path) else intake.CaseFolder(dicom=(path,))
    found = list(intake.prepare(case, Pseudonymiser(bytes(32)), intake.IntakeOptions()))
    assert found, "nothing was said"
    assert all(str(one.volume.array.dtype) == "int16" for one in found if isinstance(one, intake.PreparedCase))
    return str([one if isinstance(one, intake.Skipped) else (one.mended, one.remarks, one.facts) for one in found])


class Worker:
    """Reads one file after the other in a process of its own."""

    def __init__(self, folder: Path, reader: Reader = said_of, longest_seconds: float = LONGEST_SECONDS) -> None:
        """`folder`: where the damaged files are written."""
        self.folder, self.reader, self.longest_seconds = folder, reader, longest_seconds
        self._start()

    def read(self, name: str, content: bytes) -> str:
        """What the readers say of a file with this name and content. Raises AssertionError where they fail."""
        self.pipe.send((name, content))
        end = time.monotonic() + self.longest_seconds
        while not self.pipe.poll(0.02):
            if time.monotonic() > end:
                self._fail(f"no answer within {self.longest_seconds:.0f} s")
            if _memory(self.process.pid) > MOST_BYTES:
                self._fail("more than 2 GB of memory")
        try:
            problem, said, peak = self.pipe.recv()
        except EOFError:
            self.process.join()
            self._fail(f"the process ended with {self.process.exitcode}")
        assert not problem, problem
        if peak > MOST_BYTES:
            self._fail(f"{peak / 1e9:.1f} GB of memory")
        return str(said)

    def end(self) -> None:
        self.process.kill()
        self.process.join()

    def _start(self) -> None:
        self.pipe, other = processes.Pipe()
        self.process = processes.Process(target=_serve, args=(other, self.folder, self.reader), daemon=True)
        self.process.start()
        other.close()

    def _fail(self, why: str) -> None:
        self.end()
        self._start()
        raise AssertionError(why)


def _serve(pipe: Connection, folder: Path, reader: Reader) -> None:
    """Answer every file with a traceback or '', what was said of it, and the most memory ever taken."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    faulthandler.disable()
    while True:
        name, content = pipe.recv()
        path = folder / name
        path.write_bytes(content)
        problem, said = "", ""
        try:
            said = reader(path, folder)
        except BaseException:  # noqa: BLE001 -- whatever it is, the fuzzer has found it
            problem = traceback.format_exc()
        path.unlink()
        pipe.send((problem, said, UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def _memory(process: int | None) -> int:
    """Bytes of memory that a process has now."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0

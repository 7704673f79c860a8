"""JPEG frames, decoded in a process of their own: a damaged one ends that process and not ours."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from services.imaging.jpeg_process import ANSWER, REQUEST

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset
    from pydicom.uid import UID

PROGRAM = Path(__file__).with_name("jpeg_process.py")
LONGEST_SECONDS = 5.0
"""For one frame; a second frame of the same file is not asked for after it."""
TRIES = 2
"""The process may have ended because nobody asked for long; a frame that ends a fresh one too is damaged."""


class _Decoder:
    """The process, started when it is needed. One frame at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def decode(self, request: bytes) -> bytes | None:
        """The answer to a request, b'' for a damaged frame or one that takes too long; None where the process ended."""
        with self._lock:
            process = self._running()
            try:
                return _answer(process, request)
            except TimeoutError:
                _end(process)
                return b""
            except (OSError, EOFError):
                _end(process)
                return None

    def _running(self) -> subprocess.Popen[bytes]:
        """Ours: a process that our parent started before it forked us is the parent's."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            pipe = subprocess.PIPE
            command = [sys.executable, "-P", str(PROGRAM)]
            self._process = subprocess.Popen(  # noqa: S603 -- our own program
                command, bufsize=0, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
            self._owner = os.getpid()
        return self._process


DECODER = _Decoder()


def decode(frame: bytes, image: Dataset, syntax: UID) -> NDArray[np.integer]:
    """The stored values of a JPEG frame (rows, columns). Raises ValueError where it is damaged."""
    names = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation")
    numbers = [int(image[name].value) for name in names]
    request = REQUEST.pack(*numbers, str(syntax).encode(), len(frame)) + frame
    answers = (DECODER.decode(request) for _ in range(TRIES))
    values = next((answer for answer in answers if answer is not None), b"")
    if not values:
        message = "A JPEG frame must be whole."
        raise ValueError(message)
    rows, columns, allocated, _, sign = numbers
    return np.frombuffer(values, dtype=f"<{'i' if sign else 'u'}{allocated // 8}").reshape(rows, columns)


def _answer(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Raises EOFError or OSError where the process ended, TimeoutError where it takes too long."""
    asked, said = process.stdin, process.stdout
    if asked is None or said is None:
        raise EOFError
    waiting = memoryview(request)
    while waiting:
        waiting = waiting[asked.write(waiting) :]
    (length,) = ANSWER.unpack(_read(said, ANSWER.size))
    return _read(said, length)


def _read(said: IO[bytes], size: int) -> bytes:
    content = b""
    while len(content) < size:
        if not select.select([said], [], [], LONGEST_SECONDS)[0]:
            raise TimeoutError
        piece = said.read(size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return content


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()

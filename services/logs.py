"""What may be said about files: nothing of what stands in them. Called once by every process that we start."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

READERS = ("pydicom", "highdicom", "nibabel", "nibabel.global", "PIL", "fsspec", "pylibjpeg", "openjpeg", "jpeg_ls")
"""Loggers of libraries that read files. They quote values and paths, a patient's name among them."""


def keep_contents_out() -> None:
    """Silence what quotes files: the readers' logs, Python's warnings, and the message of an unforeseen error.

    A level alone would not hold: pydicom sets its own when it is imported.
    """
    warnings.simplefilter("ignore")
    for name in READERS:
        logger = logging.getLogger(name)
        logger.propagate, logger.disabled = False, True
        logger.addHandler(logging.NullHandler())
    sys.excepthook = _say_where
    threading.excepthook = lambda args: _say_where(args.exc_type, args.exc_value, args.exc_traceback)


def set_level(level: str) -> None:
    """Log to stderr from this level on, as SECONDLOOK_LOG_LEVEL says."""
    logging.basicConfig(level=level)


def _say_where(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Say the kind of an error and the lines of code it came through, without its message: that may quote a file."""
    if error is not None and (earlier := error.__cause__ or error.__context__) is not None:
        _say_where(type(earlier), earlier, earlier.__traceback__)
    if issubclass(kind, KeyboardInterrupt):
        return
    lines = "".join(traceback.format_tb(trace))
    sys.stderr.write(f"{lines}{kind.__name__}: not foreseen. Its message may quote a file and is left out.\n")

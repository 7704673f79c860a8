"""Folders that an ingest unpacks into, and which of them nobody works in any more."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "unpacked"


@contextmanager
def own_folder(home: Path) -> Iterator[Path]:
    """A folder of this ingest's own, gone afterwards. Its lock ends with the process, however that ends."""
    place = home / FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=place) as folder, _locked(Path(folder)):
        yield Path(folder)


def deserted(home: Path) -> list[Path]:
    """The folders whose ingest has ended without removing them."""
    place = home / FOLDER
    return [folder for folder in sorted(place.glob("*")) if folder.is_dir() and not _is_worked_in(folder)]


def remove(folder: Path) -> None:
    """Remove what `deserted` found."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _is_worked_in(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def begun(folder: Path) -> datetime:
    """When a folder was made, in UTC; now where it is gone."""
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.now(UTC)

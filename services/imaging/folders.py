"""Which files of a folder may be DICOM. Links to folders are not followed, so that no loop is met."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from services.imaging.part10 import START, is_bare, is_marked
from services.prepared import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMED = {".dcm", ".ima"}
"""Files named so are taken for DICOM whatever they hold, and refused with words where they are none."""
OTHERS = {".toml", ".json", ".txt", ".md", ".gz", ".zip", ".nrrd"}


def dicom_below(path: Path) -> tuple[tuple[Path, ...], tuple[Skipped, ...]]:
    """Every file at any depth that may be DICOM, in the order of its path; the folders that could not be opened."""
    closed: list[OSError] = []
    found = [Path(folder, name) for folder, _, names in os.walk(path, onerror=closed.append) for name in names]
    return dicom_among(found), closed_folders(len(closed))


def dicom_among(files: Iterable[Path]) -> tuple[Path, ...]:
    """Those that may be DICOM, in the order of their paths."""
    return tuple(sorted(file for file in files if file.is_file() and may_be_dicom(file)))


def may_be_dicom(path: Path) -> bool:
    """Named .dcm or .ima, or with the mark of DICOM PS3.10, or beginning as a data set does, or not to be opened."""
    if path.name.startswith(".") or path.suffix.lower() in OTHERS:
        return False
    if path.suffix.lower() in NAMED:
        return True
    try:
        with path.open("rb") as file:
            start = file.read(START)
    except OSError:
        return True
    return is_marked(start) or is_bare(start)


def closed_folders(count: int) -> tuple[Skipped, ...]:
    """One line about folders that could not be opened; none where all could."""
    if not count:
        return ()
    what = "1 folder" if count == 1 else f"{count} folders"
    return (Skipped(what, "Every folder must be readable.", "one that cannot be opened.", "Check its permissions."),)

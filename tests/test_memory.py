"""An ingest holds one series at a time, however many lie in a folder."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from services import workflow
from services.imaging.dicom_series import each_series, sort_files
from services.imaging.progress import silent
from services.phantom.dicom_writer import SeriesFacts, write_series

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

SHAPE = (16, 1024, 1024)
BYTES = 2 * 16 * 1024 * 1024
AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]


def write(folder: Path, *numbers: int) -> Path:
    """Series that differ in every voxel, loose in one folder."""
    for number in numbers:
        array = np.full(SHAPE, number, dtype=np.int16)
        array[:, ::2] = np.arange(1024, dtype=np.int16)
        for path in write_series(folder / "new", array, AFFINE, SeriesFacts(f"patient {number}")):
            path.rename(folder / f"{number}-{path.name}")
    (folder / "new").rmdir()
    return folder


def peak_of_ingest(desk: Desk, folder: Path) -> int:
    """The most bytes that Python and numpy held at once beyond what they held before."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    assert not workflow.ingest(desk, folder).skipped
    return tracemalloc.get_traced_memory()[1] - before


def test_three_series_in_a_folder_take_no_more_memory_than_one(desk: Desk, tmp_path: Path) -> None:
    warm, one, three = write(tmp_path / "a", 1), write(tmp_path / "b", 2), write(tmp_path / "c", 3, 4, 5)
    tracemalloc.start()
    try:
        workflow.ingest(desk, warm)
        of_one, of_three = peak_of_ingest(desk, one), peak_of_ingest(desk, three)
    finally:
        tracemalloc.stop()
    assert of_one > BYTES
    assert of_three < of_one + BYTES / 2


def test_a_series_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    paths = sorted(write(tmp_path / "a", 1, 2).iterdir())
    found = each_series(sort_files(paths, silent), silent)
    next(found)
    for path in paths[SHAPE[0] :]:
        path.unlink()
    assert "truncated or damaged" in getattr(next(found), "found", "")

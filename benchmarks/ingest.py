"""Reading a CT series and taking it in whole, against SimpleITK, pydicom, highdicom and dicom2nifti in the same run.

    python -m benchmarks.ingest [--runs 5]

Reading: from the names of 283 files of 512x512 to one int16 volume in HU with its place, headers parsed, slices sorted.
Taking in: `workflow.ingest` into a new home (also de-identified, hashed, packed, on the disk, in the worklist), beside
dicom2nifti, which writes a .nii.gz and nothing else, without turning it. The files are in the page cache throughout.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dicom2nifti
import highdicom
import numpy as np
import SimpleITK as sitk  # noqa: N813 -- as everybody calls it
from pydicom import dcmread

from benchmarks._figures import RUNS, Figure, figure, report
from benchmarks._series import SHAPE, write_another, write_one
from benchmarks._steps import Place, measured
from db import blobs, packing
from services import intake, storing, volume, workflow
from services.imaging import dicom_series
from services.imaging.progress import silent
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SERIES = 3
"""So many in one folder must take no more memory than one."""
STEPS: dict[str, tuple[Place, ...]] = {
    "finding the files": ((intake, "discover"),),
    "headers": ((intake, "sort_files"),),
    "sorting, grid": ((dicom_series, "_series"),),
    "pixels": ((dicom_series, "_hounsfield"),),
    "de-identifying": ((intake, "_from_dicom"),),
    "hash": ((blobs, "_digest"),),
    "packing, and writing meanwhile": ((packing, "pack"),),
    "until it is on the disk": ((os, "fsync"),),
    "thumbnail, crop": ((volume, "thumbnail"), (volume, "crop"), (volume, "crop_region")),
    "rows": ((storing, "_known_layers"), (storing, "_store_new")),
}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.memory_of:
        print(_memory_here(wanted.memory_of))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_one(folder / "ct")
        _require_equal(paths)
        figures = [*_reading(paths, wanted.runs), *_whole(folder, wanted.runs), *_memory(folder, paths)]
    size = "x".join(map(str, SHAPE[::-1]))
    report("ingest", figures, {"runs": wanted.runs, "series": f"{size} SYNTHETIC, uncompressed, in the page cache"})


def _ours(paths: list[Path]) -> NDArray[np.int16]:
    (series,), refused = dicom_series.read_series(paths, silent)
    assert not refused
    return series.volume.array


def _simpleitk(paths: list[Path]) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(paths[0].parent)))
    return reader.Execute()


def _pydicom(paths: list[Path]) -> NDArray[np.int16]:
    images = sorted((dcmread(path) for path in paths), key=lambda image: float(image.ImagePositionPatient[2]))
    return np.stack([(image.pixel_array + np.int32(image.RescaleIntercept)).astype(np.int16) for image in images])


def _highdicom(paths: list[Path]) -> highdicom.Volume:
    return highdicom.get_volume_from_series([dcmread(path) for path in paths])


def _require_equal(paths: list[Path]) -> None:
    """Ours and SimpleITK's are the same voxels; also warms the page cache and every module."""
    np.testing.assert_array_equal(_ours(paths), sitk.GetArrayFromImage(_simpleitk(paths)))


def _reading(paths: list[Path], runs: int) -> list[Figure]:
    readers: dict[str, Callable[[list[Path]], object]] = {
        "ours": _ours,
        "SimpleITK's series reader": _simpleitk,
        "pydicom, slice by slice": _pydicom,
        "highdicom's volume from series": _highdicom,
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(runs):
        for name, reader in readers.items():
            seconds[name].append(_timed(partial(reader, paths)))
    ours, theirs = seconds["ours"], seconds["SimpleITK's series reader"]
    return [
        *(figure(f"reading, {name}", _speeds(taken), "slices/s") for name, taken in seconds.items()),
        figure("reading: times the speed of SimpleITK", _ratios(theirs, ours), "x", at_least=1.2),
    ]


def _whole(folder: Path, runs: int) -> list[Figure]:
    ours, theirs = [], []
    shares: dict[str, list[float]] = {step: [] for step in STEPS}
    for number in range(runs):
        desk = workflow.open_home(Settings(home=folder / f"home{number}"))
        with measured(STEPS) as steps:
            ours.append(_timed(lambda desk=desk: _taken_in(desk, folder / "ct")))
        desk.store.close()
        for step, kept in shares.items():
            kept.append(100 * steps[step] / ours[-1])
        target = str(folder / f"{number}.nii.gz")
        theirs.append(_timed(partial(dicom2nifti.dicom_series_to_nifti, folder / "ct", target, reorient_nifti=False)))
    return [
        figure("whole ingest, ours", _speeds(ours), "slices/s"),
        figure("whole ingest, dicom2nifti", _speeds(theirs), "slices/s"),
        figure("whole ingest: times the speed of dicom2nifti", _ratios(theirs, ours), "x", at_least=2),
        *(figure(f"share of our ingest: {step}", kept, "%") for step, kept in shares.items()),
    ]


def _taken_in(desk: workflow.Desk, folder: Path) -> None:
    stored = workflow.ingest(desk, folder)
    assert len(stored.cases) == 1, stored


def _memory(folder: Path, paths: list[Path]) -> list[Figure]:
    """Largest resident memory of an ingest in a process of its own."""
    for number in range(SERIES):
        write_another(paths, folder / "many", number)
    one, many = _memory_of(folder / "ct"), _memory_of(folder / "many")
    return [
        figure("largest memory of an ingest, one series", [one], "MB"),
        figure(f"largest memory of an ingest, {SERIES} series in one folder", [many], "MB"),
        figure(f"memory: {SERIES} series against one", [many / one], "x", at_most=1.15),
    ]


def _memory_of(folder: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.ingest", "--memory-of", str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _memory_here(folder: Path) -> float:
    """Take in a folder and say the high-water mark of this process in MB."""
    with tempfile.TemporaryDirectory() as home:
        desk = workflow.open_home(Settings(home=Path(home) / "home"))
        assert not workflow.ingest(desk, folder).skipped
        desk.store.close()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1000


def _timed(work: Callable[[], object]) -> float:
    """Seconds; nobody pays for the garbage of another, nor for throwing away the result."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    taken = time.perf_counter() - began
    del result
    return taken


def _speeds(seconds: list[float]) -> list[float]:
    return [SHAPE[0] / taken for taken in seconds]


def _ratios(theirs: list[float], ours: list[float]) -> list[float]:
    return [their / our for their, our in zip(theirs, ours, strict=True)]


if __name__ == "__main__":
    main()

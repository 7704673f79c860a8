"""Generated scans that networks learn from, on the grid that they work on. No test cohort shares a seed with them.

Each scan is two arrays [k, j, i] on the disk: `hounsfield` int16, and `labels` uint8 with values of `Structure`. Where
it is wanted there is a third one, `readers`: what each of the simulated readers called a voxel (see `readings`).
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.phantom.cohort import random_person, random_sac
from services.phantom.plan import Grid, Kernel, Phase, Plan, SacKind, Scan
from services.phantom.simulated_readers import READERS_VERSION
from services.phantom.structures import Factor
from services.segmentation.readings import packed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell

TRAINING_SEED, VALIDATION_SEED = 600_001, 700_001
"""Seeds of these cohorts begin here; the demonstration's begin at 20,261 and the painted cohort's at 71,101."""
LENGTH_MM = 296.0
FIELD_MARGIN_MM = 14.0
FACTOR_CHANCE = 0.13
KINDS = (SacKind.FUSIFORM, SacKind.FUSIFORM, SacKind.FUSIFORM, SacKind.SACCULAR, SacKind.NONE)
PHASES = (Phase.ARTERIAL, Phase.ARTERIAL, Phase.PORTAL_VENOUS)


class Scanned(NamedTuple):
    """One scan of the set, its voxels read from the disk as they are needed."""

    hounsfield: NDArray[np.int16]
    labels: NDArray[np.uint8]
    readers: NDArray[np.uint8] | None = None
    """Packed; None where nobody reads the scan."""


def training_plan(seed: int, number: int, spacing: float) -> Plan:
    """The plan of one scan: person, sac, phase, kernel and factors by chance. `spacing` in mm, the same along all axes.

    Slices are never thick here: training blurs scans itself.
    """
    rng = np.random.default_rng([seed, number])
    sex = "F" if rng.random() < 0.4 else "M"
    person = random_person(rng, sex, round(float(rng.uniform(50, 88))))
    sac = random_sac(rng, KINDS[int(rng.integers(len(KINDS)))], sex)
    across = int(np.ceil((2 * person.half_width + FIELD_MARGIN_MM) / spacing))
    deep = int(np.ceil((2 * person.half_depth + 3 * FIELD_MARGIN_MM) / spacing))
    grid = Grid((round(LENGTH_MM / spacing), deep, across), (spacing, spacing, spacing))
    kernel = tuple(Kernel)[int(rng.integers(3))]
    scan = Scan(grid, PHASES[int(rng.integers(len(PHASES)))], kernel, float(rng.uniform(4, 22)))
    possible = (factor for factor in Factor if factor is not Factor.THICK_SLICES)
    chosen = frozenset(factor for factor in possible if rng.random() < FACTOR_CHANCE)
    return Plan(seed + number, person, sac, scan, chosen)


def write_scans(
    folder: Path,
    seed: int,
    count: int,
    spacing: float,
    *,
    readers: bool = False,
    processes: int,
    progress: Tell,
) -> None:
    """Generate those of `count` scans that are not yet in `folder`, or not yet with their readers."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(count) if not _is_there(_labels(folder, seed, number), readers=readers)]
    progress("training scans generated", count - len(missing), count)
    if not missing:
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes that begin now: two would only wait for each other
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawned) as pool:
        futures = [pool.submit(write_scan, folder, seed, number, spacing, readers=readers) for number in missing]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                progress("training scans generated", count - len(missing) + done, count)
        finally:
            pool.shutdown(cancel_futures=True)


def write_scan(folder: Path, seed: int, number: int, spacing: float, *, readers: bool = False) -> None:
    """Generate one scan; its labels appear when it is whole, and its readers when they have all read it."""
    from services.phantom.anatomy import generate  # noqa: PLC0415 -- only the processes that generate need these
    from services.phantom.readers import draw_readers  # noqa: PLC0415

    phantom = generate(training_plan(seed, number, spacing))
    final = _labels(folder, seed, number)
    if not final.exists():
        np.save(_hounsfield(final), phantom.hounsfield)
        _write_whole(final, phantom.labels)
    if readers:
        _write_whole(_readers(final), packed([drawing.labels for drawing in draw_readers(phantom)]))


def read_scans(folder: Path, seed: int, numbers: Sequence[int], *, readers: bool = False) -> list[Scanned]:
    """Scans that were written, mapped from the disk; with their readers, where they are wanted."""
    return [_read(_labels(folder, seed, number), readers=readers) for number in numbers]


def _read(labels: Path, *, readers: bool) -> Scanned:
    drawn = np.load(_readers(labels), mmap_mode="r") if readers else None
    return Scanned(np.load(_hounsfield(labels), mmap_mode="r"), np.load(labels, mmap_mode="r"), drawn)


def _write_whole(final: Path, values: NDArray[np.uint8]) -> None:
    """An array on the disk that is whole or not there."""
    draft = final.with_suffix(".unfinished.npy")
    np.save(draft, values)
    draft.rename(final)


def _is_there(labels: Path, *, readers: bool) -> bool:
    return labels.exists() and (_readers(labels).exists() or not readers)


def _labels(folder: Path, seed: int, number: int) -> Path:
    return folder / f"{seed + number}.labels.npy"


def _hounsfield(labels: Path) -> Path:
    return labels.with_name(labels.name.replace(".labels.", ".hounsfield."))


def _readers(labels: Path) -> Path:
    """Named by the readers' version: those of another one are drawn anew."""
    return labels.with_name(labels.name.replace(".labels.", f".readers-{READERS_VERSION}."))

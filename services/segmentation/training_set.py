"""Generated scans that networks learn from, on the grid that they work on. No test cohort shares a seed with them.

Each scan is two arrays [k, j, i] on the disk: `hounsfield` int16, and `labels` uint8 with values of `Structure`.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.phantom.cohort import random_person, random_sac
from services.phantom.plan import Grid, Kernel, Phase, Plan, SacKind, Scan
from services.phantom.structures import Factor

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


def write_scans(folder: Path, seed: int, count: int, spacing: float, *, processes: int, progress: Tell) -> None:
    """Generate those of `count` scans that are not yet in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(count) if not _labels(folder, seed, number).exists()]
    progress("training scans generated", count - len(missing), count)
    if not missing:
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes that begin now: two would only wait for each other
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawned) as pool:
        futures = [pool.submit(write_scan, folder, seed, number, spacing) for number in missing]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                progress("training scans generated", count - len(missing) + done, count)
        finally:
            pool.shutdown(cancel_futures=True)


def write_scan(folder: Path, seed: int, number: int, spacing: float) -> None:
    """Generate one scan; its labels appear last, when it is whole."""
    from services.phantom.anatomy import generate  # noqa: PLC0415 -- only the processes that generate need it

    phantom = generate(training_plan(seed, number, spacing))
    final = _labels(folder, seed, number)
    np.save(_hounsfield(final), phantom.hounsfield)
    draft = final.with_suffix(".unfinished.npy")
    np.save(draft, phantom.labels)
    draft.rename(final)


def read_scans(folder: Path, seed: int, numbers: Sequence[int]) -> list[Scanned]:
    """Scans that were written, mapped from the disk."""
    paths = [_labels(folder, seed, number) for number in numbers]
    return [Scanned(np.load(_hounsfield(path), mmap_mode="r"), np.load(path, mmap_mode="r")) for path in paths]


def _labels(folder: Path, seed: int, number: int) -> Path:
    return folder / f"{seed + number}.labels.npy"


def _hounsfield(labels: Path) -> Path:
    return labels.with_name(labels.name.replace(".labels.", ".hounsfield."))

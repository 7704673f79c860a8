"""The slices that the robot corrects, and what it begins from: nothing, or a mask as a model might draw it.

Generated scans of both generators that the network never saw, and one real CTA beside software labels (agreement).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from services.evaluation.held_out import held_out
from services.evaluation.robot import SEED, Slice
from services.phantom.structures import INSIDE_THE_WALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut
    from services.evaluation.real_scan import RealScan

    Mask = NDArray[np.bool_]

SLICES_A_SCAN, SLICES_OF_REAL = 4, 40
SMALLEST_MM2 = 60.0
"""Of the outer wall on a slice that is corrected."""
FURTHER_MM, SHIFTED_MM = 12.0, 5.0
BITE = 0.6
"""Radius of a bite or a lump, by the radius of a disc as large as the outline."""
REAL = "real CTA"


class Start(StrEnum):
    """What a correction begins from."""

    EMPTY = "empty"
    WRONG = "wrong"


@dataclass(frozen=True)
class Source:
    """A scan that slices are taken of; read or generated when it is asked for."""

    group: str
    """Same generator, other generator, or the real scan."""
    name: str
    person: int
    slices: int
    read: Callable[[], Volume]


class Volume(NamedTuple):
    """A scan and what is right on it, [k, j, i]."""

    hounsfield: NDArray[np.int16]
    affine: NDArray[np.float64]
    wanted: Mask


class Task(NamedTuple):
    """A slice, and a mask that it is corrected from."""

    on: Slice
    start: Start
    mask: Mask


def sources(persons: int, real: RealScan | None) -> Iterator[Source]:
    """The scans of both generators with so many persons of each factor, then the real one, if it is there."""
    for case in held_out(persons, pairs=False):
        yield Source(case.generator.value, case.name, case.plan.seed, SLICES_A_SCAN, partial(_generated, case))
    if real is not None:
        whole = Volume(real.hounsfield, real.affine, real.aorta)
        yield Source(REAL, REAL, 0, SLICES_OF_REAL, lambda: whole)


def tasks(source: Source) -> Iterator[Task]:
    """Each slice of a scan twice: from nothing, and from a wrong mask. Slices lie evenly over those with a wall."""
    hounsfield, affine, wanted = source.read()
    between, *in_plane = (float(mm) for mm in np.linalg.norm(affine[:3, :3], axis=0))
    spacing_mm = in_plane[0], in_plane[1]
    large = np.flatnonzero(wanted.sum(axis=(1, 2)) * np.prod(spacing_mm) >= SMALLEST_MM2)
    places = (np.arange(min(source.slices, len(large))) + 0.5) / max(1, min(source.slices, len(large))) * len(large)
    for k in large[places.astype(int)].tolist():
        on = Slice(source.name, source.person, k, hounsfield[k], spacing_mm, wanted[k])
        yield Task(on, Start.EMPTY, np.zeros_like(wanted[k]))
        yield Task(on, Start.WRONG, wrong_start(wanted, k, between, spacing_mm, np.random.default_rng([SEED, k])))


def wrong_start(
    wanted: Mask, k: int, between_mm: float, spacing_mm: tuple[float, float], rng: np.random.Generator
) -> Mask:
    """A mask as a model might draw it: the outline of a slice FURTHER_MM away, shifted, with a bite or a lump. Ours.

    wanted: [k, j, i]. The network learnt from wrong masks that are made in another way (`click_windows`).
    """
    away = round(FURTHER_MM / between_mm) * (1 if rng.random() < 0.5 else -1)
    there = k + away if 0 <= k + away < len(wanted) and wanted[k + away].any() else k
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0, SHIFTED_MM)
    off = far * np.array([np.sin(angle), np.cos(angle)]) / spacing_mm
    moved: Mask = ndimage.shift(wanted[there].astype(np.float32), off, order=1) > 0.5
    edge = np.argwhere(moved ^ ndimage.binary_erosion(moved))
    if not len(edge):
        return moved
    middle = edge[rng.integers(len(edge))]
    off_mm = (np.indices(moved.shape) - middle[:, None, None]) * np.array(spacing_mm)[:, None, None]
    disc = np.hypot(*off_mm) <= BITE * np.sqrt(moved.sum() * np.prod(spacing_mm) / np.pi)
    return np.asarray(moved | disc if rng.random() < 0.5 else moved & ~disc)


def _generated(case: HeldOut) -> Volume:
    scan = case.generate()
    return Volume(scan.hounsfield, scan.affine, np.isin(scan.labels, INSIDE_THE_WALL))

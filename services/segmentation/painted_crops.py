"""Cubes around the aorta of painted scans: what a network that learned from formulas is fine-tuned and tested on.

The painter shares no code with the formulas (services/phantom/painted), so that the target is another generator's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.painted.anatomy import generate_painted
from services.phantom.painted.cohort import external_cases
from services.phantom.painted.painting import Grid
from services.phantom.structures import Structure
from services.segmentation.pretraining import Example

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.phantom.painted.anatomy import PaintedPhantom

CLASSES = {1: "lumen", 2: "thrombus"}
CLASS_OF = {
    Structure.LUMEN: 1,
    Structure.ENDOGRAFT: 1,
    Structure.THROMBUS: 2,
    Structure.CALCIFICATION: 2,
}
"""All other structures are background."""
WINDOW_HU = (-200.0, 500.0)
FINER = 2
"""Voxels of the painting, in the plane, to one of a cube along either axis."""


@dataclass(frozen=True)
class Cube:
    """Where scans are painted and cut: cubic voxels of `spacing_mm`, `side` of them around the middle of the sac."""

    side: int = 40
    spacing_mm: float = 4.0
    body_mm: tuple[float, float] = (208.0, 384.0)
    """What is painted, along the body and across it."""

    @property
    def grid(self) -> Grid:
        """The grid of the painting, finer in the plane."""
        slices, pixels = (round(length / self.spacing_mm) for length in self.body_mm)
        fine = self.spacing_mm / FINER
        return Grid((slices, FINER * pixels, FINER * pixels), (self.spacing_mm, fine, fine))


def painted_crops(seed: int, count: int, cube: Cube, *, progress: Tell) -> list[Example]:
    """The first `count` painted cases from a seed, every factor in turn; lumen is 1, thrombus 2."""
    examples = []
    for number, case in enumerate(external_cases(count, seed)):
        progress("painted scans", number, count)
        examples.append(crop(generate_painted(replace(case.plan, grid=cube.grid)), cube))
    progress("painted scans", count, count)
    return examples


def kept_crops(path: Path, seed: int, count: int, cube: Cube, *, progress: Tell) -> list[Example]:
    """As `painted_crops`, from a file that is written the first time."""
    if not path.exists():
        images, labels = zip(*painted_crops(seed, count, cube, progress=progress), strict=True)
        draft = path.with_suffix(".unfinished.npz")
        np.savez_compressed(draft, images=np.stack(images), labels=np.stack(labels))
        draft.rename(path)
    with np.load(path) as kept:
        return [Example(image, labels) for image, labels in zip(kept["images"], kept["labels"], strict=True)]


def crop(phantom: PaintedPhantom, cube: Cube) -> Example:
    """The cube around the middle of the sac: means of the finer voxels, and the class that most of them have."""
    low, high = WINDOW_HU
    scaled = np.clip((_coarser(phantom.hounsfield) - low) / (high - low), 0, 1).astype(np.float32)
    shares = np.stack([_coarser(_classes(phantom.labels) == value) for value in (0, *CLASSES)])
    box = _around_the_sac(phantom, cube, scaled.shape)
    return Example(scaled[box], shares.argmax(axis=0).astype(np.uint8)[box])


def _classes(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.zeros(len(Structure), np.uint8)
    for structure, value in CLASS_OF.items():
        table[structure] = value
    return table[labels]


def _coarser(array: NDArray[np.generic]) -> NDArray[np.float64]:
    """Means over squares in the plane."""
    k, j, i = array.shape
    means: NDArray[np.float64] = array.reshape(k, j // FINER, FINER, i // FINER, FINER).mean(axis=(2, 4))
    return means


def _around_the_sac(phantom: PaintedPhantom, cube: Cube, shape: tuple[int, ...]) -> tuple[slice, ...]:
    k = int(np.abs(phantom.plan.grid.axis(0) - phantom.plan.aorta.sac_centre).argmin())
    in_plane = phantom.aorta.centre[k] / cube.spacing_mm + (np.array(shape[1:]) - 1) / 2
    begins = np.rint(np.array([k, *in_plane]) - cube.side / 2).astype(int)
    held = np.clip(begins, 0, np.array(shape) - cube.side)
    return tuple(slice(int(begin), int(begin) + cube.side) for begin in held)

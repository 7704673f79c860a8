"""A small generated scan, and models whose answer is known: the exact labels, wider by one voxel or moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from db.records import Region
from services import labels
from services.evaluation.held_out import Generator, HeldOut, Scan
from services.phantom.painted.anatomy import PaintedPlan
from services.phantom.painted.painting import Grid
from services.phantom.structures import Factor, Structure
from services.segmentation.card import Format, Member, ModelCard

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SPACING = (4.0, 2.0, 1.0)
AFFINE = np.array([[0, 0, 1.0, 0], [0, 2.0, 0, 0], [4.0, 0, 0, 0], [0, 0, 0, 1]])
SHAPE = (12, 20, 24)
LUMEN_BOX, WALL_BOX = (slice(2, 10), slice(6, 12), slice(8, 16)), (slice(2, 10), slice(4, 14), slice(6, 18))


class Marked(NamedTuple):
    """What a model marked."""

    region: Region
    mask: NDArray[np.uint8]


def boxes() -> Scan:
    """A lumen of 8 x 6 x 8 voxels in a wall of 8 x 10 x 12, four voxels of it plaque."""
    array = np.zeros(SHAPE, np.uint8)
    array[WALL_BOX] = Structure.THROMBUS
    array[LUMEN_BOX] = Structure.LUMEN
    array[2, 4, 6:10] = Structure.CALCIFICATION
    return Scan(np.zeros(SHAPE, np.int16), AFFINE, array)


def exact(scan: Scan) -> NDArray[np.uint8]:
    """The exact labels in the classes of a model: 1 lumen, 2 thrombus."""
    inside = np.isin(scan.labels, (Structure.THROMBUS, Structure.CALCIFICATION))
    return (inside * 2 + np.isin(scan.labels, (Structure.LUMEN, Structure.ENDOGRAFT))).astype(np.uint8)


def wider(scan: Scan) -> Marked:
    """The outer wall wider by one voxel along every axis; the lumen as it is."""
    mask = exact(scan)
    grown = ndimage.binary_dilation(mask > 0, np.ones((3, 3, 3)))
    mask[grown & (mask == 0)] = 2
    return whole(mask)


def whole(mask: NDArray[np.uint8]) -> Marked:
    k, j, i = mask.shape
    return Marked(Region((0, 0, 0), (k, j, i)), mask)


def held_out(number: int = 1, generator: Generator = Generator.OTHER) -> HeldOut:
    """A painted scan that is made in a moment."""
    plan = PaintedPlan(number, Grid((14, 40, 40), (18.0, 9.0, 9.0)), factors=frozenset({Factor.NOISE}))
    return HeldOut(f"case{number}", generator, plan)


def card(folder: Path, sha256: str = "a" * 64) -> ModelCard:
    member = Member("one.safetensors", sha256, seed=11)
    said = {"training_data": "generated scans", "licence": "Apache-2.0", "intended_use": "research"}
    return ModelCard(
        "aorta", "1", Format.UNET, labels.DEFAULT, (2, 2, 2), (-200, 500), (96, 96, 96), (member,), folder, about=said
    )

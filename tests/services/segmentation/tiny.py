"""A scan of 40 voxels a side with a bright tube in a grey one, and a recipe that learns it in seconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.phantom.structures import Structure
from services.segmentation.card import Layout
from services.segmentation.readings import READERS, packed
from services.segmentation.recipes import AORTA, Cycle, Recipe
from services.segmentation.training_set import Scanned

SIDE = 40


def tiny_scan(number: int = 0) -> Scanned:
    """Lumen 250 HU inside thrombus 40 HU, in fat at -100 HU, around a straight axis along k."""
    rng = np.random.default_rng(number)
    j, i = np.mgrid[:SIDE, :SIDE]
    away = np.hypot(j - rng.uniform(14, 26), i - rng.uniform(14, 26))
    plane = np.where(away < 9, Structure.THROMBUS, Structure.FAT)
    plane = np.where(away < 5, Structure.LUMEN, plane)
    hounsfield = np.select([plane == Structure.LUMEN, plane == Structure.THROMBUS], [250, 40], -100)
    whole = np.broadcast_to(hounsfield, (SIDE, SIDE, SIDE)) + rng.normal(0, 5, (SIDE, SIDE, SIDE))
    labels = np.broadcast_to(plane, (SIDE, SIDE, SIDE)).astype(np.uint8)
    return Scanned(whole.astype(np.int16), labels)


def read_tiny_scan(number: int = 0) -> Scanned:
    """The same scan, read by four: the first sees what is there, each other one everything a voxel further along i."""
    scan = tiny_scan(number)
    classes = np.select([scan.labels == Structure.LUMEN, scan.labels == Structure.THROMBUS], [1, 2]).astype(np.uint8)
    return scan._replace(readers=packed([np.roll(classes, aside, axis=2) for aside in range(READERS)]))


def tiny_recipe(*steps: int) -> Recipe:
    """The aorta's recipe, small: a cycle of so many steps each, or one of 24."""
    small = replace(AORTA, patch=(32, 32, 32), layout=Layout((8, 16), (2,), 1), scans=2, members=1)
    return replace(small, cycles=tuple(Cycle(count, 2e-3) for count in steps or (24,)))

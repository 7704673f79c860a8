"""What each shipped model learns, on which grid, for how long. Read by `secondlook train`; loads no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from services.labels import LUMEN, OUTER_WALL, THROMBUS
from services.phantom.structures import INSIDE_THE_WALL, Structure
from services.segmentation.card import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

GRID_MM = 2.0
"""Spacing of the training scans."""
WINDOW_HU = (-200.0, 500.0)


class Cycle(NamedTuple):
    """So many steps, over which the learning rate rises to its highest and falls to nothing."""

    steps: int
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the members of one model are trained."""

    name: str
    folder: str
    """Below `weights/`, and what the command line calls it."""
    classes: Mapping[int, str]
    structures: Mapping[Structure, int]
    """The class that each structure of a training scan belongs to; all others are background."""
    aimed_at: tuple[Structure, ...]
    """Most windows are drawn around a voxel of these."""
    spacing_mm: float = GRID_MM
    patch: tuple[int, int, int] = (96, 96, 96)
    layout: Layout = field(default_factory=lambda: Layout((16, 32, 64, 112, 80), (2, 2, 2, 2), 1))
    members: int = 1
    cycles: tuple[Cycle, ...]
    scans: int = 320
    first_seed: int = 1

    @property
    def steps(self) -> int:
        """Steps of a whole training."""
        return sum(cycle.steps for cycle in self.cycles)

    def cycle_at(self, step: int) -> tuple[int, Cycle]:
        """The step at which the cycle of a step began, and the cycle; the last one where all have ended."""
        begin = 0
        for cycle in self.cycles[:-1]:
            if step < begin + cycle.steps:
                return begin, cycle
            begin += cycle.steps
        return begin, self.cycles[-1]


AORTA = Recipe(
    name="Phantom ensemble",
    folder="aorta",
    classes={1: LUMEN, 2: THROMBUS},
    structures={
        Structure.LUMEN: 1,
        Structure.ENDOGRAFT: 1,
        Structure.THROMBUS: 2,
        Structure.CALCIFICATION: 2,
    },
    aimed_at=INSIDE_THE_WALL,
    members=5,
    cycles=(Cycle(1500, 2e-3), Cycle(900, 1.5e-3)),
)
ORGANS = Recipe(
    name="Phantom organs",
    folder="organs",
    classes={1: "inferior vena cava", 2: "vertebra", 3: "kidney", 4: "bowel", 5: "iliac artery"},
    structures={
        Structure.INFERIOR_VENA_CAVA: 1,
        Structure.VERTEBRA: 2,
        Structure.KIDNEYS: 3,
        Structure.BOWEL: 4,
        Structure.ILIAC_ARTERIES: 5,
    },
    aimed_at=(Structure.INFERIOR_VENA_CAVA, Structure.VERTEBRA, Structure.KIDNEYS, Structure.ILIAC_ARTERIES),
    cycles=(Cycle(1400, 2e-3),),
    first_seed=101,
)
LOCATOR = Recipe(
    name="Phantom locator",
    folder="locator",
    classes={1: OUTER_WALL},
    structures=dict.fromkeys(INSIDE_THE_WALL, 1),
    aimed_at=INSIDE_THE_WALL,
    spacing_mm=2 * GRID_MM,
    patch=(64, 64, 64),
    layout=Layout((12, 24, 48, 72), (2, 2, 2), 1),
    cycles=(Cycle(1200, 2e-3),),
    first_seed=201,
)
RECIPES = {recipe.folder: recipe for recipe in (AORTA, ORGANS, LOCATOR)}


class Target(StrEnum):
    """What members that are trained further learn."""

    SOFT = "soft"
    """The shares of four readers, smoothed where classes meet."""
    FIRST_READER = "first-reader"
    MAJORITY = "majority"
    """What most readers say; of equally many the lowest class."""
    EXACT = "exact"
    """What they learnt before: the control for training longer."""


FURTHER = Cycle(600, 5e-4)
READ_SCANS = 96
"""Scans of the training set that readers read."""


def trained_further(target: Target) -> Recipe:
    """How the members of the shipped ensemble are trained further: for all targets alike."""
    name, folder = target.replace("-", " "), target.replace("-", "_")
    return replace(
        AORTA,
        name=f"{AORTA.name} {name}",
        folder=f"{AORTA.folder}_{folder}",
        cycles=(FURTHER,),
        scans=READ_SCANS,
    )


LIGHT = replace(
    AORTA,
    name=f"{AORTA.name} light",
    folder=f"{AORTA.folder}_light",
    layout=replace(AORTA.layout, dropout=0.1),
    members=1,
    cycles=(Cycle(600, 1e-3),),
    scans=READ_SCANS,
)
"""One network with two heads, which begins as the member of its seed."""

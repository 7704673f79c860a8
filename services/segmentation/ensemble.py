"""The networks of one card over a box of a scan: probabilities and doubt, on the grid that the networks work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.errors import InputRefused
from services.segmentation.grids import Grid
from services.segmentation.member_walls import wall_of
from services.segmentation.windows import Windows, class_probability
from services.uncertainty.decomposition import Decomposition
from services.uncertainty.expert_guided import of_two_heads, two_uncertainties

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from db.records import Region
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engine, Engines
    from services.segmentation.grids import Scan
    from services.uncertainty.decomposition import Uncertainty
    from services.uncertainty.expert_guided import TwoUncertainties

AIR_HU = -1000.0
"""What a scan is continued with where it is smaller than a window."""


@dataclass(frozen=True)
class Sight:
    """A box of a scan as the networks of a card see it."""

    grid: Grid
    windows: Windows
    image: NDArray[np.float32]
    """Scaled as the card says, on `windows.reach`."""
    outside: float
    """The scaled value of air."""

    @classmethod
    def of(cls, scan: Scan, card: ModelCard, region: Region) -> Sight:
        """What a card's networks see of a box of a scan."""
        grid, windows = Grid.over(scan, card.spacing_mm), windows_over(scan, card, region)
        air = scaled(np.full(1, AIR_HU, dtype=np.float32), card.window_hu)
        image = scaled(grid.sample(scan.hounsfield, windows.reach), card.window_hu)
        return cls(grid, windows, image, float(air[0]))

    def answer(
        self, engine: Engine, outputs: int, done: Callable[[], None], image: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """What one network answers, (outputs, k, j, i) on `windows.box`; `image` in place of this one."""
        seen = self.image if image is None else image
        return class_probability(engine, seen, self.windows, classes=outputs, outside=self.outside, done=done)


@dataclass(frozen=True)
class OnGrid:
    """What an ensemble says on a box of its grid."""

    grid: Grid
    box: Region
    uncertainty: Uncertainty
    two: TwoUncertainties
    windows: int
    """That each member looked at."""
    engine: str
    member_walls: NDArray[np.uint8]
    """(member, k, j, i) on the box, as `wall_of` gives them."""

    @property
    def steps(self) -> NDArray[np.float64]:
        """4x4, (k, j, i) of the box to those of the standing scan."""
        return self.grid.steps(self.box)


def infer(
    scan: Scan,
    card: ModelCard,
    region: Region,
    *,
    engines: Engines,
    tell: Tell,
    task: str,
    companion: ModelCard | None = None,
) -> OnGrid:
    """All members of a card over a box of a scan, then those of the `companion` that learnt from several readers.

    `tell` hears `task` and how many windows of all members are done. One member at a time: its probabilities go into
    running sums and are dropped before the next begins; of each member of the card its outer wall is kept, in bytes.
    Raises InputRefused where the companion does not see what the card's networks see.
    """
    if companion is not None:
        require_alike(card, companion)
    sight = Sight.of(scan, card, region)
    count = counting(tell, task, sum(len(one.members) for one in (card, companion) if one) * len(sight.windows.corners))
    sums, name, two = Decomposition(), "", None
    walls = np.empty((len(card.members), *sight.windows.box.shape), dtype=np.uint8)
    for wall, member in zip(walls, card.members, strict=True):
        engine = engines(card, member)
        name = engine.name
        answer = sight.answer(engine, card.outputs, count)
        sums.add(answer[: 1 + len(card.classes)])
        wall[:] = wall_of(answer, card.classes)
        two = of_two_heads(answer[card.heads.soft], answer[card.heads.spread]) if card.heads else None
    found = sums.result()
    if two is None:
        taught = None if companion is None else together(sight, companion, engines, count)
        two = two_uncertainties(found, taught)
    return OnGrid(sight.grid, sight.windows.box, found, two, len(sight.windows.corners), name, walls)


def together(sight: Sight, card: ModelCard, engines: Engines, done: Callable[[], None]) -> Uncertainty:
    """What all members of a card with one head say together."""
    sums = Decomposition()
    for member in card.members:
        sums.add(sight.answer(engines(card, member), card.outputs, done))
    return sums.result()


def require_alike(card: ModelCard, other: ModelCard) -> None:
    """Two cards whose networks look through the same windows at the same image. Raises InputRefused for others."""
    if any(getattr(card, name) != getattr(other, name) for name in ("classes", "spacing_mm", "window_hu", "patch")):
        raise InputRefused(
            f"The networks of {other.key} must have the classes, the grid, the HU and the patch of {card.key}.",
            "others.",
            "Install the two as they came together.",
        )


def windows_over(scan: Scan, card: ModelCard, region: Region) -> Windows:
    """The windows through which each member of a card looks at a box of a scan."""
    grid = Grid.over(scan, card.spacing_mm)
    return Windows.over(grid.box_of(region), card.patch, grid.shape)


def scaled(hounsfield: NDArray[np.float32], window_hu: tuple[float, float]) -> NDArray[np.float32]:
    """HU clipped to a window and scaled to 0 to 1."""
    low, high = window_hu
    values = np.subtract(hounsfield, low, dtype=np.float32)
    values /= high - low
    return np.clip(values, 0, 1, out=values)


def counting(tell: Tell, task: str, total: int) -> Callable[[], None]:
    """What is called after each of `total` windows: `tell` hears how many are done."""
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        tell(task, done, total)

    tell(task, 0, total)
    return one_more

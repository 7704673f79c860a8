"""The networks of one card over a box of a scan: probabilities and doubt, on the grid that the networks work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.grids import Grid
from services.segmentation.member_walls import wall_of
from services.segmentation.windows import Windows, class_probability
from services.uncertainty.decomposition import Decomposition

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from db.records import Region
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engines
    from services.segmentation.grids import Scan
    from services.uncertainty.decomposition import Uncertainty

AIR_HU = -1000.0
"""What a scan is continued with where it is smaller than a window."""


@dataclass(frozen=True)
class OnGrid:
    """What an ensemble says on a box of its grid."""

    grid: Grid
    box: Region
    uncertainty: Uncertainty
    windows: int
    """That each member looked at."""
    engine: str
    member_walls: NDArray[np.uint8]
    """(member, k, j, i) on the box, as `wall_of` gives them."""

    @property
    def steps(self) -> NDArray[np.float64]:
        """4x4, (k, j, i) of the box to those of the standing scan."""
        return self.grid.steps(self.box)


def infer(scan: Scan, card: ModelCard, region: Region, *, engines: Engines, tell: Tell, task: str) -> OnGrid:
    """All members of a card over a box of a scan. `tell` hears `task` and how many windows of all members are done.

    One member at a time: its probabilities go into running sums and are dropped before the next begins; of each member
    its outer wall is kept, in bytes.
    """
    grid = Grid.over(scan, card.spacing_mm)
    windows = windows_over(scan, card, region)
    image = scaled(grid.sample(scan.hounsfield, windows.reach), card.window_hu)
    outside = float(scaled(np.full(1, AIR_HU, dtype=np.float32), card.window_hu)[0])
    count = _counting(tell, task, len(card.members) * len(windows.corners))
    sums, name = Decomposition(), ""
    walls = np.empty((len(card.members), *windows.box.shape), dtype=np.uint8)
    for wall, member in zip(walls, card.members, strict=True):
        engine = engines(card, member)
        name = engine.name
        found = class_probability(engine, image, windows, classes=1 + len(card.classes), outside=outside, done=count)
        sums.add(found)
        wall[:] = wall_of(found, card.classes)
    return OnGrid(grid, windows.box, sums.result(), len(windows.corners), name, walls)


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


def _counting(tell: Tell, task: str, total: int) -> Callable[[], None]:
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        tell(task, done, total)

    tell(task, 0, total)
    return one_more

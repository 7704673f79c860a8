"""All who outlined one case, on one grid: its readers, and the models beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.drawings import Grid
from services.labels import INSIDE_WALL, LUMEN, THROMBUS, of_structures
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from services.measurement.drawn import LabelMap

    Mask = NDArray[np.bool_]

PARTS = {1: LUMEN, 2: THROMBUS}
"""Values of the label maps that readers are compared by where all tell both apart."""
MOST_READERS = 13
"""More readers of three classes have more different votes than are counted (see `votes.MOST_VOTES`)."""


@dataclass(frozen=True)
class Panel:
    """Masks on the box of all walls of a case. Authors are the readers, then the models."""

    readers: tuple[str, ...]
    models: tuple[str, ...]
    """As measurements name them: with the version."""
    walls: Mask
    """(author, k, j, i): inside the outer wall."""
    parts: NDArray[np.uint8] | None
    """(reader, k, j, i): PARTS, 0 elsewhere; None where a reader does not tell them apart."""
    grid: Grid

    @property
    def of_readers(self) -> Mask:
        """(reader, k, j, i): the readers' outer walls."""
        return self.walls[: len(self.readers)]

    @property
    def authors(self) -> tuple[str, ...]:
        """Everybody, in the order of `walls`."""
        return self.readers + self.models

    @cached_property
    def readers_box(self) -> Region:
        """Within the panel: the box around all that any reader drew; one voxel where nobody drew anything."""
        return bounding_region(np.asarray(self.of_readers.any(axis=0))) or Region((0, 0, 0), (1, 1, 1))

    def model(self, number: int) -> Mask:
        """(k, j, i): a model's outer wall."""
        wall: Mask = self.walls[len(self.readers) + number]
        return wall


def panel_of(
    readers: Sequence[tuple[str, LabelMap]],
    models: Sequence[tuple[str, LabelMap]],
    shape: Index3,
    spacing: Sequence[float],
) -> Panel:
    """Names with their label maps; shape: the image's (k, j, i); spacing in mm along it. At least one author."""
    maps = [found for _, found in (*readers, *models)]
    box = _box_of([found.region for found in maps])
    walls = np.stack([_laid(of_structures(one.array, one.classes, INSIDE_WALL), one.region, box) for one in maps])
    grid = Grid(shape, box, (float(spacing[0]), float(spacing[1]), float(spacing[2])))
    names = tuple(name for name, _ in readers), tuple(name for name, _ in models)
    return Panel(*names, walls, _parts([found for _, found in readers], box), grid)


def _parts(maps: Sequence[LabelMap], box: Region) -> NDArray[np.uint8] | None:
    if not maps or any(not {LUMEN, THROMBUS} <= set(one.classes.values()) for one in maps):
        return None
    found = np.zeros((len(maps), *box.shape), np.uint8)
    for reader, one in enumerate(maps):
        for value, structure in PARTS.items():
            mask = of_structures(one.array, one.classes, frozenset({structure}))
            found[reader][_laid(mask, one.region, box)] = value
    return found


def _box_of(regions: Sequence[Region]) -> Region:
    low = np.min([region.origin for region in regions], axis=0)
    high = np.max([np.add(region.origin, region.shape) for region in regions], axis=0)
    (k, j, i), (nk, nj, ni) = low.tolist(), (high - low).tolist()
    return Region((k, j, i), (nk, nj, ni))


def _laid(mask: Mask, region: Region, box: Region) -> Mask:
    whole = np.zeros(box.shape, bool)
    k, j, i = np.subtract(region.origin, box.origin).tolist()
    whole[slices_of(Region((k, j, i), region.shape))] = mask
    return whole

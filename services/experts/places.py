"""Where the readers of a case say otherwise than a model: connected pieces, the largest first. A rule of our own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from services.flags import place_in, said_slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from db.records import Index3
    from services.experts.panel import Panel

SMALLEST_ML = 0.1
"""Smaller pieces are no place."""
MOST_PIECES = 10


@dataclass(frozen=True)
class Piece:
    """Voxels that hang together, about which at least half of the readers say otherwise than the model."""

    text: str
    """'3 of 4 readers draw less here than aorta 1: 2.1 mL, slices 88 to 104.'"""
    place: Index3
    slices: tuple[int, int]
    volume_ml: float
    readers: int
    """Who say otherwise at the median voxel of the piece."""
    of: int
    less: bool
    """Whether they draw less than the model; otherwise they draw more."""

    def as_json(self) -> dict[str, Any]:
        """As a layer's parameters hold it."""
        return asdict(self) | {"place": list(self.place), "slices": list(self.slices)}


def pieces(panel: Panel, model: int) -> list[Piece]:
    """The places of one model, by volume; at most MOST_PIECES, none smaller than SMALLEST_ML."""
    wall = panel.model(model)
    otherwise = (panel.of_readers != wall).sum(axis=0, dtype=np.int16)
    half = 2 * otherwise >= len(panel.readers)
    found = [
        piece
        for less, where in ((True, half & wall), (False, half & ~wall))
        for piece in _pieces(panel, panel.models[model], otherwise, where, less=less)
    ]
    return sorted(found, key=lambda piece: -piece.volume_ml)[:MOST_PIECES]


def _pieces(
    panel: Panel, model: str, otherwise: NDArray[np.int16], where: NDArray[np.bool_], *, less: bool
) -> Iterator[Piece]:
    if not where.any():
        return
    numbered = cc3d.connected_components(where, connectivity=26)
    known = cc3d.statistics(numbered)
    volumes = known["voxel_counts"][1:] * panel.grid.voxel_ml
    for number in np.argsort(-volumes)[:MOST_PIECES] + 1:
        if volumes[number - 1] < SMALLEST_ML:
            return
        box = known["bounding_boxes"][number]
        mask = numbered[box] == number
        k, j, i = (int(along.start) + start for along, start in zip(box, panel.grid.box.origin, strict=True))
        place, slices = place_in(mask, (k, j, i))
        readers = int(np.median(otherwise[box][mask]))
        words = _words(readers, len(panel.readers), model, less=less)
        text = f"{words}: {volumes[number - 1]:.1f} mL, {said_slices(slices)}."
        yield Piece(text, place, slices, float(volumes[number - 1]), readers, len(panel.readers), less)


def _words(readers: int, of: int, model: str, *, less: bool) -> str:
    amount = "less" if less else "more"
    return f"{readers} of {of} readers {'draws' if readers == 1 else 'draw'} {amount} here than {model}"

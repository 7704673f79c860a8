"""Outer walls of a case on one common grid: what scores and flags are computed from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind
from services import labels
from services.labels import of_structures
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from db.vocabulary import LabelSource
    from services.prepared import PreparedLayer

STRUCTURES = {"volume_lumen": labels.LUMEN, "volume_thrombus": labels.THROMBUS}


@dataclass(frozen=True)
class Drawing:
    """One author's outer wall on the case's whole grid, restricted to the box of all walls."""

    author: str
    """As sentences name the author: with the version where a case has several."""
    name: str
    version: str
    kind: AuthorKind
    source: LabelSource
    wall: NDArray[np.bool_]
    parts: dict[str, int | None]
    """Voxels of lumen and thrombus; None where the author does not tell them apart."""


@dataclass(frozen=True)
class Grid:
    """The box of all walls in the image, and the size of a voxel."""

    shape: Index3
    box: Region
    spacing: tuple[float, float, float]

    @property
    def voxel_ml(self) -> float:
        """Size of a voxel in millilitres."""
        return float(np.prod(self.spacing)) / 1000

    @property
    def pixel_cm2(self) -> float:
        """Size of a pixel of a slice in square centimetres."""
        return self.spacing[1] * self.spacing[2] / 100


def common_box(walls: Sequence[PreparedLayer]) -> Region:
    """The smallest box that holds every wall; without any, an empty one."""
    if not walls:
        return Region((0, 0, 0), (0, 0, 0))
    low = np.min([layer.region.origin for layer in walls], axis=0)
    high = np.max([np.add(layer.region.origin, layer.region.shape) for layer in walls], axis=0)
    k, j, i = (int(value) for value in low)
    nk, nj, ni = (int(value) for value in high - low)
    return Region((k, j, i), (nk, nj, ni))


def drawings_of(walls: Sequence[PreparedLayer], grid: Grid) -> list[Drawing]:
    """What each author drew of the outer wall; two versions of a model, or readings of a reader, are two drawings."""
    groups: dict[tuple[str, str], list[PreparedLayer]] = {}
    for layer in walls:
        groups.setdefault((layer.author, layer.author_version), []).append(layer)
    versions = Counter(author for author, _ in groups)
    return [
        _drawing(f"{author} {version}".strip() if versions[author] > 1 else author, layers, grid)
        for (author, version), layers in groups.items()
    ]


def _drawing(author: str, layers: Sequence[PreparedLayer], grid: Grid) -> Drawing:
    wall = np.zeros(grid.box.shape, dtype=bool)
    for layer in layers:
        here = Region(_minus(layer.region.origin, grid.box.origin), layer.region.shape)
        wall[slices_of(here)] |= labels.inside_wall(layer.array, layer.classes)
    parts = {structure: _count(layers, structure) for structure in STRUCTURES.values()}
    first = layers[0]
    return Drawing(author, first.author, first.author_version, first.author_kind, first.source, wall, parts)


def _count(layers: Sequence[PreparedLayer], structure: str) -> int | None:
    """Voxels of a structure, or None when no layer of this author knows it."""
    knowing = [layer for layer in layers if structure in layer.classes.values()]
    if not knowing:
        return None
    masks = (of_structures(layer.array, layer.classes, frozenset({structure})) for layer in knowing)
    return sum(int(np.count_nonzero(mask)) for mask in masks)


def pairs_with_a_model(drawings: Sequence[Drawing]) -> Iterator[tuple[Drawing, Drawing]]:
    """Every model with every other author, the model first."""
    for first, second in combinations(drawings, 2):
        if first.kind is AuthorKind.MODEL:
            yield first, second
        elif second.kind is AuthorKind.MODEL:
            yield second, first


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """2 |A and B| / (|A| + |B|), from 0 to 1; None when both are empty. Dice 1945, doi:10.2307/1932409."""
    total = int(first.sum()) + int(second.sum())
    return None if total == 0 else 2 * int((first & second).sum()) / total


def _minus(first: Index3, second: Index3) -> Index3:
    return first[0] - second[0], first[1] - second[1], first[2] - second[2]

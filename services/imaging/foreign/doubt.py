"""How sure the members of an imported ensemble are: the same sums as for our own (uncertainty.decomposition).

What a member says of a voxel is made exclusive first: each structure within the aortic wall, and the rest. A model
trained on regions, which overlap, says wall or not. Only the box around all masks is looked at, and a margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.uncertainty.decomposition import Decomposition
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from services.uncertainty.decomposition import Uncertainty

    Slabs = Iterable[tuple[int, int, NDArray[np.float32]]]

MARGIN_MM = 30.0
"""So far around all masks the doubt is kept; beyond, every member is sure that nothing is there."""


@dataclass(frozen=True)
class Parts:
    """Which channels of a model are which exclusive part; all that is in none of them is the rest."""

    names: tuple[str, ...]
    channels: tuple[frozenset[int], ...]
    overlap: bool = False
    """Regions: the largest of a part's channels counts, where exclusive ones are added."""


def box_around(masks: Sequence[NDArray[np.uint8]], spacing_mm: Sequence[float]) -> Region | None:
    """The box that holds what any member marked, and MARGIN_MM around it; None where none marked anything."""
    boxes = [box for box in map(bounding_region, masks) if box is not None]
    if not boxes:
        return None
    margin = np.ceil(np.divide(MARGIN_MM, spacing_mm)).astype(int)
    low = np.maximum(np.min([box.origin for box in boxes], axis=0) - margin, 0)
    ends = [np.add(box.origin, box.shape) for box in boxes]
    high = np.minimum(np.max(ends, axis=0) + margin, masks[0].shape)
    k, j, i = low.tolist()
    nk, nj, ni = (high - low).tolist()
    return Region((k, j, i), (nk, nj, ni))


def doubt_of(members: Iterable[Slabs], parts: Parts, box: Region) -> Uncertainty:
    """Mean and entropies over members, each given as its channels slab by slab; in nats, [k, j, i] of the box."""
    sums = Decomposition()
    for slabs in members:
        sums.add(_exclusive(slabs, parts, box))
    return sums.result()


def _exclusive(slabs: Slabs, parts: Parts, box: Region) -> NDArray[np.float32]:
    """(part, k, j, i) of the box, the rest first; sums to 1."""
    found = np.zeros((1 + len(parts.names), *box.shape), dtype=np.float32)
    last = box.origin[0] + box.shape[0]
    _, rows, columns = slices_of(box)
    for channel, first, values in slabs:
        begin, end = max(first, box.origin[0]), min(first + len(values), last)
        part = next((number for number, wanted in enumerate(parts.channels, 1) if channel in wanted), None)
        if part is None or begin >= end:
            continue
        here = found[part, begin - box.origin[0] : end - box.origin[0]]
        given = values[begin - first : end - first, rows, columns]
        np.copyto(here, np.maximum(here, given) if parts.overlap else here + given)
    np.clip(found, 0, 1, out=found)
    found[0] = np.clip(1 - found[1:].sum(axis=0), 0, 1)
    return found

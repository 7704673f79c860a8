"""How much of a map's doubt lies where doubt is clustered, has edges, or is disordered: the spatial mass ratio.

    SMR = sum U(x) phi(x) / sum U(x)

over the voxels that count, with a local measure phi in [0, 1] of the window around x, see `windows`; beyond an image's
end its voxels are mirrored. Guarino et al. 2026 (arXiv:2603.29941). It knows nothing of how much doubt there is.
"""

from __future__ import annotations

import math
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from services.aggregation import windows
from services.aggregation.names import Strategy
from services.evaluation.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from services.aggregation.maps import Values

    Region = np.ndarray

LOCAL: Mapping[Strategy, Callable[[Values], Values]] = MappingProxyType(
    {
        Strategy.MORAN_MASS: windows.moran,
        Strategy.EDGE_MASS: windows.edge_density,
        Strategy.ENTROPY_MASS: windows.entropy,
    }
)
NO_DOUBT = "there is no doubt anywhere here"
ALL_FLAT = "doubt is the same in every window that has any"
BLOCK = (8, 32, 192)
"""Voxels that are looked at together, so that what is made of them stays in the processor's memory."""


def mass_ratios(values: Values, strategy: Strategy, regions: Sequence[Region | None]) -> list[Measured]:
    """The ratio of a map, 2D or 3D in [0, 1], in each of several regions; None stands for all of it.

    Voxels whose window is flat have no Moran's I and are left out, above and below the line. Parts of the map without
    any doubt are passed over: they have no mass.
    """
    weighed, mass = np.zeros((2, len(regions)))
    axes = "kji"[: values.ndim]
    for block, inner in _blocks(values):
        local = LOCAL[strategy](block)
        flat = np.isnan(local)
        has = np.where(flat, 0, values[inner]) if flat.any() else values[inner]
        local[flat] = 0
        for number, region in enumerate(regions):
            there = has if region is None else np.where(region[inner], has, 0)
            mass[number] += there.sum()
            weighed[number] += np.einsum(f"{axes},{axes}->", there, local)
    every = zip(weighed.tolist(), mass.tolist(), regions, strict=True)
    return [_ratio(above, below, values, region) for above, below, region in every]


def _ratio(weighed: float, mass: float, values: Values, region: Region | None) -> Measured:
    if mass > 0:
        return Measured(float(weighed / mass))
    any_doubt = values.any() if region is None else values[region].any()
    return Measured(math.nan, ALL_FLAT if any_doubt else NO_DOUBT)


def _blocks(values: Values) -> Iterator[tuple[Values, tuple[slice, ...]]]:
    """Blocks with any doubt, each with a voxel more around it, and where their inner voxels lie in the map."""
    padded = np.pad(values, 1, mode="reflect") if min(values.shape, default=0) > 1 else np.pad(values, 1, mode="edge")
    size = BLOCK[-values.ndim :]
    starts = (range(0, length, step) for length, step in zip(values.shape, size, strict=True))
    for corner in product(*starts):
        inner = tuple(slice(first, first + step) for first, step in zip(corner, size, strict=True))
        if values[inner].any():
            yield padded[tuple(slice(part.start, part.stop + 2) for part in inner)], inner

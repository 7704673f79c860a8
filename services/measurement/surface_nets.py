"""From a field on a grid to triangles: surface nets, a vertex in every cell that the surface passes through.

Gibson 1998, doi:10.1007/BFb0056277. Half the vertices of marching cubes and none of its slivers, which suits a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS_OF_AN_EDGE = ((0, 0), (1, 0), (1, 1), (0, 1))
"""The four cells round an edge, in turn, as steps back along the two other axes."""


def surface_nets(field: NDArray[np.floating], level: float) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The surface where `field` (k, j, i) crosses `level`, whose outermost voxels must all be below it.

    Returns vertices (n, 3) in voxels (k, j, i) and triangles (m, 3), which are closed and, in a right-handed grid,
    turn against the clock when seen from outside. Without any voxel at `level` both are empty.
    Raises ValueError where the border is not below the level.
    """
    _require_border(field, level)
    edges = [_edges(field, level, axis) for axis in range(3)]
    cells = np.concatenate([cells.reshape(-1) for cells, _, _ in edges])
    crossings = np.concatenate([np.repeat(points, 4, axis=0) for _, points, _ in edges])
    found, vertex_of = np.unique(cells, return_inverse=True)
    counts = np.bincount(vertex_of, minlength=len(found))
    sums = [np.bincount(vertex_of, weights=crossings[:, axis], minlength=len(found)) for axis in range(3)]
    quads = vertex_of.reshape(-1, 4)
    outward = np.concatenate([rising for _, _, rising in edges])
    quads[outward] = quads[outward, ::-1]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None], triangles


def _edges(
    field: NDArray[np.floating], level: float, axis: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Edges along an axis that cross: their four cells (e, 4), where they cross (e, 3), and whether inwards."""
    low, high = (np.take(field, range(at, field.shape[axis] - 1 + at), axis) for at in (0, 1))
    crossing = (low >= level) != (high >= level)
    starts = np.argwhere(crossing)
    below, above = low[crossing].astype(float), high[crossing].astype(float)
    points = starts.astype(float)
    points[:, axis] += (level - below) / (above - below)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cells = np.repeat(starts[:, None], 4, axis=1)
    for corner, (back, up) in enumerate(CELLS_OF_AN_EDGE):
        cells[:, corner, first] -= back
        cells[:, corner, second] -= up
    return np.ravel_multi_index(tuple(np.moveaxis(cells, -1, 0)), field.shape), points, above > below


def _require_border(field: NDArray[np.floating], level: float) -> None:
    for axis in range(3):
        ends = np.take(field, [0, -1], axis)
        if (ends >= level).any():
            message = f"the outermost voxels must be below the level {level}, or the surface would be open"
            raise ValueError(message)

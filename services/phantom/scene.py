"""A body as it is painted: Hounsfield units and labels on planes finer than the slices, one shape over the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import FAR, Points, grid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.implicit import Floats, Vector
    from services.phantom.plan import Plan
    from services.phantom.structures import Structure

    Numbers = NDArray[np.floating]

PLANE_MM = 1.5
"""Planes lie at most this far apart; several of them make a slice."""
AIR = -1000.0
CHUNK = 6
"""Planes that are painted at a time: what a processor keeps at hand."""


class Scene:
    """Paints shapes given by distances, each with an edge as soft as a voxel is wide."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        grid, thickness = plan.grid, plan.thickness
        self.step = int(np.ceil(grid.spacing[0] / PLANE_MM - 1e-6))
        """Planes from one slice to the next."""
        self.pad = int(np.ceil(thickness / 2 / grid.spacing[0] * self.step - 1e-6)) if self.step > 1 else 0
        """Planes beyond the first and the last slice."""
        self.apart = grid.spacing[0] / self.step
        count = (grid.shape[0] - 1) * self.step + 1 + 2 * self.pad
        z = grid.axis(0)[0] + (np.arange(count) - self.pad) * self.apart
        self.points = grid_of(z, grid.axis(1), grid.axis(2))
        self.hounsfield = np.full(self.points.shape, AIR, np.float32)
        self.labels = np.zeros(self.points.shape, np.uint8)
        self.edge = np.float32(max(grid.spacing[1], 0.8 * self.apart))

    def part(self, low: Vector, high: Vector) -> Part | None:
        """A box of the scene between two corners (z, y, x) in mm; None where the scene has nothing of it."""
        index = tuple(
            slice(int(np.searchsorted(axis.ravel(), low[n])), int(np.searchsorted(axis.ravel(), high[n], side="right")))
            for n, axis in enumerate(self.points)
        )
        if any(one.start >= one.stop for one in index):
            return None
        return Part(self, index[0], index[1], index[2])

    def around(self, centre: Vector, radii: Vector) -> Part | None:
        """The box that holds a shape of these half sizes and its soft edge."""
        margin = 3.0
        low = (centre[0] - radii[0] - margin, centre[1] - radii[1] - margin, centre[2] - radii[2] - margin)
        high = (centre[0] + radii[0] + margin, centre[1] + radii[1] + margin, centre[2] + radii[2] + margin)
        return self.part(low, high)

    def along(self, path: NDArray[np.floating], radius: float) -> Part | None:
        """The box that holds a tube of at most this radius."""
        low, high = path.min(axis=0) - radius - 3.0, path.max(axis=0) + radius + 3.0
        return self.part((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    @property
    def whole(self) -> Part:
        """Everything."""
        return Part(self, slice(None), slice(None), slice(None))

    def field_on_slices(self, part: Part, distance: Floats) -> Floats:
        """A distance of a part of the scene at the middles of all slices [k, j, i]; FAR outside the part."""
        field = np.full(self.plan.grid.shape, FAR, np.float32)
        planes = self.pad + np.arange(self.plan.grid.shape[0]) * self.step
        first, last, _ = part.index[0].indices(self.hounsfield.shape[0])
        held = (planes >= first) & (planes < last)
        field[held, part.index[1], part.index[2]] = distance[planes[held] - first]
        return field

    def on_slices(self, planes: NDArray[np.generic]) -> NDArray[np.generic]:
        """Those planes that are the middles of slices."""
        return planes[self.pad : len(planes) - self.pad : self.step]


class Part:
    """A box of a scene: its points, and views of its voxels."""

    def __init__(self, scene: Scene, k: slice, j: slice, i: slice) -> None:
        z, y, x = scene.points
        self.index = (k, j, i)
        self.points = Points(z[k], y[:, j], x[..., i])
        self.hounsfield = scene.hounsfield[self.index]
        self.labels = scene.labels[self.index]
        self._edge = scene.edge

    def fill(self, distance: Numbers, hounsfield: float | Numbers, structure: Structure | None) -> None:
        """Paint where the distance is negative; None leaves the labels as they are."""
        shape = self.hounsfield.shape
        distance = np.broadcast_to(np.asarray(distance, np.float32), shape)
        target = np.broadcast_to(np.asarray(hounsfield, np.float32), shape)
        for first in range(0, shape[0], CHUNK):
            planes = slice(first, first + CHUNK)
            self._fill_planes(self.hounsfield[planes], self.labels[planes], distance[planes], target[planes], structure)

    def _fill_planes(
        self, here: Floats, labels: NDArray[np.uint8], distance: Floats, target: Floats, structure: Structure | None
    ) -> None:
        inside = distance * -(1 / self._edge)
        inside += np.float32(0.5)
        if inside.max() <= 0:
            return
        np.clip(inside, 0, 1, out=inside)
        inside *= target - here
        here += inside
        if structure is not None:
            np.putmask(labels, distance < 0, np.uint8(structure))

    def distance_field(self, scene: Scene, distance: Floats) -> Floats:
        """A distance of this box on the whole scene; FAR outside the box."""
        field = np.full(scene.points.shape, FAR, np.float32)
        field[self.index] = distance
        return field

"""The aorta of a painted scan: on every slice a middle, a radius, waves around the wall, a lumen inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.structures import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.painted.painting import Floats, Grid

BARE_WALL_MM = 1.6
"""Where wall and lumen are nearer than this there is no thrombus, only the wall."""
ILIAC_SLOPE = 0.42
"""Millimetres to the side per millimetre down, below the bifurcation."""
WAVES = 3


@dataclass(frozen=True)
class AortaShape:
    """Millimetres; z counts from the middle of the scan towards the head."""

    radius: float = 10.5
    sac_radius: float = 26.0
    """Largest outer radius; the same as `radius` where there is no aneurysm."""
    sac_centre: float = -15.0
    sac_length: float = 32.0
    lumen_in_sac: float = 11.0
    lumen_shift: tuple[float, float] = (-6.0, 3.0)
    """How far the lumen lies from the middle of the sac, along y and x: here to the front and to the left."""
    bifurcation: float = -75.0
    sway: float = 5.0


@dataclass(frozen=True)
class Aorta:
    """Distances on the whole grid [k, j, i] in mm, measured in the axial plane: negative inside."""

    outer: Floats
    lumen: Floats
    iliacs: Floats
    centre: Floats
    """(k, 2): y and x of the middle of the sac on every slice, in mm."""
    radius: Floats
    """(k,): mean outer radius on every slice."""
    lobes: Floats
    """(k, WAVES): amplitudes in mm of the waves around the wall."""
    bifurcation: float

    @property
    def largest_diameter(self) -> float:
        """Largest diameter in an axial plane, from the formula of the wall, in mm."""
        angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
        around = np.stack([np.cos((n + 2) * angle + n) for n in range(WAVES)])
        wall = self.radius[:, None] + self.lobes @ around
        line = wall[int(np.argmax((wall[:, :360] + wall[:, 360:]).max(axis=1)))]
        y, x = line * np.sin(angle), line * np.cos(angle)
        return float(np.hypot(y[:, None] - y, x[:, None] - x).max())


def aorta_on(
    grid: Grid, shape: AortaShape, front_of_spine: float, factors: frozenset[Factor], rng: np.random.Generator
) -> Aorta:
    """The aorta with its two common iliac arteries. `front_of_spine`: y of the vertebrae's front in mm."""
    z = grid.axis(0)
    swollen = shape.sac_radius > shape.radius
    sac = np.exp(-(((z - shape.sac_centre) / shape.sac_length) ** 4)) * np.float32(swollen)
    outer_radius = shape.radius + (shape.sac_radius - shape.radius) * sac
    widest_lumen = shape.sac_radius - 4.5 if Factor.THIN_THROMBUS in factors else shape.lumen_in_sac
    lumen_radius = shape.radius - 1.2 + (widest_lumen - shape.radius + 1.2) * sac
    y = front_of_spine - 3.0 - outer_radius
    x = 8.0 + shape.sway * np.sin(z / 45.0)
    lobes, inner = _lobes(rng, sac), _lobes(rng, 0.4 * sac)
    outer = tube(grid, y, x, outer_radius, lobes)
    dy, dx = (0.0, 0.5) if Factor.THIN_THROMBUS in factors else shape.lumen_shift
    lumen = tube(grid, y + dy * sac, x + dx * sac, lumen_radius, inner)
    above = z[:, None, None] > shape.bifurcation
    far = np.float32(1e3)
    iliacs = _iliacs(grid, shape, y, x, wide=Factor.ILIAC_ANEURYSM in factors)
    outer, lumen = np.where(above, outer, far), np.where(above, lumen, far)
    return Aorta(outer, lumen, iliacs, np.stack([y, x], axis=1), outer_radius, lobes, shape.bifurcation)


def tube(grid: Grid, y: Floats, x: Floats, radius: Floats, lobes: Floats) -> Floats:
    """Distance from a tube with the given middle and radius on every slice; `lobes` (k, WAVES): amplitudes in mm."""
    dy = grid.axis(1)[None, :, None] - y[:, None, None]
    dx = grid.axis(2)[None, None, :] - x[:, None, None]
    wave = np.zeros((len(y), 1, 1), dtype=np.float32)
    if lobes.any():
        angle = np.arctan2(dy, dx)
        wave = sum(lobes[:, n, None, None] * np.cos((n + 2) * angle + n) for n in range(lobes.shape[1]))
    distance: Floats = (np.hypot(dy, dx) - radius[:, None, None] - wave).astype(np.float32)
    return distance


def _lobes(rng: np.random.Generator, sac: Floats) -> Floats:
    """Sacs are not round: three waves around the wall, up to 1.5 mm high."""
    heights: Floats = (sac[:, None] * rng.uniform(0.3, 1.5, size=WAVES)[None]).astype(np.float32)
    return heights


def _iliacs(grid: Grid, shape: AortaShape, y: Floats, x: Floats, *, wide: bool) -> Floats:
    """The common iliac arteries, below the bifurcation only; the left one may be an aneurysm itself."""
    z = grid.axis(0)
    below = np.maximum(shape.bifurcation - z, 0.0)
    none = np.zeros((len(z), WAVES), dtype=np.float32)
    sides = []
    for side in (-1.0, 1.0):
        radius = np.full_like(z, shape.radius * 0.62)
        if wide and side > 0:
            radius = radius + (13.0 - radius) * np.exp(-(((below - 32) / 15) ** 2))
        sides.append(tube(grid, y - 0.12 * below, x + side * (4.0 + ILIAC_SLOPE * below), radius, none))
    far = np.float32(1e3)
    branches: Floats = np.where(z[:, None, None] <= shape.bifurcation + 4.0, np.minimum(*sides), far)
    return branches


def labelled(aorta: Aorta) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the lumen with its bare wall is, and where thrombus is, inside the outer wall."""
    inside = aorta.outer < 0
    lumen = inside & (aorta.lumen < BARE_WALL_MM)
    return lumen, inside & ~lumen

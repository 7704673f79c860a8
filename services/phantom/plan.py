"""What a generated scan is to be: a person, an aorta, a scan, and the factors that make it hard."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.structures import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

THICK_MM = 5.0
NOISY = 2.4
"""How many times the standard deviation of the noise grows under Factor.NOISE."""


class Phase(StrEnum):
    """When after the contrast medium the scan was made."""

    ARTERIAL = "arterial"
    PORTAL_VENOUS = "portal venous"
    NON_CONTRAST = "non-contrast"


class Kernel(StrEnum):
    """How sharply the scanner reconstructs; sharper is noisier."""

    SOFT = "soft"
    MEDIUM = "medium"
    SHARP = "sharp"


class SacKind(StrEnum):
    """The shape of the aneurysm."""

    NONE = "none"
    FUSIFORM = "fusiform"
    SACCULAR = "saccular"


@dataclass(frozen=True)
class Grid:
    """Voxel centres of an axial scan in mm; z = 0 is where the aorta divides, before the body's own variation."""

    shape: tuple[int, int, int] = (120, 256, 256)
    spacing: tuple[float, float, float] = (2.5, 1.4, 1.4)
    middle: tuple[float, float, float] = (48.0, 4.0, 0.0)
    """z, y and x of the middle of the grid."""

    def axis(self, number: int) -> NDArray[np.float64]:
        """Positions along one of (k, j, i) in millimetres."""
        size = self.shape[number]
        return np.asarray((np.arange(size) - (size - 1) / 2) * self.spacing[number] + self.middle[number], float)

    @property
    def affine(self) -> NDArray[np.float64]:
        """(k, j, i) to LPS millimetres, 4x4."""
        matrix = np.zeros((4, 4))
        matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = *self.spacing, 1.0
        matrix[:3, 3] = [self.axis(2)[0], self.axis(1)[0], self.axis(0)[0]]
        return matrix

    def with_slices(self, increment: float) -> Grid:
        """About the same length of the body in slices of another height."""
        count = max(1, round(self.shape[0] * self.spacing[0] / increment))
        return replace(self, shape=(count, *self.shape[1:]), spacing=(increment, *self.spacing[1:]))


@dataclass(frozen=True)
class Person:
    """Build. Millimetres."""

    half_width: float = 165.0
    half_depth: float = 118.0
    fat: float = 20.0
    """Thickness of the fat under the skin at the flank."""
    bone: float = 165.0
    """HU of the spongy bone of the vertebrae; falls with age."""


@dataclass(frozen=True)
class Sac:
    """The aneurysm and the vessel that bears it. Millimetres."""

    kind: SacKind = SacKind.FUSIFORM
    radius: float = 27.0
    """Outer radius that the sac is built with; the diameter that results is the truth's, not twice this."""
    height: float = 42.0
    """z of the middle of the sac above the bifurcation."""
    length: float = 34.0
    """Over this distance from its middle the sac falls to a third of its excess."""
    neck: float = 10.5
    """Radius of the aorta where it is not widened: adults 15 to 24 mm across below the kidneys."""
    lumen: float = 11.5
    """Radius of the lumen in the sac."""
    shift: tuple[float, float] = (-6.0, 5.0)
    """How far the lumen lies off the middle of the sac along y and x."""
    calcified: float = 0.5
    """0: no plaque, 1: plaque on a third of the wall."""
    sway: float = 6.0
    """How far the aorta swings to either side."""

    def grown(self, by: float) -> Sac:
        """The same sac `by` mm larger in radius; its lumen stays, as thrombus takes up the growth."""
        return replace(self, radius=self.radius + by)


@dataclass(frozen=True)
class Scan:
    """How it was scanned."""

    grid: Grid = field(default_factory=Grid)
    phase: Phase = Phase.ARTERIAL
    kernel: Kernel = Kernel.MEDIUM
    noise: float = 15.0
    """Standard deviation in HU in the middle of a body of average width, kernel medium."""
    thickness: float | None = None
    """Width of the slice profile in mm; None: as far as the slices lie apart."""
    circle: bool = False
    """Whether nothing is reconstructed outside the largest circle in the picture."""
    seed: int = 0
    """Of the noise alone: a second scan of the same person differs in it."""


@dataclass(frozen=True)
class Plan:
    """One generated scan. Equal plans give equal voxels."""

    seed: int
    person: Person = field(default_factory=Person)
    sac: Sac = field(default_factory=Sac)
    scan: Scan = field(default_factory=Scan)
    factors: frozenset[Factor] = frozenset()

    def without(self, factor: Factor) -> Plan:
        """The pair: the same plan, this factor removed."""
        return replace(self, factors=self.factors - {factor})

    def has(self, factor: Factor) -> bool:
        """Whether this factor is in."""
        return factor in self.factors

    def rng(self, part: str, *, of_scan: bool = False) -> np.random.Generator:
        """Chance for one part alone, so that a change in one part never moves another.

        `of_scan`: of what differs between two scans of a person, such as what the bowel holds.
        """
        return np.random.default_rng([self.seed, zlib.crc32(part.encode()), self.scan.seed * of_scan])

    @property
    def phase(self) -> Phase:
        """The contrast phase, factors included."""
        return Phase.NON_CONTRAST if self.has(Factor.NON_CONTRAST) else self.scan.phase

    @property
    def grid(self) -> Grid:
        """The grid, factors included."""
        return self.scan.grid.with_slices(THICK_MM) if self.has(Factor.THICK_SLICES) else self.scan.grid

    @property
    def thickness(self) -> float:
        """Width of the slice profile in mm, factors included."""
        return THICK_MM if self.has(Factor.THICK_SLICES) else self.scan.thickness or self.scan.grid.spacing[0]

    @property
    def noise(self) -> float:
        """Standard deviation of the noise in HU, factors included."""
        return self.scan.noise * (NOISY if self.has(Factor.NOISE) else 1.0)

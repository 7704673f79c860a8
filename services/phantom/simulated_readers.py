"""Four simulated readers of a scan, each with habits of their own. SYNTHETIC: nobody drew these.

A reader sees the outer wall through a smooth deformation that never folds (`deforming`), whose amplitude grows where
the scan does not show the wall (`ambiguity`); the border between lumen and thrombus is moved likewise along its own
distance. Now and then, more often where the wall is unclear, a reader takes a piece of a neighbour for the sac or
leaves a piece of thrombus out: published differences between observers have a long tail (Cayne et al. 2004,
doi:10.1016/j.jvs.2003.11.042: 2.8 mm on average, standard deviation 4.4, up to 26). Our own design throughout
(docs/decisions/0026-simulated-readers.md); docs/phantoms.md has how the cohorts compare with what is published.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage, stats

from services import volume
from services.phantom.ambiguity import ambiguity, moved_elsewhere
from services.phantom.deforming import NODE_MM, Lattice, exponential, taken
from services.phantom.vessels import label_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.implicit import Floats

READERS_VERSION = "2"
SIGHT_MM = 32.0
"""What is looked at around the vessels; nobody draws further out."""
STEADY_REACH_MM = 7.0
"""Without a misjudged piece nobody draws further outside the wall than this."""
THICK_MM = 4.0
"""Pieces are misjudged where thrombus is thicker than this: a bare wall around blood is plain to see."""
TOO_WIDE = 0.6
"""Share of misjudged pieces that take in a neighbour; the others leave thrombus out."""
LENGTH_MM, BUMP_MM = 14.0, (11.0, 16.0)
"""How far a deformation is alike, and how wide a misjudged piece is (standard deviations)."""
BARE_MM = 1.0
"""Nobody leaves blood out: the wall is drawn at least this far outside the lumen as drawn."""


class Scan(NamedTuple):
    """What is read, and what is true of it: arrays [k, j, i], distances in mm, negative inside. Slices lead upwards."""

    hounsfield: NDArray[np.int16]
    outer: Floats
    lumen: Floats
    iliacs: Floats
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class Habits:
    """How one reader draws."""

    name: str
    wall_mm: float = 0.0
    """How much too far out, on average."""
    lumen_mm: float = 0.0
    """How much wider the lumen, at the thrombus's cost alone."""
    lapses: float = 0.0
    """Share of slices that are left as the slice below was."""
    iliacs_mm: float = 20.0
    """How far the iliac arteries are followed below the aorta."""


FOUR = (
    Habits("Reader 1", wall_mm=0.35, iliacs_mm=24.0),
    Habits("Reader 2", wall_mm=-0.35, iliacs_mm=18.0),
    Habits("Reader 3", lumen_mm=1.6, iliacs_mm=12.0),
    Habits("Reader 4", lapses=0.08, iliacs_mm=0.0),
)


@dataclass(frozen=True)
class Cohort:
    """How much four readers differ, and where. The amplitudes were chosen on the demonstration's cohort and stay."""

    name: str
    steady_mm: float = 0.3
    """Standard deviation of a hand where the wall is plain to see."""
    unsure_mm: float = 0.7
    """What is added where it cannot be seen at all."""
    misjudged: float = 0.4
    """Pieces that one reader misjudges in one scan, on average, were the whole wall of the sac unclear."""
    piece_mm: tuple[float, float] = (11.0, 29.0)
    """How far off a misjudged piece is."""
    habits: float = 1.0
    """What `wall_mm` and `lumen_mm` are multiplied with."""
    follows_the_image: bool = True
    """Whether readers differ where the scan is unclear; else in as many places that have nothing to do with it."""


MAIN = Cohort("main")
LOW_AGREEMENT = Cohort("low agreement", steady_mm=2.0, unsure_mm=4.0, misjudged=6.0, habits=5.0)
CONTROL = Cohort("independent of the image", follows_the_image=False)
COHORTS = {cohort.name: cohort for cohort in (MAIN, LOW_AGREEMENT, CONTROL)}


@dataclass(frozen=True)
class _Sight:
    """What all readers of one scan have in common."""

    scan: Scan
    lattice: Lattice
    away: Floats
    """(nodes): distance from the outer wall, known further out than the formula's."""
    by_thrombus: NDArray[np.bool_]
    """(nodes): at the wall, thrombus inside of it."""
    normal: Floats
    """(3, nodes): outwards, length 1 near the wall."""
    wall_unclear: Floats
    lumen_unclear: Floats


def read_by_four(scan: Scan, seed: tuple[int, int], cohort: Cohort = MAIN) -> dict[str, NDArray[np.uint8]]:
    """What each of the four draws: label maps [k, j, i], 1 lumen, 2 thrombus. The same seed gives the same."""
    box = around(np.minimum(scan.outer, scan.iliacs) < 0, scan.spacing)
    if box is None:
        return {habits.name: np.zeros(scan.outer.shape, np.uint8) for habits in FOUR}
    near = Scan(scan.hounsfield[box], scan.outer[box], scan.lumen[box], scan.iliacs[box], scan.spacing)
    sight = _look(near, cohort, np.random.default_rng([*seed, zlib.crc32(b"readers")]))
    drawn = {}
    for habits in FOUR:
        drawn[habits.name] = np.zeros(scan.outer.shape, np.uint8)
        drawn[habits.name][box] = _read(sight, habits, cohort, seed)
    return drawn


def around(vessels: NDArray[np.bool_], spacing: tuple[float, float, float]) -> tuple[slice, slice, slice] | None:
    """The box of the vessels and SIGHT_MM around them, or None where there are none."""
    region = volume.bounding_region(vessels)
    if region is None:
        return None
    return volume.slices_of(volume.widened(region, SIGHT_MM, spacing, vessels.shape))


def _look(scan: Scan, cohort: Cohort, rng: np.random.Generator) -> _Sight:
    lattice = Lattice(scan.outer.shape, scan.spacing)
    wall = _far_as_well(lattice.sampled(scan.outer))
    slopes = np.stack(np.gradient(ndimage.gaussian_filter(wall, 0.7), NODE_MM))
    normal = np.asarray(slopes / np.maximum(np.linalg.norm(slopes, axis=0), 0.3), np.float32)
    by_thrombus = (np.abs(wall) < NODE_MM) & (lattice.sampled(scan.lumen) - wall > THICK_MM)
    unclear = [ambiguity(scan.hounsfield, distance, lattice) for distance in (scan.outer, scan.lumen)]
    if not cohort.follows_the_image:
        near = wall < SIGHT_MM / 2
        unclear = [moved_elsewhere(one, near, lattice.random_field(rng, LENGTH_MM)[0]) for one in unclear]
    return _Sight(scan, lattice, wall, by_thrombus, normal, *unclear)


def _far_as_well(wall: Floats) -> Floats:
    """Distances at nodes; where the formula's end, counted from the nodes inside."""
    if not (wall < 0).any():
        return np.minimum(wall, np.float32(SIGHT_MM))
    counted = ndimage.distance_transform_edt(wall >= 0, sampling=NODE_MM) - NODE_MM / 2
    return np.asarray(np.where(wall < STEADY_REACH_MM, wall, np.minimum(counted, SIGHT_MM)), np.float32)


def _read(sight: _Sight, habits: Habits, cohort: Cohort, seed: tuple[int, int]) -> NDArray[np.uint8]:
    rng = np.random.default_rng([*seed, zlib.crc32(habits.name.encode())])
    outwards = habits.wall_mm * cohort.habits + _misjudged(sight, cohort, rng)
    random = sight.lattice.random_field(rng, LENGTH_MM, 3)
    # what a voxel shows lies at exp(v): to draw further out is to look further in
    velocity = _amplitude(sight.wall_unclear, cohort) * random - outwards * sight.normal
    places = _places(sight, STEADY_REACH_MM + max(float(outwards.max()), cohort.unsure_mm))
    nodes = sight.lattice.in_nodes(places)
    seen_from = places + taken(exponential(velocity), nodes) / np.array(sight.scan.spacing, np.float32)[:, None]
    outer = taken([np.minimum(sight.scan.outer, SIGHT_MM)], seen_from)[0]
    borders = sight.lattice.random_field(rng, LENGTH_MM)
    moved = taken(_amplitude(sight.lumen_unclear, cohort) * borders, nodes)[0]
    lumen = _by_habit(sight.scan, tuple(places), habits.lumen_mm * cohort.habits) - moved
    drawn = np.zeros(sight.scan.outer.shape, np.uint8)
    drawn[tuple(places)] = label_map(np.minimum(outer, lumen - np.float32(BARE_MM)), lumen)
    return _with_lapses(_with_iliacs(drawn, sight, habits), habits.lapses, rng)


def _by_habit(scan: Scan, places: tuple[NDArray[np.intp], ...], wider_mm: float) -> Floats:
    """Distance from a lumen that is wider by so much where there is thrombus to take it from."""
    lumen = scan.lumen[places]
    return np.asarray(np.minimum(lumen, np.maximum(lumen - wider_mm, scan.outer[places] + BARE_MM)), np.float32)


def _places(sight: _Sight, reach: float) -> NDArray[np.intp]:
    """(3, n): the voxels that a reader may count in, by the node next to each."""
    nearest = [
        np.rint(np.arange(size) * mm / NODE_MM).astype(int)
        for size, mm in zip(sight.scan.outer.shape, sight.scan.spacing, strict=True)
    ]
    return np.stack(np.nonzero((sight.away < reach + NODE_MM / 2)[np.ix_(*nearest)]))


def _amplitude(unclear: Floats, cohort: Cohort) -> Floats:
    return np.asarray(cohort.steady_mm + cohort.unsure_mm * unclear, np.float32)


def _misjudged(sight: _Sight, cohort: Cohort, rng: np.random.Generator) -> Floats:
    """(nodes): mm outwards; bumps and dents where the wall is unclear."""
    chance = np.where(sight.by_thrombus, sight.wall_unclear, 0).ravel().astype(np.float64)
    found = np.zeros(sight.lattice.shape, np.float32)
    pieces = rng.poisson(cohort.misjudged * chance.sum() / max(int(sight.by_thrombus.sum()), 1))
    for _ in range(pieces):
        node = np.unravel_index(rng.choice(chance.size, p=chance / chance.sum()), found.shape)
        size, width = rng.uniform(*cohort.piece_mm), rng.uniform(*BUMP_MM)
        bumps = [stats.norm.pdf(np.arange(n), at, width / NODE_MM) for n, at in zip(found.shape, node, strict=True)]
        k, j, i = (bump / bump.max() for bump in bumps)
        found += np.float32(size if rng.random() < TOO_WIDE else -size) * (k[:, None, None] * j[:, None] * i)
    return np.clip(found, -SIGHT_MM, SIGHT_MM - STEADY_REACH_MM).astype(np.float32)


def _with_iliacs(drawn: NDArray[np.uint8], sight: _Sight, habits: Habits) -> NDArray[np.uint8]:
    """The iliac arteries, as lumen, from the aorta down as far as the reader follows them."""
    lowest = int(np.argmax((sight.scan.outer < 0).any(axis=(1, 2))))
    first = max(0, lowest - round(habits.iliacs_mm / sight.scan.spacing[0]))
    if habits.iliacs_mm > 0:
        part = drawn[first:]
        part[(sight.scan.iliacs[first:] < 0) & (part == 0)] = 1
    return drawn


def _with_lapses(drawn: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    lapsed = np.flatnonzero(rng.random(len(drawn)) < share)
    for k in lapsed[lapsed > 0]:
        drawn[k] = drawn[k - 1]
    return drawn

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

READERS_VERSION = "1"
REACH_MM = 13.0
"""Nobody draws further outside the wall than this."""
SIGHT_MM = 16.0
"""What is looked at around the vessels."""
LENGTH_MM, BUMP_MM = 14.0, (9.0, 15.0)
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
    """How much wider the lumen, at the thrombus's cost."""
    lapses: float = 0.0
    """Share of slices that are left as the slice below was."""
    iliacs_mm: float = 20.0
    """How far the iliac arteries are followed below the aorta."""


FOUR = (
    Habits("Reader 1", wall_mm=0.5, iliacs_mm=24.0),
    Habits("Reader 2", wall_mm=-0.5, iliacs_mm=18.0),
    Habits("Reader 3", lumen_mm=1.6, iliacs_mm=12.0),
    Habits("Reader 4", lapses=0.08, iliacs_mm=0.0),
)


@dataclass(frozen=True)
class Cohort:
    """How much four readers differ, and where."""

    name: str
    steady_mm: float = 0.35
    """Standard deviation of a hand where the wall is plain to see."""
    unsure_mm: float = 1.6
    """What is added where it cannot be seen at all."""
    misjudged: float = 0.6
    """Pieces that one reader misjudges in one scan, on average, were the whole wall unclear."""
    piece_mm: tuple[float, float] = (6.0, 18.0)
    """How far off a misjudged piece is."""
    habits: float = 1.0
    """What `wall_mm` and `lumen_mm` are multiplied with."""
    follows_the_image: bool = True
    """Whether readers differ where the scan is unclear; else in as many places that have nothing to do with it."""


MAIN = Cohort("main")
LOW_AGREEMENT = Cohort("low agreement", steady_mm=2.2, unsure_mm=6.0, misjudged=6.0, habits=5.0)
CONTROL = Cohort("independent of the image", follows_the_image=False)
COHORTS = {cohort.name: cohort for cohort in (MAIN, LOW_AGREEMENT, CONTROL)}


@dataclass(frozen=True)
class _Sight:
    """What all readers of one scan have in common."""

    scan: Scan
    lattice: Lattice
    places: NDArray[np.intp]
    """(3, n): voxels that somebody may count in."""
    at_wall: NDArray[np.bool_]
    normal: Floats
    """(3, nodes): outwards, length 1 near the wall."""
    wall_unclear: Floats
    lumen_unclear: Floats


def read_by_four(scan: Scan, seed: tuple[int, int], cohort: Cohort = MAIN) -> dict[str, NDArray[np.uint8]]:
    """What each of the four draws: label maps [k, j, i], 1 lumen, 2 thrombus. The same seed gives the same."""
    region = volume.bounding_region(np.minimum(scan.outer, scan.iliacs) < SIGHT_MM)
    if region is None:
        return {habits.name: np.zeros(scan.outer.shape, np.uint8) for habits in FOUR}
    box = volume.slices_of(region)
    near = Scan(scan.hounsfield[box], scan.outer[box], scan.lumen[box], scan.iliacs[box], scan.spacing)
    sight = _look(near, cohort, np.random.default_rng([*seed, zlib.crc32(b"readers")]))
    drawn = {}
    for habits in FOUR:
        drawn[habits.name] = np.zeros(scan.outer.shape, np.uint8)
        drawn[habits.name][box] = _read(sight, habits, cohort, seed)
    return drawn


def _look(scan: Scan, cohort: Cohort, rng: np.random.Generator) -> _Sight:
    lattice = Lattice(scan.outer.shape, scan.spacing)
    wall = np.clip(lattice.sampled(scan.outer), -60, REACH_MM + 5).astype(np.float32)
    slopes = np.stack(np.gradient(ndimage.gaussian_filter(wall, 0.7), NODE_MM))
    steep = np.linalg.norm(slopes, axis=0)
    normal = np.asarray(slopes / np.maximum(steep, 0.3), np.float32)
    at_wall = np.abs(wall) < NODE_MM
    unclear = [ambiguity(scan.hounsfield, distance, lattice) for distance in (scan.outer, scan.lumen)]
    if not cohort.follows_the_image:
        near = wall < REACH_MM
        unclear = [moved_elsewhere(one, near, lattice.random_field(rng, LENGTH_MM)[0]) for one in unclear]
    places = np.stack(np.nonzero(np.minimum(scan.outer, scan.iliacs + REACH_MM) < REACH_MM))
    return _Sight(scan, lattice, places, at_wall, normal, *unclear)


def _read(sight: _Sight, habits: Habits, cohort: Cohort, seed: tuple[int, int]) -> NDArray[np.uint8]:
    rng = np.random.default_rng([*seed, zlib.crc32(habits.name.encode())])
    nodes = sight.lattice.in_nodes(sight.places)
    moved = taken(exponential(_velocity(sight, habits, cohort, rng)), nodes)
    seen_from = sight.places + moved / np.array(sight.scan.spacing, np.float32)[:, None]
    outer = taken([np.minimum(sight.scan.outer, REACH_MM + 5)], seen_from)[0]
    wider = habits.lumen_mm * cohort.habits + _amplitude(sight.lumen_unclear, cohort) * sight.lattice.random_field(
        rng, LENGTH_MM
    )
    lumen = sight.scan.lumen[tuple(sight.places)] - taken(wider, nodes)[0]
    drawn = np.zeros(sight.scan.outer.shape, np.uint8)
    drawn[tuple(sight.places)] = label_map(np.minimum(outer, lumen - np.float32(BARE_MM)), lumen)
    return _with_lapses(_with_iliacs(drawn, sight, habits), habits.lapses, rng)


def _amplitude(unclear: Floats, cohort: Cohort) -> Floats:
    return np.asarray(cohort.steady_mm + cohort.unsure_mm * unclear, np.float32)


def _velocity(sight: _Sight, habits: Habits, cohort: Cohort, rng: np.random.Generator) -> Floats:
    """(3, nodes) in mm. What a voxel shows lies at exp(v): to draw further out is to look further in."""
    random = sight.lattice.random_field(rng, LENGTH_MM, 3)
    outwards = np.full(sight.lattice.shape, habits.wall_mm * cohort.habits, np.float32)
    outwards += _misjudged(sight, cohort, rng)
    return np.asarray(_amplitude(sight.wall_unclear, cohort) * random - outwards * sight.normal, np.float32)


def _misjudged(sight: _Sight, cohort: Cohort, rng: np.random.Generator) -> Floats:
    """(nodes): mm outwards; bumps and dents where the wall is unclear."""
    chance = np.where(sight.at_wall, sight.wall_unclear, 0).ravel().astype(np.float64)
    found = np.zeros(sight.lattice.shape, np.float32)
    pieces = rng.poisson(cohort.misjudged * chance.sum() / max(int(sight.at_wall.sum()), 1))
    for _ in range(pieces):
        node = np.unravel_index(rng.choice(chance.size, p=chance / chance.sum()), found.shape)
        size, width = rng.uniform(*cohort.piece_mm), rng.uniform(*BUMP_MM)
        out = min(size, REACH_MM - 2) if rng.random() < 0.5 else -size
        bumps = [stats.norm.pdf(np.arange(n), at, width / NODE_MM) for n, at in zip(found.shape, node, strict=True)]
        k, j, i = (bump / bump.max() for bump in bumps)
        found += np.float32(out) * (k[:, None, None] * j[:, None] * i).astype(np.float32)
    return found


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

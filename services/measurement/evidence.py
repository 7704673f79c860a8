"""What intervals of a diameter are made of, gathered once: outlines, local doubt, and the diameters of other walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.measurement.extent import search_of
from services.measurement.field import Field
from services.measurement.names import Name
from services.measurement.voxel_sampling import SAMPLES, sample_voxels, widest_of
from services.measurement.wall_doubt import Rings, wall_moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.measure import Measured
    from services.measurement.sections import Section
    from services.segmentation.member_walls import MemberWalls

    Floats = NDArray[np.float64]

VERSION = "1"
NEARLY_MM = 6.0
"""Planes whose diameter is this much smaller than the largest are asked of other walls too."""
MOST_PLANES = 8
EVERY_MM = 2.0
"""Outlines lie so far apart; their sections are one millimetre apart."""


@dataclass(frozen=True)
class Evidence:
    """Of one shown outline. Lengths in mm."""

    diameter_mm: float
    """The shown one: largest calliper over the planes across its centreline."""
    rings: Rings
    offset_mm: Floats
    """(ring, point): how far out of the drawn wall the probability's mean crossing lies."""
    doubt_mm: Floats
    """(ring, point): standard deviation of the crossing."""
    strays_mm: NDArray[np.float32]
    """(member, ring, point): how far out of the drawn wall each member's own mean crossing lies."""
    members: tuple[float | None, ...]
    """Largest calliper of each member's wall in the shown outline's widest planes; None where it meets none."""
    readers: tuple[float | None, ...]
    """Largest orthogonal diameter of each reader's outline."""
    voxels: tuple[float, ...]
    """Diameters of masks of independent voxels."""
    seed: int


def searched(measured: Measured) -> tuple[Section, ...]:
    """The sections among which the largest diameter of a shown outline was sought; none where it has none."""
    if measured.curve is None or measured[Name.ORTHOGONAL].value is None:
        return ()
    return search_of(measured.curve, measured.sections).sections


def evidence_of(
    sections: Sequence[Section | None],
    probability: NDArray[np.floating] | None,
    affine: Floats,
    *,
    members: MemberWalls | None = None,
    readers: Sequence[float | None] = (),
    voxels: int = SAMPLES,
    seed: int = 0,
) -> Evidence | None:
    """Gather it; None where no section is sound, so that there is no diameter to doubt.

    sections: those of the shown mask that may be the widest, see `searched`. probability: (k, j, i), 0 to 1, of the
    outer wall, with its affine to LPS mm; None where the outline's author gave none. voxels: how many masks of
    independent voxels are drawn.
    """
    sound = [one for one in sections if one is not None and one.sound]
    if not sound:
        return None
    diameters = np.array([one.diameter_mm for one in sound])
    rings = Rings.of(thinned(sound, int(diameters.argmax())))
    planes = widest_planes(sound, diameters)
    if probability is None:
        offset = doubt = np.zeros(rings.points.shape[:2])
    else:
        offset, doubt = wall_moments(probability, affine, rings)
    rng = np.random.default_rng([seed, 1])
    return Evidence(
        float(diameters.max()),
        rings,
        offset,
        doubt,
        strays_of(members, rings),
        tuple(_of_member(members, number, planes) for number in range(len(members or ()))),
        tuple(readers),
        () if probability is None else sample_voxels(probability, affine, planes, rng=rng, samples=voxels),
        seed,
    )


def thinned(sections: Sequence[Section], kept: int) -> list[Section]:
    """Sections about EVERY_MM apart, with one that must stay."""
    chosen, wanted = [], sections[kept].along_mm % EVERY_MM
    last = None
    for number, one in enumerate(sections):
        cell = round((one.along_mm - wanted) / EVERY_MM)
        if number == kept or (cell != last and cell != round((sections[kept].along_mm - wanted) / EVERY_MM)):
            chosen.append(one)
        last = cell
    return chosen


def widest_planes(sections: Sequence[Section], diameters: Floats) -> list[Section]:
    """The widest section, and others nearly as wide, evenly chosen among them."""
    near = np.flatnonzero(diameters >= diameters.max() - NEARLY_MM)
    picked = near[np.unique(np.linspace(0, len(near) - 1, min(MOST_PLANES, len(near))).round().astype(int))]
    return [sections[number] for number in np.unique([*picked, diameters.argmax()])]


def strays_of(members: MemberWalls | None, rings: Rings) -> NDArray[np.float32]:
    """(member, ring, point), mm: where each member has the wall, counted outwards from where it was drawn."""
    if members is None:
        return np.zeros((0, *rings.points.shape[:2]), np.float32)
    found = (wall_moments(members[number], members.affine, rings)[0] for number in range(len(members)))
    return np.stack(list(found)).astype(np.float32)


def _of_member(members: MemberWalls | None, number: int, planes: Sequence[Section]) -> float | None:
    if members is None:
        return None
    values = members[number]
    low, high = np.zeros(3), np.subtract(values.shape, 1).astype(float)
    return widest_of(Field(values, members.affine, low, high), planes)

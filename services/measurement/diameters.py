"""The largest diameters of an aorta and of its iliac arteries, each by its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.measurement.crossings import passes_through
from services.measurement.extent import RISE, not_whole
from services.measurement.names import Name
from services.measurement.results import Measure
from services.measurement.sections import half_of, section_at, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.measurement.centreline import Centrelines
    from services.measurement.curves import Curve
    from services.measurement.extent import Search
    from services.measurement.field import Field
    from services.measurement.sections import Section
    from services.measurement.spheres import Spheres

AORTA = (Name.ORTHOGONAL, Name.AXIAL, Name.INSCRIBED, Name.EQUIVALENT)
DOWN = np.array([0.0, 0.0, -1.0])
FLAT = 0.3
"""Where the curve goes down less than this share of its way, an axial plane cuts it lengthwise and is left out."""
TOUCHING = "the iliac arteries touch: their sections are one"
LIMB_MM = 60.0
"""Of an iliac artery so much counts, from the bifurcation: about a common iliac artery."""
OBLONG = 2.5
"""A section so many times as long as the sphere inside is wide cuts a limb lengthwise, or cuts something else."""


def largest(field: Field, spheres: Spheres, curves: Centrelines, search: Search) -> Iterator[Measure]:
    """The four largest diameters of the aorta; all undefined where the widest place is not seen whole."""
    bound = not_whole(curves.aorta, search)
    if bound is not None:
        why, least = bound
        known = {"at_least_mm": round(least, 2)} if np.isfinite(least) else {}
        yield from (Measure.undefined(name, why, searched=search.where, **known) for name in AORTA)
        return
    widest = max(search.sections, key=lambda one: one.diameter_mm)
    yield _measured(Name.ORTHOGONAL, widest, search)
    axial = max(_axial(field, curves, search), key=lambda one: one.diameter_mm, default=None)
    if axial is None:
        yield Measure.undefined(Name.AXIAL, "the vessel runs along the axial planes", searched=search.where)
    else:
        yield _measured(Name.AXIAL, axial, search)
    yield _inscribed(spheres, curves.aorta, search)
    round_one = max(search.sections, key=lambda one: one.area_mm2)
    yield Measure.of(
        Name.EQUIVALENT, round_one.equivalent_mm, _point(round_one.middle), searched=search.where,
        along_mm=round(round_one.along_mm, 1), area_mm2=round(round_one.area_mm2, 1),
    )  # fmt: skip


def _measured(name: Name, section: Section, search: Search) -> Measure:
    plane = {
        "point": [round(float(v), 2) for v in section.centre],
        "normal": [round(float(v), 4) for v in section.normal],
    }
    return Measure.of(
        name,
        section.diameter_mm,
        *section.ends,
        along_mm=round(section.along_mm, 1),
        plane=plane,
        searched=search.where,
    )


def _point(point: np.ndarray) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])


def _axial(field: Field, curves: Centrelines, search: Search) -> Iterator[Section]:
    """Sound sections in axial planes through the points of the curve that is searched."""
    curve = curves.aorta
    for point, tangent, radius, along in zip(curve.points, curve.tangents, curve.radii, curve.along_mm, strict=True):
        if not search.low_mm <= along <= search.high_mm or abs(tangent[2]) < FLAT:
            continue
        normal = DOWN if tangent[2] < 0 else -DOWN
        found = section_at(field, point, normal, float(along), half_of(float(radius)))
        if found is not None and not found.cut and not passes_through(found, curve, curves.iliacs).second:
            yield found


def _inscribed(spheres: Spheres, curve: Curve, search: Search) -> Measure:
    """The largest sphere, from the widest place of the curve and from there to where it grows."""
    held = np.flatnonzero((curve.along_mm >= search.low_mm) & (curve.along_mm <= search.high_mm))
    starts = held[np.argsort(curve.radii[held])[::-1][:1]]
    centre, radius = spheres.largest(curve.points[starts[0]])
    aside = np.array([radius, 0.0, 0.0])
    return Measure.of(
        Name.INSCRIBED, 2 * radius, _point(centre - aside), _point(centre + aside), searched=search.where,
        along_mm=round(float(curve.along_mm[curve.nearest(centre[None])[0]]), 1),
    )  # fmt: skip


def iliacs(field: Field, curves: Centrelines) -> Iterator[Measure]:
    """The largest calliper diameter of either common iliac artery."""
    names = (Name.ILIAC_RIGHT, Name.ILIAC_LEFT)
    if not curves.iliacs:
        yield from (Measure.undefined(name, "the outline does not divide into iliac arteries") for name in names)
        return
    for name, limb in zip(names, curves.iliacs, strict=True):
        others = (curves.aorta, *(other for other in curves.iliacs if other is not limb))
        begins = _apart_from(limb, others[1])
        along = sections_of(field, limb, others=others)
        if begins >= min(LIMB_MM, limb.length_mm):
            yield Measure.undefined(name, TOUCHING)
            continue
        yield _iliac(name, limb, [one for one in along if one is not None and begins <= one.along_mm <= LIMB_MM])


def _apart_from(limb: Curve, other: Curve) -> float:
    """How far down a limb its inscribed spheres no longer meet those of the other limb, mm; its length if never."""
    nearest = other.nearest(limb.points)
    apart = np.linalg.norm(limb.points - other.points[nearest], axis=1) - limb.radii - other.radii[nearest]
    meeting = np.flatnonzero(apart <= 0)
    return float(limb.along_mm[min(int(meeting[-1]) + 1, len(limb.points) - 1)]) if len(meeting) else 0.0


def _iliac(name: Name, limb: Curve, held: list[Section]) -> Measure:
    """Of the sections that belong to one limb alone."""
    spheres = np.interp([one.along_mm for one in held], limb.along_mm, 2 * limb.radii)
    held = [one for one, wide in zip(held, spheres, strict=True) if one.diameter_mm <= OBLONG * wide]
    sound = [one for one in held if one.sound]
    if held and 2 * sum(one.second for one in held) > len(held):
        return Measure.undefined(name, TOUCHING)
    if not sound:
        return Measure.undefined(name, "too little of the iliac artery is outlined")
    widest = max(sound, key=lambda one: one.diameter_mm)
    if any(one.cut and one.diameter_mm > RISE * widest.diameter_mm for one in held):
        return Measure.undefined(
            name, f"the scan ends at the widest place: at least {widest.diameter_mm:.1f} mm",
            at_least_mm=round(widest.diameter_mm, 2),
        )  # fmt: skip
    return Measure.of(name, widest.diameter_mm, *widest.ends, below_the_fork_mm=round(widest.along_mm, 1))

"""The sac and the neck above it, by calibre; and the part of the vessel that each point of its curves belongs to.

An aneurysm is at least 30 mm wide and half as wide again as the aorta above it (Johnston et al. 1991,
doi:10.1067/mva.1991.26737). The sac reaches as far as the diameter stays above 1.15 times the neck's. The neck goes
from the lowest renal artery to the sac; a mask without renal arteries does not say how long it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.measurement.extent import FORK_MM, search_from
from services.measurement.names import Along, Name, Undefined
from services.measurement.results import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from services.measurement.centreline import Centrelines
    from services.measurement.curves import Curve
    from services.measurement.sections import Section

    Numbers = NDArray[np.float64]

ANEURYSM_MM, WIDER = 30.0, 1.5
NECK_RATIO = 1.15
"""Above so many times the neck's diameter it is sac."""
NECK_MM = 15.0
"""The neck's diameter is the median over this length above the sac."""
CHORD_MM = 30.0
"""Directions of neck and sac are those of chords of this length."""
SMOOTH_MM = 2.0


@dataclass(frozen=True)
class Sac:
    """Where the sac lies on the aorta's curve, mm from its top."""

    top_mm: float
    bottom_mm: float
    neck_diameter_mm: float


def sac_of(centrelines: Centrelines, sections: Sequence[Section | None]) -> Sac | Undefined:
    """The sac about the widest section; a reason where there is no aneurysm, or nothing is outlined above it."""
    curve = centrelines.aorta
    along, wide = _calibre(curve, sections)
    start = search_from(centrelines)
    held = (along >= start) & (along <= curve.length_mm - FORK_MM * bool(centrelines.iliacs))
    if not held.any():
        return Undefined("no section of the outline is whole and of one vessel")
    along, wide = along[held], wide[held]
    widest = int(np.argmax(wide))
    if wide[widest] < ANEURYSM_MM:
        return Undefined(f"no aneurysm: nowhere {ANEURYSM_MM:.0f} mm wide")
    above = wide[:widest]
    if not len(above) or wide[widest] < WIDER * above.min():
        return Undefined(f"no neck: above the widest place nothing is narrower than 1/{WIDER} of it")
    neck = float(np.median(above[above <= NECK_RATIO * above.min()]))
    narrow = np.flatnonzero(wide <= NECK_RATIO * neck)
    top = narrow[narrow < widest]
    below = narrow[narrow > widest]
    bottom = along[below[0]] if len(below) else along[-1]
    return Sac(float(along[top[-1]]), float(bottom), neck)


def _calibre(curve: Curve, sections: Sequence[Section | None]) -> tuple[Numbers, Numbers]:
    """Places (m,) along a curve and the calliper diameters (m,) of its sound sections there, lightly smoothed."""
    sound = [one for one in sections if one is not None and one.sound]
    along = np.array([one.along_mm for one in sound])
    wide = np.array([one.diameter_mm for one in sound])
    every = curve.length_mm / max(1, len(curve.points) - 1)
    return along, np.asarray(ndimage.gaussian_filter1d(wide, SMOOTH_MM / every) if len(wide) else wide)


def parts_of(centrelines: Centrelines, sections: Sequence[Section | None]) -> tuple[tuple[Along, ...], ...]:
    """The part each point of the aorta's curve, and of each limb, belongs to."""
    sac = sac_of(centrelines, sections)
    curve, fork = centrelines.aorta, bool(centrelines.iliacs)
    trunk = tuple(_part(float(mm), curve.length_mm, sac, fork=fork) for mm in curve.along_mm)
    sides = (Along.RIGHT_ILIAC, Along.LEFT_ILIAC)
    limbs = (
        tuple(Along.BIFURCATION if mm < FORK_MM else side for mm in limb.along_mm)
        for limb, side in zip(centrelines.iliacs, sides, strict=False)
    )
    return (trunk, *limbs)


def _part(along: float, length: float, sac: Sac | Undefined, *, fork: bool) -> Along:
    if fork and length - along < FORK_MM:
        return Along.BIFURCATION
    if isinstance(sac, Undefined):
        return Along.AORTA
    if along < sac.top_mm - NECK_MM:
        return Along.ABOVE
    if along < sac.top_mm:
        return Along.NECK
    return Along.SAC if along <= sac.bottom_mm else Along.AORTA


def neck_measures(
    centrelines: Centrelines, sections: Sequence[Section | None], renal: Numbers | None
) -> Iterator[Measure]:
    """Length, diameter and angle of the neck. `renal` (n, 3): LPS mm of all voxels of renal arteries, None without."""
    sac = sac_of(centrelines, sections)
    if isinstance(sac, Undefined):
        yield from (Measure.undefined(n, sac) for n in (Name.NECK_LENGTH, Name.NECK_DIAMETER, Name.NECK_ANGLE))
        return
    curve = centrelines.aorta
    yield _length(curve, sac, renal)
    yield _diameter(sections, sac)
    yield _angle(curve, sac)


def _length(curve: Curve, sac: Sac, renal: Numbers | None) -> Measure:
    if renal is None or not len(renal):
        return Measure.undefined(Name.NECK_LENGTH, "no renal artery is outlined, so where the neck begins is not known")
    apart = np.linalg.norm(renal - curve.points[(nearest := curve.nearest(renal))], axis=1) - curve.radii[nearest]
    lowest = float(curve.along_mm[nearest[apart <= apart.min() + 3.0]].max())
    if lowest >= sac.top_mm:
        return Measure.undefined(Name.NECK_LENGTH, "the sac begins above the lowest renal artery: there is no neck")
    ends = (_point(curve, lowest), _point(curve, sac.top_mm))
    return Measure.of(Name.NECK_LENGTH, sac.top_mm - lowest, *ends, sac_begins_mm=round(sac.top_mm, 1))


def _diameter(sections: Sequence[Section | None], sac: Sac) -> Measure:
    held = [one for one in sections if one and one.sound and sac.top_mm - NECK_MM <= one.along_mm <= sac.top_mm]
    if len(held) < 3:
        return Measure.undefined(Name.NECK_DIAMETER, "too little is outlined above the sac")
    middle = sorted(held, key=lambda one: one.diameter_mm)[len(held) // 2]
    return Measure.of(
        Name.NECK_DIAMETER, middle.diameter_mm, *middle.ends, over_mm=NECK_MM, along_mm=round(middle.along_mm, 1)
    )


def _angle(curve: Curve, sac: Sac) -> Measure:
    """The angle between the neck's direction and the sac's, 0 where the vessel goes straight on."""
    before, after = sac.top_mm - CHORD_MM, sac.top_mm + CHORD_MM
    if before < 0 or after > curve.length_mm:
        return Measure.undefined(
            Name.NECK_ANGLE, f"less than {CHORD_MM:.0f} mm is outlined above or below the neck's end"
        )
    first, corner, last = (np.array(_point(curve, mm)) for mm in (before, sac.top_mm, after))
    a, b = corner - first, last - corner
    cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    angle = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return Measure.of(
        Name.NECK_ANGLE, angle, *(_point(curve, mm) for mm in (before, sac.top_mm, after)), chord_mm=CHORD_MM
    )


def _point(curve: Curve, along: float) -> tuple[float, float, float]:
    x, y, z = (float(np.interp(along, curve.along_mm, curve.points[:, axis])) for axis in range(3))
    return x, y, z

"""How far measured diameters lie from the formulas', along the true axis and along the measured centreline."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.measurement_cases import OUTER, makers
from services.imaging.nifti import read_array
from services.measurement.crossings import passes_through
from services.measurement.field import field_of
from services.measurement.measure import measure
from services.measurement.names import Name
from services.measurement.sections import section_at, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.measurement_cases import Case
    from services.imaging.progress import Tell
    from services.measurement.centreline import Centrelines
    from services.measurement.measure import Measured
    from services.measurement.sections import Section

    Numbers = NDArray[np.float64]

AXIS, ALONE, WITH_ILIACS = "true axis", "own centreline", "own centreline, iliac arteries outlined"
WAYS = (AXIS, ALONE, WITH_ILIACS)
UPRIGHT = 0.8
"""An axial plane counts where at least this share of the vessel's way is up or down."""
PUBLISHED_MM = {"ascending": 38.0, "descending": 47.0, "coeliac trunk": 30.0}
"""Diameters of the real CTA as the report published with it has them."""


@dataclass(frozen=True)
class Line:
    """One diameter measured one way."""

    case: str
    group: str
    way: str
    truth_mm: float
    measured_mm: float | None
    reason: str = ""
    seconds: float = 0.0
    """Processor time of the whole measurement; 0 along the true axis."""


def evaluate(persons: int, kept: Path, progress: Tell) -> list[Line]:
    """All lines of so many persons of each group; those that `kept` (JSON lines) has are not measured again."""
    known = [Line(**json.loads(text)) for text in kept.read_text("utf-8").splitlines()] if kept.is_file() else []
    wanted = list(makers(persons))
    for number, (name, make) in enumerate(wanted):
        progress("aortas measured", number, len(wanted))
        if name not in {line.case for line in known}:
            found = measured_lines(make())
            with kept.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(asdict(line)) + "\n" for line in found))
            known += found
    names = {name for name, _ in wanted}
    return [line for line in known if line.case in names]


def measured_lines(case: Case) -> list[Line]:
    """The three ways on one case. Sections count whose middles lie at the heights where the truth was sought."""
    field = field_of(case.labels == OUTER, case.affine)
    along = sections_of(field, case.axis) if field is not None else ()
    found = [_line(case, AXIS, along)]
    for way, labels in ((ALONE, case.labels == OUTER), (WITH_ILIACS, case.labels > 0)):
        begun = time.process_time()
        measured = measure(labels.astype(np.uint8), case.affine, {1: "outer wall"})
        found.append(_line(case, way, measured.sections, measured[Name.ORTHOGONAL].reason, time.process_time() - begun))
    return found


def _line(case: Case, way: str, along: Iterable[Section | None], reason: str = "", seconds: float = 0.0) -> Line:
    low, high = case.heights
    held = [one.diameter_mm for one in along if one and one.sound and low < one.centre[2] < high]
    value = max(held, default=None) if not reason else None
    return Line(case.name, case.group, way, case.diameter_mm, value, reason, round(seconds, 2))


@dataclass(frozen=True)
class RealPlace:
    """One place of the real aorta."""

    place: str
    published_mm: float
    orthogonal_mm: float | None
    axial_mm: float | None


def real_places(real_data: Path) -> list[RealPlace] | None:
    """The largest diameters of `cta_dissection/aorta.nii.gz` by place; None where it is not there."""
    folder = real_data / "cta_dissection"
    if not folder.is_dir():
        return None
    mask, affine = read_array(folder / "aorta.nii.gz")
    trunk, _ = read_array(folder / "celiac_trunk.nii.gz")
    wall = (np.asarray(mask) > 0).astype(np.uint8)
    measured = measure(wall, affine, {1: "outer wall"})
    branch = np.argwhere(np.asarray(trunk) > 0) @ affine[:3, :3].T + affine[:3, 3]
    return _places(measured, wall > 0, affine, branch)


def _places(measured: Measured, wall: NDArray[np.bool_], affine: Numbers, branch: Numbers) -> list[RealPlace]:
    """Ascending and descending: where the vessel goes more up or down than to a side. Trunk: beside its origin."""
    if measured.curve is None:
        return [RealPlace(place, published, None, None) for place, published in PUBLISHED_MM.items()]
    curve = measured.curve.aorta
    top = float(curve.along_mm[int(np.argmax(curve.points[:, 2]))])
    steep = [one for one in measured.sections if one and one.sound and abs(one.normal[2]) > 0.5]
    origin = branch[int(np.argmin(np.linalg.norm(branch - curve.points[curve.nearest(branch)], axis=1)))]
    beside = float(curve.along_mm[curve.nearest(origin[None])[0]])
    groups = {
        "ascending": [one for one in steep if one.along_mm < top],
        "descending": [one for one in steep if one.along_mm > top],
        "coeliac trunk": [one for one in steep if abs(one.along_mm - beside) <= 3.0],
    }
    across = list(_axial(wall, affine, measured.curve, steep))
    return [
        RealPlace(place, PUBLISHED_MM[place], _widest(held), _widest(one for one in across if _beside(one, held)))
        for place, held in groups.items()
    ]


def _beside(section: Section, held: Sequence[Section]) -> bool:
    return any(one.along_mm == section.along_mm for one in held)


def _axial(
    wall: NDArray[np.bool_], affine: Numbers, curves: Centrelines, steep: Sequence[Section]
) -> Iterator[Section]:
    """Axial sections through the same points, where the vessel runs nearly upright and the plane meets it once."""
    field = field_of(wall, affine)
    for one in steep:
        if field is not None and abs(one.normal[2]) > UPRIGHT:
            found = section_at(field, one.centre, np.array([0.0, 0.0, -1.0]), one.along_mm)
            if found is not None and passes_through(found, curves.aorta, ()).sound:
                yield found


def _widest(held: Iterable[Section]) -> float | None:
    return max((one.diameter_mm for one in held), default=None)

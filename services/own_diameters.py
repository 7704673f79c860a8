"""Diameters that readers take by hand: checked, stored beside what programs measured, and never changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from db import commands, measurements, queries
from db.measurement_records import NewMeasurement, Shown
from db.vocabulary import AuditAction
from services.errors import InputRefused, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from db.measurement_records import Point
    from db.records import CasePage
    from services.desk import Desk

METHOD, VERSION = "by hand", "1"
PERPENDICULAR, AXIAL = "perpendicular", "axial"
NAMES = {PERPENDICULAR: str(Shown.DIAMETER), AXIAL: "largest diameter, axial"}
CENTRELINE = "centreline"
LONGEST_MM = 300.0
SHORTEST_MM = 0.5
"""Less is a click that slipped."""
MARGIN = 1.0
"""Voxels that an end point may lie beyond the scan: a wall at its edge is drawn through the last voxels' border."""
OFF_PLANE_MM = 0.5
"""From an end point to the plane that it was drawn on; what remains is rounding."""
AXIAL_DEGREES = 1.0
"""Between the plane of a diameter called axial and the scan's slices."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Drawn:
    """A diameter as a page sends it."""

    view: str
    """PERPENDICULAR or AXIAL."""
    ends: NDArray[np.float64]
    """(2, 3), LPS millimetres."""
    point: NDArray[np.float64]
    """(3,), on the plane."""
    normal: NDArray[np.float64]
    """(3,), of length 1."""
    centreline: str
    """Whose centreline a perpendicular plane stands on."""
    along_mm: float | None
    """Where on it."""

    @property
    def length_mm(self) -> float:
        """Between the end points."""
        return float(np.linalg.norm(self.ends[1] - self.ends[0]))


def by_hand(desk: Desk, key: str, reader: str, said: Mapping[str, Any]) -> int:
    """Keep a diameter that `reader` drew on a case, with its plane and end points. Returns its number.

    said: `view`, "perpendicular" to a stored centreline or "axial"; `ends`, two points; `plane` with `point` and
    `normal`, all LPS millimetres; of a perpendicular one `centreline`, whose it is, and `along_mm`. The length is
    worked out here. Raises NotFound and InputRefused.
    """
    drawn = checked(said)
    with desk.store.begin() as session:
        page = queries.case_page(session, key)
        if page is None:
            raise NotFound("A diameter must belong to a case.", "no such case.", "Open one from the worklist.")
        _require_inside(drawn, page)
        _require_its_plane(drawn, page)
        number = measurements.add_by_hand(session, key, _measurement(drawn, reader))
        details = {"measurement": number, "name": NAMES[drawn.view], "mm": round(drawn.length_mm, 1)}
        commands.record_audit(session, actor=reader, action=AuditAction.MEASURED, case_key=key, details=details)
    return number


def checked(said: Mapping[str, Any]) -> Drawn:
    """What a page sent, where it is one line in its plane. Raises InputRefused."""
    plane = said.get("plane")
    if said.get("view") not in NAMES or not isinstance(plane, dict):
        raise _another("a plane that is neither perpendicular nor axial.")
    ends, normal = _numbers(said.get("ends"), (2, 3)), _numbers(plane.get("normal"), (3,))
    length = float(np.linalg.norm(normal))
    if not 0.5 < length < 2.0:
        raise _another("a plane without direction.")
    along, line = said.get("along_mm"), said.get("centreline", "")
    if not isinstance(line, str) or len(line) > LONGEST_NAME:
        raise _another("a centreline of another kind.")
    along_mm = None if along is None else float(_numbers(along, ()))
    drawn = Drawn(str(said["view"]), ends, _numbers(plane.get("point"), (3,)), normal / length, line, along_mm)
    _require_a_length(drawn)
    return drawn


def _numbers(found: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        array = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise _another("points of another kind.") from None
    if array.shape != shape or not np.isfinite(array).all():
        raise _another("points of another kind.")
    return array


def _require_a_length(drawn: Drawn) -> None:
    off = np.abs((drawn.ends - drawn.point) @ drawn.normal).max()
    if off > OFF_PLANE_MM:
        found = f"one that lies {off:.1f} mm off it."
        raise InputRefused("Both end points must lie in the plane of the diameter.", found, "Draw it again.")
    if not SHORTEST_MM <= drawn.length_mm < LONGEST_MM:
        must = f"A diameter must be {SHORTEST_MM:g} to {LONGEST_MM:g} mm long."
        raise InputRefused(must, f"{drawn.length_mm:.1f} mm.", "Draw it again, from wall to wall.")


def _require_inside(drawn: Drawn, page: CasePage) -> None:
    affine = np.asarray(page.series.affine, dtype=np.float64)
    index = np.linalg.solve(affine[:3, :3], (drawn.ends - affine[:3, 3]).T).T
    last = np.asarray(page.series.shape) - 1
    if (index < -MARGIN).any() or (index > last + MARGIN).any():
        raise InputRefused("Both end points must lie inside the scan.", "one outside.", "Draw it again, on the image.")


def _require_its_plane(drawn: Drawn, page: CasePage) -> None:
    """An axial one lies in a slice; a perpendicular one names a centreline that is there. Raises InputRefused."""
    if drawn.view == AXIAL:
        columns = np.asarray(page.series.affine, dtype=np.float64)[:3, :3]
        nearest = columns[:, np.abs(columns[2] / np.linalg.norm(columns, axis=0)).argmax()]
        cosine = abs(float(drawn.normal @ nearest)) / float(np.linalg.norm(nearest))
        if cosine < math.cos(math.radians(AXIAL_DEGREES)):
            found = "one across the slices."
            raise InputRefused("An axial diameter must lie in a slice of the scan.", found, "Draw it again.")
    elif drawn.centreline not in {one.spec.subject for one in page.measurements if one.spec.name == CENTRELINE}:
        must = "A plane must be perpendicular to a centreline of this case."
        raise InputRefused(must, "a centreline that is not there.", "Reload the page, and draw it again.")


def _measurement(drawn: Drawn, reader: str) -> NewMeasurement:
    plane = {"point": drawn.point.round(3).tolist(), "normal": drawn.normal.round(6).tolist()}
    where: dict[str, object] = {"view": drawn.view, "plane": plane}
    if drawn.view == PERPENDICULAR:
        where |= {"centreline": drawn.centreline, "along_mm": drawn.along_mm}
    first, last = (cast("Point", tuple(end)) for end in drawn.ends.round(3).tolist())
    return NewMeasurement(
        NAMES[drawn.view],
        reader,
        drawn.length_mm,
        "mm",
        METHOD,
        VERSION,
        points=(first, last),
        parameters=where,
        reader=reader,
    )


def _another(found: str) -> InputRefused:
    return InputRefused("A diameter must be two points in a plane, as our pages send it.", found, "Reload the page.")

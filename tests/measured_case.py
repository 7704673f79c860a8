"""Everything that one measuring stores about a case, with figures that are easy to recognise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from db import commands, measurements
from db.measurement_records import Headline, NewMeasurement, Shown
from db.vocabulary import Sex
from services.measurement.decided import INTERVALS, MOVES_MOST
from tests import factories

if TYPE_CHECKING:
    from datetime import date

    from db.measurement_records import Point
    from services.desk import Desk

AUTHOR = "A 1"
SAMPLES = tuple(50.0 + number / 10 for number in range(81))
"""From 50 to 58 mm: a standard deviation of 2.352 mm."""
ENDS = ((-27.0, 0.0, 0.0), (27.0, 0.0, 0.0))
"""Of a diameter across the patient, at the height 0."""
TETRAHEDRON = {"faces": [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]}


def rows(
    diameter: float | None = 54.1, *, flip: float | None = 0.38, sex: Sex | None = Sex.MALE, lift: float = 0.0
) -> list[NewMeasurement]:
    """One author's measures with their doubt; lift: how far the centreline is moved towards the head, in mm."""
    reason = "" if diameter is not None else "the outline is cut at the edge of the scan"
    return [
        _diameter(diameter, reason),
        factories.measured(22.0, "neck, diameter", points=((-11.0, 0.0, 15.0), (11.0, 0.0, 15.0))),
        factories.measured(None, "iliac diameter, left", reason="the outline ends above the bifurcation"),
        factories.measured(33.4, "volume, sac", unit="mL"),
        factories.measured(53.0, subject="reader one", points=ENDS),
        *(_interval(name, diameter) for name in INTERVALS[:-1]),
        factories.measured(54.0, "centreline", points=_line(lift)),
        factories.measured(1.4, MOVES_MOST, points=(ENDS[1],)),
        _flip(flip if diameter is not None else None, sex),
    ]


def by_hand(reader: str = "Dr. Own", value: float = 55.5) -> NewMeasurement:
    return factories.measured(value, subject=reader, reader=reader, method="by hand", points=ENDS)


def surface(**said: Any) -> NewMeasurement:
    """A tetrahedron, its last corner towards the head."""
    corners = ((0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (0.0, 20.0, 0.0), (0.0, 0.0, 60.0))
    parameters = TETRAHEDRON | {
        "thickness_mm": [0.0, 1.0, 2.0, 14.2],
        "uncertainty": [0.0, 0.1, 0.2, 0.6],
        "uncertainty_name": "predictive entropy",
        "uncertainty_unit": "nats",
    }
    return factories.measured(3.4, measurements.SURFACE, points=corners, parameters=parameters | said)


def store(desk: Desk, key: str, found: list[NewMeasurement], **said: Any) -> None:
    """Store these as a new measuring of a case."""
    shown, flip = (next(row for row in found if row.name == name) for name in (Shown.DIAMETER, Shown.FLIP))
    headline = Headline(shown.value, shown.lower, shown.upper, flip.value, shown.reason, flip.reason)
    with desk.store.begin() as session:
        measurements.set_measurements(session, key, found, headline, {}, **said)


def add_scan(desk: Desk, day: date | None, patient: str = "P7K3QX", sex: Sex | None = Sex.MALE) -> str:
    """A scan of a patient of which no image is kept."""
    series = replace(factories.series(), study_date=day)
    with desk.store.begin() as session:
        return commands.add_case(session, factories.case(patient, sex=sex, series=series))


def _diameter(value: float | None, reason: str) -> NewMeasurement:
    whole: dict[str, Any] = {"lower": 51.8, "upper": 57.0, "parameters": {"interval": "shape sampling", "level": 0.95}}
    return factories.measured(value, points=ENDS if reason == "" else (), reason=reason, **whole if value else {})


def _interval(name: str, diameter: float | None) -> NewMeasurement:
    """All are defined but the conformal one; those of samples have all of them, the others three."""
    said: dict[str, Any] = {"method": name, "parameters": {"level": 0.95}, "seed": 1}
    if diameter is None or name == "conformal":
        return factories.measured(diameter, f"{Shown.DIAMETER}, {name}", reason="no calibration is stored", **said)
    samples = SAMPLES if "sampling" in name else (53.0, 54.0, 55.0)
    return factories.measured(diameter, f"{Shown.DIAMETER}, {name}", lower=51.8, upper=57.0, samples=samples, **said)


def _flip(value: float | None, sex: Sex | None) -> NewMeasurement:
    said: dict[str, Any] = {
        "threshold_set": "ESVS 2024",
        "threshold_version": "1",
        "sex": sex.value if sex else None,
        "side": "below",
    }
    said |= {"threshold_mm": 55.0, "other_mm": None if sex else 50.0}
    reason = "" if value is not None else "there is no diameter"
    return factories.measured(value, Shown.FLIP, unit="1", parameters=said, reason=reason)


def _line(lift: float) -> tuple[Point, ...]:
    """Straight down, through the middle of the small case."""
    return tuple((0.0, 0.0, 24.0 - 3.0 * step + lift) for step in range(19))

"""Frozen records of what was measured. Standard library only: may be imported anywhere, like `records`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

    from db.records import Json
    from db.vocabulary import Sex

Point = tuple[float, float, float]
"""(x, y, z), LPS millimetres."""


class Shown(StrEnum):
    """Names of the two figures that the worklist shows of a case."""

    DIAMETER = "largest diameter, orthogonal"
    """From outer wall to outer wall, in a plane perpendicular to the centreline."""
    FLIP = "probability that the decision flips"


@dataclass(frozen=True, slots=True)
class NewMeasurement:
    """A length, angle, area, volume, curve or probability. `value` is None only with a `reason`."""

    name: str
    subject: str
    """Who drew what was measured, as layers name their author with its version; by hand: who measured."""
    value: float | None
    unit: str
    method: str
    method_version: str
    lower: float | None = None
    upper: float | None = None
    points: tuple[Point, ...] = ()
    """End points of a length; the points of a curve in their order."""
    samples: tuple[float, ...] = ()
    """What an interval was made of."""
    parameters: Json = field(default_factory=dict)
    """With the interval's level; of a hand measurement its plane."""
    seed: int | None = None
    reason: str = ""
    reader: str = ""
    """Who measured by hand; '' for what a program measured."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A stored measurement; `run_id` is None for one by hand."""

    id: int
    created_at: datetime
    run_id: int | None
    spec: NewMeasurement


@dataclass(frozen=True, slots=True)
class Headline:
    """What the worklist shows: the diameter with its interval, and P(flip). None only with a reason."""

    diameter_mm: float | None
    lower_mm: float | None
    upper_mm: float | None
    flip: float | None
    reason: str = ""
    """Why there is no diameter; '' where there is one."""
    flip_reason: str = ""


class StoredFigure(NamedTuple):
    """One stored figure of doubt; None only with the reason."""

    run_id: int
    name: str
    value: float | None
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a patient, with what is measured there now."""

    key: str
    study_date: date | None
    """Shifted by the same days for all scans of one patient."""
    sex: Sex | None
    synthetic: bool
    measurements: tuple[Measurement, ...]

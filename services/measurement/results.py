"""What a measurement results in: a value with unit and end points, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.measurement.names import Name, Undefined, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Measure:
    """One measured value with its unit and end points, or the reason why there is none."""

    name: str
    value: float | None
    unit: str
    points: tuple[Point, ...] = ()
    """End points in LPS mm: of a diameter two, of other measures as their definition says."""
    reason: str = ""
    """Why `value` is None."""
    parameters: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, name: Name, value: float, *points: Point, **parameters: object) -> Measure:
        """A defined one."""
        return cls(name, float(value), unit_of(name), points, parameters=parameters)

    @classmethod
    def undefined(cls, name: Name, why: Undefined | str, **parameters: object) -> Measure:
        """One without a value."""
        return cls(name, None, unit_of(name), reason=why if isinstance(why, str) else why.reason, parameters=parameters)

"""What was measured as records to be stored: one row a measure, curve, interval and decision. Pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from db.measurement_records import Headline, NewMeasurement, Shown
from db.records import NewFlag, NewProfile
from db.vocabulary import FlagReason
from services.measurement import decision, measure
from services.measurement.interval import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from db.vocabulary import Sex
    from services.measurement.curves import Curve
    from services.measurement.decision import Decision
    from services.measurement.interval import DiameterInterval
    from services.measurement.measure import Measured
    from services.measurement.thresholds import Thresholds

CENTRELINE, LEFT_ILIAC, RIGHT_ILIAC = "centreline", "centreline, left iliac", "centreline, right iliac"
EVERY_MM = 2.0
"""Stored points of a curve lie about this far apart."""
PROFILE = "diameter"
NEAR_MM = 2.0
"""A slice without a section of its own takes one that is so near."""
DEFAULTS = (Method.SHAPES, Method.MEMBERS, Method.CONFORMAL)
"""Which interval the shown diameter carries: the first of these that is defined. What readers measured says nothing
about how sure an outline of somebody else is, and independent voxels make intervals that are known to be too narrow."""
SIDE_BY_SIDE = frozenset(Method) - {Method.CONFORMAL_NORMALISED}
"""Intervals that are stored; the other one is a yardstick of the evaluation."""
OF_INTERVALS = frozenset(f"{Shown.DIAMETER}, {method}" for method in Method)
MOVES_MOST = "moves the diameter most"
"""The place of the doubt that the diameter depends on most."""
GRAVE = 0.25
"""From this P(flip) on a case is to be looked at first."""


def rows_of(measured: Measured, subject: str) -> list[NewMeasurement]:
    """Every measure and every curve of one author's outline."""
    rows = [
        NewMeasurement(
            str(one.name), subject, one.value, one.unit, measure.METHOD, measure.VERSION,
            points=one.points, parameters=dict(one.parameters), reason=_reason(one.value, one.reason),
        )
        for one in measured.measures
    ]  # fmt: skip
    return [*rows, *_curves(measured, subject)]


def profile_of(measured: Measured, subject: str, affine: NDArray[np.float64], slices: int) -> NewProfile:
    """The diameter for every slice k of the image, in mm: of the widest sound section whose middle lies in it.

    A slice without one takes the nearest section within NEAR_MM; None elsewhere. affine: the image's.
    """
    values: list[float | None] = [None] * slices
    sound = [one for one in measured.sections if one is not None and one.sound]
    if sound:
        inverse = np.linalg.inv(affine)
        places = np.stack([one.centre for one in sound]) @ inverse[:3, :3].T + inverse[:3, 3]
        reach = max(0.5, NEAR_MM / float(np.linalg.norm(affine[:3, 0])))
        diameters = np.array([one.diameter_mm for one in sound])
        values = [_of_slice(k, places[:, 0], diameters, reach) for k in range(slices)]
    return NewProfile(PROFILE, subject, "mm", tuple(values), measure.METHOD, measure.VERSION)


def interval_rows(intervals: Iterable[DiameterInterval], subject: str, diameter_mm: float) -> list[NewMeasurement]:
    """Intervals of the shown diameter; one that is undefined says why."""
    return [
        NewMeasurement(
            f"{Shown.DIAMETER}, {one.method}", subject, diameter_mm, "mm", str(one.method), one.version,
            lower=one.lower, upper=one.upper, samples=tuple(round(value, 3) for value in one.samples),
            parameters={"level": one.level, **one.parameters}, seed=one.seed, reason=one.reason,
        )
        for one in intervals
        if one.method in SIDE_BY_SIDE
    ]  # fmt: skip


def default_interval(intervals: Sequence[NewMeasurement]) -> NewMeasurement | None:
    """Which row of `interval_rows` the diameter carries; None where none of them is defined."""
    defined = {row.method: row for row in intervals if row.lower is not None and row.upper is not None}
    return next((defined[method] for method in DEFAULTS if method in defined), None)


def with_interval(row: NewMeasurement, interval: NewMeasurement | None) -> NewMeasurement:
    """The row of a diameter with, or without, the bounds of an interval."""
    bare = {name: said for name, said in row.parameters.items() if name not in {"interval", "level"}}
    if interval is None or row.value is None:
        return replace(row, lower=None, upper=None, parameters=bare)
    said = bare | {"interval": interval.method, "level": interval.parameters["level"]}
    return replace(row, lower=interval.lower, upper=interval.upper, parameters=said)


def decision_of(
    diameter: NewMeasurement, intervals: Sequence[NewMeasurement], sex: Sex | None, thresholds: Thresholds
) -> Decision | None:
    """On the samples of shape sampling, since no others stand for the truth; None without a diameter."""
    if diameter.value is None:
        return None
    shapes = next((row for row in intervals if row.method == Method.SHAPES), None)
    missing = (shapes.reason if shapes else "") or "no shapes were sampled"
    return decision.decide(diameter.value, shapes.samples if shapes else (), sex, thresholds, missing=missing)


def flip_row(
    diameter: NewMeasurement, decided: Decision | None, sex: Sex | None, thresholds: Thresholds
) -> NewMeasurement:
    """P(flip) with the threshold that it is about."""
    said: dict[str, object] = {
        "threshold_set": thresholds.name,
        "threshold_version": thresholds.version,
        "source": thresholds.source,
        "note": thresholds.note,
        "sex": sex.value if sex else None,
    }
    value, reason = (decided.flip, decided.reason) if decided else (None, f"there is no diameter: {diameter.reason}")
    if decided is not None:
        said |= {"threshold_mm": decided.threshold_mm, "other_mm": decided.other_mm, "side": decided.side.value}
        said |= {"samples": decided.samples, "flip_from": thresholds.flag.flip_from}
    return NewMeasurement(
        Shown.FLIP, diameter.subject, value, "1", decision.METHOD, decision.VERSION, parameters=said, reason=reason
    )


def headline_of(diameter: NewMeasurement, flip: NewMeasurement) -> Headline:
    """What the worklist shows."""
    return Headline(diameter.value, diameter.lower, diameter.upper, flip.value, diameter.reason, flip.reason)


def decision_flag(
    diameter: NewMeasurement, decided: Decision | None, flip_from: float, inverse: NDArray[np.float64], shape: Index3
) -> NewFlag | None:
    """A decision in doubt, with the place of the widest section; inverse: LPS mm to (k, j, i) of the image."""
    if decided is None or decided.flip is None or decided.flip < flip_from:
        return None
    bounds = "" if diameter.lower is None else f" ({diameter.lower:.1f} to {diameter.upper:.1f})"
    unknown = f" (sex unknown: {decided.other_mm:g} mm is the other one)" if decided.other_mm is not None else ""
    text = (
        f"{diameter.value:.1f} mm{bounds}: {100 * decided.flip:.0f} % that the true diameter lies "
        f"{decided.side.other.value} the {decided.threshold_mm:g} mm threshold{unknown}."
    )
    place, slices = place_of(diameter.points, inverse, shape)
    return NewFlag(FlagReason.DECISION, 3 if decided.flip >= GRAVE else 2, text, place, slices)


def place_of(
    points: Sequence[tuple[float, float, float]], inverse: NDArray[np.float64], shape: Index3
) -> tuple[Index3 | None, tuple[int, int] | None]:
    """The voxel in the middle of end points (LPS mm), and their slices; None without points."""
    if not points:
        return None, None
    index = np.asarray(points, float) @ inverse[:3, :3].T + inverse[:3, 3]
    last = np.asarray(shape) - 1
    k, j, i = np.clip(np.rint(index.mean(axis=0)), 0, last).astype(int).tolist()
    ends = np.clip(np.rint(index[:, 0]), 0, last[0]).astype(int)
    return (k, j, i), (int(ends.min()), int(ends.max()))


def _reason(value: float | None, reason: str) -> str:
    return reason or ("" if value is not None else "it could not be measured")


def _curves(measured: Measured, subject: str) -> Iterator[NewMeasurement]:
    said: dict[str, object] = {"remarks": list(measured.remarks)} if measured.remarks else {}
    if measured.curve is None:
        reason = measured[Shown.DIAMETER].reason or "no centreline was found"
        yield NewMeasurement(
            CENTRELINE, subject, None, "mm", measure.METHOD, measure.VERSION, parameters=said, reason=reason
        )
        return
    yield _curve(CENTRELINE, subject, measured.curve.aorta, said)
    if measured.curve.iliacs:
        right, left = measured.curve.iliacs
        yield _curve(LEFT_ILIAC, subject, left, {})
        yield _curve(RIGHT_ILIAC, subject, right, {})


def _curve(name: str, subject: str, curve: Curve, said: dict[str, object]) -> NewMeasurement:
    """Its length, and its points from the top down, the first and the last kept."""
    count = max(2, round(curve.length_mm / EVERY_MM) + 1)
    kept = np.unique(np.linspace(0, len(curve.points) - 1, count).round().astype(int))
    points = tuple((round(x, 2), round(y, 2), round(z, 2)) for x, y, z in curve.points[kept].tolist())
    return NewMeasurement(
        name, subject, curve.length_mm, "mm", measure.METHOD, measure.VERSION, points=points, parameters=said
    )


def _of_slice(k: int, places: NDArray[np.float64], diameters: NDArray[np.float64], reach: float) -> float | None:
    apart = np.abs(places - k)
    inside = diameters[apart <= 0.5]
    if len(inside):
        return float(inside.max())
    nearest = int(apart.argmin())
    return float(diameters[nearest]) if apart[nearest] <= reach else None

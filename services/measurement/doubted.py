"""The doubt of the shown diameter as rows: intervals side by side, and the outer wall as a surface with its doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.measurement_records import Shown
from services.imaging.entropy import NATS, PREDICTIVE
from services.measurement.influence import diameter_influence
from services.measurement.influence_layer import layer_of, row_of
from services.measurement.intervals import diameter_intervals
from services.measurement.names import Name
from services.measurement.records import MOVES_MOST, OF_INTERVALS, interval_rows
from services.measurement.surface import surface, surface_measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from db.measurement_records import Measurement, NewMeasurement
    from db.records import Region
    from services.measurement.drawn import Drawn, LabelMap
    from services.measurement.measure import Measured
    from services.prepared import PreparedLayer
    from services.segmentation.member_walls import MemberWalls

RUN = " run "
"""Comes before the number of a further run of the same model: '1 run 2'."""
SEED = 1
"""Of all chance in it."""


@dataclass(frozen=True)
class Doubted:
    """What is said about the shown diameter alone."""

    rows: tuple[NewMeasurement, ...]
    layer: PreparedLayer | None = None
    """Which part of the wall moves the diameter how far; None where that is not known, or stored already."""


@dataclass(frozen=True)
class Evidence:
    """What the doubt of an outline is made of."""

    author: Drawn
    measured: Measured
    labels: LabelMap
    probability: PreparedLayer | None
    """Of lying inside the outer wall, by the same author."""
    entropy: PreparedLayer | None
    """Its predictive entropy, by the same author."""
    members: MemberWalls | None
    readers: tuple[float | None, ...]
    """Largest orthogonal diameters of the readers' outlines, mm."""


def doubted(given: Evidence) -> Doubted:
    """Intervals and surface of an outline."""
    subject, diameter = given.author.subject, given.measured[Name.ORTHOGONAL].value
    drawn = _surface(given)
    if diameter is None:
        return Doubted((drawn,))
    probability, members = given.probability, given.members
    values = probability.values() if probability else None
    affine = probability.affine if probability else given.labels.affine
    model = f"{given.author.author}@{given.author.version.partition(RUN)[0]}"
    intervals = diameter_intervals(
        given.measured, values, affine, members=members, readers=given.readers, model=model, seed=SEED
    )
    rows = [*interval_rows(intervals, subject, diameter), drawn]
    if probability is None or values is None:
        return Doubted(tuple(rows))
    found = diameter_influence(given.measured, values, affine, members=members, seed=SEED)
    if found is None:
        return Doubted(tuple(rows))
    return Doubted((*rows, row_of(found, subject)), layer_of(found, given.author, probability))


def taken_over(found: Iterable[Measurement], surface_row: Measurement | None) -> Doubted:
    """The same, as a measuring before has stored it."""
    names = OF_INTERVALS | {MOVES_MOST}
    rows = [one.spec for one in found if one.run_id is not None and one.spec.name in names]
    return Doubted((*rows, *([surface_row.spec] if surface_row else [])))


def diameters_of(rows: Sequence[NewMeasurement], subjects: Sequence[str]) -> tuple[float | None, ...]:
    """The largest orthogonal diameters of some authors' outlines."""
    found = {row.subject: row.value for row in rows if row.name == Shown.DIAMETER}
    return tuple(found.get(subject) for subject in subjects)


def pasted(layer: PreparedLayer, region: Region) -> NDArray[np.float32]:
    """A map's values on another region of the same image; 0 where it has none."""
    values = np.zeros(region.shape, dtype=np.float32)
    low = np.maximum(region.origin, layer.region.origin)
    high = np.minimum(np.add(region.origin, region.shape), np.add(layer.region.origin, layer.region.shape))
    if (high > low).all():
        here, there = (
            tuple(slice(a, b) for a, b in zip(low - origin, high - origin, strict=True))
            for origin in (region.origin, layer.region.origin)
        )
        values[here] = layer.values()[there]
    return values


def _surface(given: Evidence) -> NewMeasurement:
    labels, entropy = given.labels, given.entropy
    values = pasted(entropy, labels.region) if entropy else None
    drawn = surface(labels.array, labels.affine, labels.classes, doubt=values)
    name, unit = (PREDICTIVE, NATS) if entropy else ("", "")
    return surface_measurement(drawn, given.author.subject, doubt=name, unit=unit)

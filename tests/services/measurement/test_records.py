"""What was measured as rows: worked by hand on circles in known planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from db.measurement_records import NewMeasurement, Shown
from db.vocabulary import FlagReason, Sex
from services.measurement import records
from services.measurement.centreline import Centrelines
from services.measurement.curves import Curve
from services.measurement.interval import DiameterInterval, Method, undefined
from services.measurement.measure import Measure, Measured
from services.measurement.sections import Section
from services.measurement.thresholds import shipped
from tests import factories

DOWN, FRONT, LEFT = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])
AFFINE = np.array([[0.0, 0.0, 1.0, -20.0], [0.0, 1.0, 0.0, -30.0], [5.0, 0.0, 0.0, -50.0], [0.0, 0.0, 0.0, 1.0]])
"""Slices of 5 mm from the feet up, pixels of 1 mm: k = (z + 50) / 5, j = y + 30, i = x + 20."""
SHAPE = (20, 60, 40)


def circle(z: float, diameter_mm: float, **said: Any) -> Section:
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    outline = diameter_mm / 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Section(np.array([0.0, 0.0, z]), DOWN, FRONT, LEFT, outline, **said)


def curve(points: list[tuple[float, float, float]]) -> Curve:
    count = len(points)
    return Curve(np.array(points), np.repeat(DOWN[None], count, axis=0), np.full(count, 10.0))


def diameter(value: float | None = 54.1, **said: Any) -> NewMeasurement:
    return factories.measured(value, points=((-27.0, 0.0, 0.0), (27.0, 0.0, 10.0)), subject="A 1", **said)


def intervals(**said: DiameterInterval) -> list[NewMeasurement]:
    return records.interval_rows(said.values(), "A 1", 54.1)


def shapes(*samples: float) -> DiameterInterval:
    return DiameterInterval(Method.SHAPES, "1", 51.8, 57.0, samples=samples, seed=1)


def test_the_profile_has_the_widest_sound_section_of_each_slice() -> None:
    """z = 0 is slice 10, z = -6 lies in slice 9; what is cut or doubled, and slices far away, have none."""
    along = (circle(12.4, 30), circle(1.0, 40), circle(-1.0, 42), None, circle(-6.0, 38), circle(-25.0, 90, cut=True))
    found = records.profile_of(Measured((), None, along), "A 1", AFFINE, SHAPE[0])
    values = {k: round(value, 1) for k, value in enumerate(found.values) if value is not None}
    assert values == {9: 38.0, 10: 42.0, 12: 30.0}
    assert (found.name, found.subject, found.unit) == ("diameter", "A 1", "mm")
    assert set(records.profile_of(Measured(()), "A 1", AFFINE, 3).values) == {None}


def test_a_thin_slice_without_a_section_takes_the_nearest_one_within_two_millimetres() -> None:
    thin = AFFINE.copy()
    thin[2] = [0.5, 0.0, 0.0, 0.0]
    found = records.profile_of(Measured((), None, (circle(5.0, 30),)), "A 1", thin, 20)
    assert [k for k, value in enumerate(found.values) if value is not None] == list(range(6, 15))


def test_curves_are_stored_every_two_millimetres_with_both_ends() -> None:
    points = [(0.0, 0.0, -float(z)) for z in range(11)]
    lines = Centrelines(
        curve(points), (curve([(-1.0, 0, -10), (-9.0, 0, -20)]), curve([(1.0, 0, -10), (9.0, 0, -22)])), (0, 0, -10)
    )
    found = Measured((Measure(Shown.DIAMETER, 30.0, "mm"),), lines, (), ("two holes were filled",))
    aorta, left, right = (row for row in records.rows_of(found, "A 1") if row.name.startswith("centreline"))
    assert aorta.value == pytest.approx(10.0)
    assert [point[2] for point in aorta.points] == [0, -2, -4, -6, -8, -10]
    assert aorta.parameters == {"remarks": ["two holes were filled"]}
    assert (left.name, left.points[-1][0]) == ("centreline, left iliac", 9.0)
    assert (right.name, right.points[-1][0]) == ("centreline, right iliac", -9.0)


def test_what_has_no_value_has_a_reason() -> None:
    found = Measured((Measure(Shown.DIAMETER, None, "mm", reason="two pieces"), Measure("tortuosity", None, "1")))
    rows = records.rows_of(found, "A 1")
    assert [(row.name, row.value, row.reason) for row in rows] == [
        (Shown.DIAMETER, None, "two pieces"),
        ("tortuosity", None, "it could not be measured"),
        ("centreline", None, "two pieces"),
    ]


def test_the_diameter_carries_the_first_interval_that_is_about_its_own_outline() -> None:
    members = DiameterInterval(Method.MEMBERS, "1", 50.0, 58.0)
    readers = DiameterInterval(Method.READERS, "1", 60.0, 61.0)
    none = undefined(Method.SHAPES, "1", "no probability")
    chosen = {
        "all": records.default_interval(intervals(a=readers, b=members, c=shapes(54.0))),
        "no shapes": records.default_interval(intervals(a=readers, b=members, c=none)),
        "readers": records.default_interval(intervals(a=readers, c=none)),
    }
    assert {name: row.method if row else None for name, row in chosen.items()} == {
        "all": Method.SHAPES, "no shapes": Method.MEMBERS, "readers": None,
    }  # fmt: skip
    sized = records.with_interval(diameter(parameters={"plane": 3}), chosen["all"])
    assert (sized.lower, sized.upper) == (51.8, 57.0)
    assert sized.parameters == {"plane": 3, "interval": "shape sampling", "level": 0.95}
    assert records.with_interval(sized, None) == diameter(parameters={"plane": 3})


def test_an_interval_keeps_its_samples_and_an_undefined_one_its_reason() -> None:
    one, other = intervals(a=shapes(54.00049, 55.0), b=undefined(Method.MEMBERS, "1", "no members"))
    assert (one.name, one.value, one.samples, one.seed) == (f"{Shown.DIAMETER}, shape sampling", 54.1, (54.0, 55.0), 1)
    assert (other.value, other.lower, other.reason) == (54.1, None, "no members")


def test_the_flag_says_what_the_reader_should_know_and_where() -> None:
    """38 of 100 samples lie above: (38 + 1/2) / 101 = 38 %. The end points lie at k = 10 and 12, i = -7 and 47."""
    found = intervals(a=shapes(*[53.0] * 62, *[56.0] * 38))
    sized = records.with_interval(diameter(), records.default_interval(found))
    decided = records.decision_of(sized, found, Sex.MALE, shipped())
    flag = records.decision_flag(sized, decided, 0.1, np.linalg.inv(AFFINE), SHAPE)
    assert flag is not None
    assert (flag.reason, flag.severity, flag.place, flag.slices) == (FlagReason.DECISION, 3, (11, 30, 20), (10, 12))
    assert flag.text == ("54.1 mm (51.8 to 57.0): 38 % that the true diameter lies above the 55 mm threshold.")
    assert records.decision_flag(sized, decided, 0.4, np.linalg.inv(AFFINE), SHAPE) is None
    unknown = records.decision_of(sized, found, None, shipped())
    flag = records.decision_flag(sized, unknown, 0.1, np.linalg.inv(AFFINE), SHAPE)
    assert flag is not None
    assert flag.text.endswith("the 55 mm threshold (sex unknown: 50 mm is the other one).")


def test_p_flip_is_stored_with_the_threshold_that_it_is_about() -> None:
    found = intervals(a=shapes(*[53.0] * 62, *[56.0] * 38))
    sized = records.with_interval(diameter(), records.default_interval(found))
    flip = records.flip_row(sized, records.decision_of(sized, found, Sex.MALE, shipped()), Sex.MALE, shipped())
    assert flip.value == pytest.approx(38.5 / 101)
    said = {"threshold_mm": 55.0, "threshold_set": "ESVS 2024", "threshold_version": "1", "sex": "M", "side": "below"}
    assert said.items() <= flip.parameters.items()
    headline = records.headline_of(sized, flip)
    assert (headline.diameter_mm, headline.lower_mm, headline.upper_mm, headline.flip) == (54.1, 51.8, 57.0, flip.value)


def test_without_a_diameter_or_shapes_p_flip_says_why() -> None:
    nothing = diameter(None, reason="two pieces")
    assert records.decision_of(nothing, [], None, shipped()) is None
    flip = records.flip_row(nothing, None, None, shipped())
    assert (flip.value, flip.reason) == (None, "there is no diameter: two pieces")
    found = intervals(a=undefined(Method.SHAPES, "1", "its author gave no probability"))
    decided = records.decision_of(diameter(), found, None, shipped())
    flip = records.flip_row(diameter(), decided, None, shipped())
    assert (flip.value, flip.reason) == (None, "its author gave no probability")
    assert records.decision_flag(diameter(), decided, 0.1, np.linalg.inv(AFFINE), SHAPE) is None

"""Parts of a vessel and the clock around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.measurement.measure import measure
from services.measurement.names import Along
from services.measurement.places import clock_of, place_of
from services.measurement.sections import frame_of
from tests.services.measurement.solids import WALL, boxed, forked, swollen

DOWN = np.array([0.0, 0.0, -1.0])


@pytest.mark.parametrize(
    ("lps", "hour"),
    [((0, -9, 0), 12), ((9, 0, 0), 3), ((0, 9, 0), 6), ((-9, 0, 0), 9), ((9, -9 * 3**0.5, 0), 1)],
)
def test_twelve_is_in_front_and_three_on_the_patients_left(lps: tuple[float, ...], hour: float) -> None:
    assert clock_of(np.array([lps], float), np.zeros(3), DOWN)[0] == pytest.approx(hour)


def test_on_the_axis_there_is_no_hour() -> None:
    assert np.isnan(clock_of(np.array([[0.0, 0, 5]]), np.zeros(3), DOWN)[0])


units = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@given(units)
def test_the_axes_of_a_plane_are_unit_and_perpendicular_and_point_to_front_and_left(vector: tuple) -> None:
    normal = np.array(vector) / np.linalg.norm(vector)
    front, left = frame_of(normal)
    assert np.stack([normal, front, left]) @ np.stack([normal, front, left]).T == pytest.approx(np.eye(3), abs=1e-6)
    assert left[0] > -1e-6
    assert front[1] < 1e-6


@given(units, st.floats(0.01, 11.99), st.floats(1, 40))
def test_a_point_placed_at_an_hour_is_told_at_that_hour(vector: tuple, hour: float, away: float) -> None:
    normal = np.array(vector) / np.linalg.norm(vector)
    front, left = frame_of(normal)
    turn = np.radians(30 * hour)
    point = np.array([3.0, -4.0, 5.0]) + away * (np.cos(turn) * front + np.sin(turn) * left)
    assert clock_of(point[None] + 2 * normal, np.array([3.0, -4.0, 5.0]), normal)[0] == pytest.approx(hour, abs=1e-6)


def test_neck_and_sac_are_told_apart_and_lengths_grow_downwards() -> None:
    mask, affine = boxed(swollen(10.0, 22.0, begins=10.0, length=50.0), (-35, -35, -70), (35, 35, 70), 2.0)
    found = measure(mask, affine, WALL)
    assert found.curve is not None
    points = np.array([[0.0, -9, 60], [0, -9, 17], [20, 0, -15], [0, 9, -60]])
    places = place_of(points, found.curve, found.sections)
    assert places.part == (Along.ABOVE, Along.NECK, Along.SAC, Along.AORTA)
    assert (np.diff(places.along_mm) > 0).all()
    assert places.along_mm[2] - places.along_mm[1] == pytest.approx(32.0, abs=2.0)
    assert places.clock[[0, 2, 3]] == pytest.approx([12, 3, 6], abs=0.3)


def test_limbs_are_the_patients_right_and_left() -> None:
    found = measure(*boxed(forked(), (-60, -30, -75), (60, 30, 75), 2.0), WALL)
    assert found.curve is not None
    places = place_of(np.array([[-27.0, 0, -45], [27, 0, -45], [0, 0, 60], found.curve.bifurcation]), found.curve)
    assert places.part == (Along.RIGHT_ILIAC, Along.LEFT_ILIAC, Along.AORTA, Along.BIFURCATION)

"""Measures of shapes that are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.measure import measure
from services.measurement.names import Name, unit_of
from tests.services.measurement.solids import CONTENTS, WALL, affine_of, along, boxed, drawn, forked, straight, swollen

LOW, HIGH = (-45.0, -45.0, -75.0), (45.0, 45.0, 75.0)


def test_a_cylinder_is_as_wide_on_every_way_of_measuring_and_straight() -> None:
    mask, affine = boxed(straight(12.0, 110.0), LOW, HIGH)
    found = measure(mask, affine, WALL)
    for name, within in ((Name.ORTHOGONAL, 0.5), (Name.AXIAL, 0.5), (Name.INSCRIBED, 0.9), (Name.EQUIVALENT, 0.2)):
        assert found[name].value == pytest.approx(24.0, abs=within)
    assert found[Name.TORTUOSITY].value == pytest.approx(1.0, abs=1e-3)
    assert found[Name.SAC].reason == "no aneurysm: nowhere 30 mm wide"


@pytest.mark.parametrize("degrees", [20, 40])
def test_a_tilted_tube_is_wider_in_the_axial_plane_by_one_over_the_cosine(degrees: int) -> None:
    mask, affine = boxed(straight(12.0, 110.0, np.radians(degrees)), (-75, -45, -75), (75, 45, 75))
    found = measure(mask, affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(24.0, abs=0.7)
    assert found[Name.AXIAL].value == pytest.approx(24.0 / np.cos(np.radians(degrees)), abs=0.7)


def test_a_quarter_of_a_torus_is_as_long_as_its_circle_over_its_chord() -> None:
    angle = np.linspace(0, np.pi / 2, 40)
    path = 60.0 * np.stack([np.cos(angle), np.zeros(40), np.sin(angle)], axis=1)
    mask, affine = boxed(along(path, 9.0), (-15, -25, -15), (85, 25, 85))
    found = measure(mask, affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(18.0, abs=0.7)
    assert found[Name.TORTUOSITY].value == pytest.approx((np.pi / 2) / np.sqrt(2), abs=0.02)


def test_the_end_points_of_a_diameter_lie_on_the_wall_and_as_far_apart_as_it_says() -> None:
    mask, affine = boxed(swollen(10.0, 24.0, begins=30.0), LOW, HIGH)
    one = measure(mask, affine, WALL)[Name.ORTHOGONAL]
    first, second = np.array(one.points)
    assert np.linalg.norm(first - second) == pytest.approx(one.value)
    for end in (first, second):
        assert np.hypot(end[0], end[1]) == pytest.approx(24.0, abs=0.6)


def test_a_sac_with_a_neck_has_its_length_from_the_lowest_renal_artery_down() -> None:
    mask, affine = boxed(swollen(10.0, 25.0, begins=10.0, ramp=8.0), LOW, HIGH)
    renal = drawn(along(np.array([[8.0, 0, 38.0], [38.0, 0, 38.0]]), 3.0), affine, mask.shape) & (mask == 0)
    found = measure(np.where(renal, 2, mask).astype(np.uint8), affine, {1: "outer wall", 2: "renal artery left"})
    assert found[Name.NECK_LENGTH].value == pytest.approx(38.0 - 3.0 - 10.0, abs=4.0)
    assert found[Name.NECK_DIAMETER].value == pytest.approx(20.0, abs=1.0)
    assert found[Name.NECK_ANGLE].value == pytest.approx(0.0, abs=5.0)
    without = measure(mask, affine, WALL)[Name.NECK_LENGTH]
    assert without.value is None
    assert "renal" in without.reason


def test_volumes_are_counted_and_thrombus_is_as_thick_as_wall_and_lumen_lie_apart() -> None:
    wall, affine = boxed(swollen(10.0, 25.0, begins=30.0), LOW, HIGH)
    lumen, _ = boxed(straight(9.0, 150.0), LOW, HIGH)
    found = measure(np.where(wall & ~lumen, 2, wall).astype(np.uint8), affine, CONTENTS)
    assert found[Name.THICKEST].value == pytest.approx(16.0, abs=1.0)
    assert found[Name.LUMEN].value == pytest.approx(np.pi * 81 * 150 / 1000, rel=0.03)
    cones = 2 * np.pi * 10.0 * (625 + 250 + 100) / 3  # two frusta of 10 mm from radius 10 to 25
    assert found[Name.SAC].value == pytest.approx((np.pi * 625 * 40 + cones) / 1000, rel=0.03)


def test_a_fork_gives_both_iliac_arteries_left_on_the_patients_left() -> None:
    solid = forked(limb=6.0)
    wide = along(np.array([[20.0, 0, -33], [32, 0, -53]]), 8.0, flat=False)
    mask, affine = boxed(lambda p: solid(p) | wide(p), (-60, -30, -75), (60, 30, 75))
    found = measure(mask, affine, WALL)
    assert found.curve is not None
    assert found.curve.bifurcation == pytest.approx((0, 0, 0), abs=6.0)
    assert found[Name.ILIAC_RIGHT].value == pytest.approx(12.0, abs=1.0)
    assert found[Name.ILIAC_LEFT].value == pytest.approx(16.0, abs=1.0)
    assert found[Name.ORTHOGONAL].value == pytest.approx(22.0, abs=1.0)


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_the_order_and_direction_of_the_voxels_change_nothing(order: list[int], signs: tuple[int, int, int]) -> None:
    mask, affine = boxed(swollen(9.0, 20.0, begins=20.0, length=40.0), (-30, -30, -45), (30, 30, 45), 2.0)
    turned = mask.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    matrix = affine[:, [*order, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            matrix[:, 3] += matrix[:, axis] * (turned.shape[axis] - 1)
            matrix[:, axis] *= -1
    expected, found = measure(mask, affine, WALL), measure(turned, matrix, WALL)
    for name in (Name.ORTHOGONAL, Name.INSCRIBED, Name.SAC, Name.TORTUOSITY):
        assert found[name].value == pytest.approx(expected[name].value, rel=1e-3)


@settings(max_examples=2, deadline=None, derandomize=True)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_turned_patient_has_the_same_orthogonal_diameter(about_x: float, about_y: float) -> None:
    mask, affine = boxed(swollen(9.0, 20.0, begins=20.0, length=40.0), (-30, -30, -45), (30, 30, 45), 2.0)
    c, s, u, v = np.cos(about_x), np.sin(about_x), np.cos(about_y), np.sin(about_y)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.array([[u, 0, v], [0, 1, 0], [-v, 0, u]])
    found = measure(mask, turn @ affine, WALL)[Name.ORTHOGONAL].value
    assert found == pytest.approx(measure(mask, affine, WALL)[Name.ORTHOGONAL].value, abs=0.6)


def test_a_cropped_mask_measures_as_the_whole_one_when_it_says_where_it_lies() -> None:
    mask, affine = boxed(swollen(10.0, 22.0, begins=25.0, length=50.0), LOW, HIGH, 2.0)
    k, j, i = (slice(int(w.min()), int(w.max()) + 1) for w in np.nonzero(mask))
    moved = affine.copy()
    moved[:3, 3] = (affine @ [k.start, j.start, i.start, 1.0])[:3]
    cropped = measure(mask[k, j, i], moved, WALL, origin=(k.start, j.start, i.start), shape=mask.shape)
    assert [one.value for one in cropped.measures] == [one.value for one in measure(mask, affine, WALL).measures]


def test_nothing_is_written_into_the_mask_and_every_measure_is_there_once_with_its_unit() -> None:
    mask, affine = boxed(straight(10.0, 90.0), LOW, HIGH, 2.0)
    mask.flags.writeable = affine.flags.writeable = False
    found = measure(mask, affine, WALL).measures
    assert [one.name for one in found] == list(Name)
    assert all(one.unit == unit_of(Name(one.name)) for one in found)
    assert all((one.value is None) == bool(one.reason) for one in found)


def test_slices_of_five_millimetres_cost_less_than_a_millimetre() -> None:
    solid = swollen(10.0, 25.0, begins=30.0)
    affine = affine_of((5.0, 0.8, 0.8), (-35.3, -35.1, -71.0))
    found = measure(drawn(solid, affine, (29, 88, 88)), affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(50.0, abs=1.0)

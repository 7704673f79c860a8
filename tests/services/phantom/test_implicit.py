"""Distances worked out by hand, and what holds for every shape: none is steeper than 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.phantom.implicit import (
    FAR,
    Points,
    Waves,
    box,
    capsule,
    ellipsoid,
    grid_of,
    rotated,
    rotation,
    scattered,
    smooth_intersection,
    smooth_subtraction,
    smooth_union,
    sphere,
    spline,
    torus_segment,
    translated,
    tube,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.phantom.implicit import Floats

PATH = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [20.0, 5.0, 0.0]])
EVEN = np.array([3.0, 3.0, 3.0])
HALF = np.pi / 2
SHAPES: dict[str, Callable[[Points], Floats]] = {
    "sphere": lambda p: sphere(p, (1, 2, 3), 5),
    "capsule": lambda p: capsule(p, (0, 0, 0), (4, 5, 6), 2),
    "box": lambda p: box(p, (0, 1, 0), (3, 4, 5)),
    "rounded box": lambda p: box(p, (0, 1, 0), (3, 4, 5), 1.5),
    "torus": lambda p: torus_segment(p, (0, 0, 0), 8, 2),
    "arc": lambda p: torus_segment(p, (0, 0, 0), 8, 2, HALF),
    "tube": lambda p: tube(p, PATH, EVEN, reach=1e3),
    "union": lambda p: smooth_union(sphere(p, (0, 0, 0), 5), box(p, (5, 0, 0), (3, 3, 3)), 4),
    "subtraction": lambda p: smooth_subtraction(sphere(p, (0, 0, 0), 5), sphere(p, (4, 0, 0), 4), 3),
    "turned box": lambda p: box(rotated(p, rotation(0, 30) @ rotation(2, 20), (1, 1, 1)), (0, 1, 0), (3, 4, 5)),
}
place = st.tuples(*3 * [st.floats(-30, 30, width=32)])


def at(*place: float) -> Points:
    return scattered(np.array([place]))


@pytest.mark.parametrize(
    ("shape", "where", "distance"),
    [
        (lambda p: sphere(p, (0, 0, 0), 5), (0, 3, 4), 0),
        (lambda p: sphere(p, (0, 0, 0), 5), (0, 0, 0), -5),
        (lambda p: sphere(p, (1, 2, 3), 5), (1, 2, 15), 7),
        (lambda p: ellipsoid(p, (0, 0, 0), (2, 3, 6)), (0, 0, 6), 0),
        (lambda p: ellipsoid(p, (0, 0, 0), (2, 3, 6)), (0, 0, 0), -2),
        (lambda p: ellipsoid(p, (0, 0, 0), (4, 4, 4)), (0, 7, 0), 3),
        (lambda p: capsule(p, (0, 0, 0), (10, 0, 0), 2), (5, 3, 4), 3),
        (lambda p: capsule(p, (0, 0, 0), (10, 0, 0), 2), (14, 3, 0), 3),
        (lambda p: capsule(p, (0, 0, 0), (10, 0, 0), 1, 3), (5, 6, 0), 4),
        (lambda p: box(p, (0, 0, 0), (1, 2, 3)), (0, 5, 7), 5),
        (lambda p: box(p, (0, 0, 0), (1, 2, 3)), (0, 0, 0), -1),
        (lambda p: box(p, (0, 0, 0), (3, 3, 3), 1), (0, 5, 6), np.sqrt(9 + 16) - 1),
        (lambda p: torus_segment(p, (0, 0, 0), 8, 2), (0, 0, 8), -2),
        (lambda p: torus_segment(p, (0, 0, 0), 8, 2), (3, -12, 0), 3),
        (lambda p: torus_segment(p, (0, 0, 0), 8, 2, HALF), (0, 6, 8), 4),
        (lambda p: torus_segment(p, (0, 0, 0), 8, 2, HALF), (0, -8, 0), -2),
        (lambda p: tube(p, PATH[:2], EVEN[:2]), (5, 0, 7), 4),
    ],
)
def test_a_distance_is_what_it_is_by_hand(
    shape: Callable[[Points], Floats], where: tuple[float, float, float], distance: float
) -> None:
    assert shape(at(*where))[0] == pytest.approx(distance, abs=1e-4)


@pytest.mark.parametrize("name", SHAPES)
@given(first=place, second=place)
@settings(max_examples=60)
def test_a_distance_never_changes_faster_than_one_moves(
    name: str, first: tuple[float, float, float], second: tuple[float, float, float]
) -> None:
    one, other = SHAPES[name](at(*first))[0], SHAPES[name](at(*second))[0]
    assert abs(one - other) <= np.linalg.norm(np.subtract(first, second)) * (1 + 1e-4) + 1e-3


@given(place, st.floats(1, 9), st.floats(1, 9), st.floats(1, 9))
def test_an_ellipsoid_has_the_right_sign_everywhere(
    where: tuple[float, float, float], a: float, b: float, c: float
) -> None:
    ring = np.linalg.norm(np.divide(where, (a, b, c)))
    distance = ellipsoid(at(*where), (0, 0, 0), (a, b, c))[0]
    assert (distance < 0) == (ring < 1) or abs(ring - 1) < 1e-4


def test_an_ellipsoid_is_exact_to_first_order_beside_its_surface() -> None:
    radii = np.array([20.0, 12.0, 8.0])
    way = np.array([0.6, 0.64, 0.48])
    surface = way * radii
    normal = way / radii / np.linalg.norm(way / radii)
    for step in (-0.5, 0.5):
        assert ellipsoid(at(*(surface + step * normal)), (0, 0, 0), (20, 12, 8))[0] == pytest.approx(step, abs=0.02)


@given(place, st.floats(0.5, 8))
def test_a_smooth_union_reaches_at_least_as_far_as_its_parts_and_at_most_a_quarter_of_its_blend_more(
    where: tuple[float, float, float], blend: float
) -> None:
    one, other = sphere(at(*where), (0, 0, 0), 6), sphere(at(*where), (7, 0, 0), 5)
    union, nearer = smooth_union(one, other, blend)[0], min(one[0], other[0])
    assert nearer - blend / 4 - 1e-4 <= union <= nearer + 1e-4
    if abs(one[0] - other[0]) > blend:
        assert union == pytest.approx(nearer, abs=1e-5)


@given(place)
def test_what_is_taken_away_or_shared_lies_within_the_shape(where: tuple[float, float, float]) -> None:
    one, other = sphere(at(*where), (0, 0, 0), 6), sphere(at(*where), (7, 0, 0), 5)
    assert smooth_subtraction(one, other, 2)[0] >= max(one[0], -other[0]) - 1e-4
    assert smooth_intersection(one, other, 2)[0] >= max(one[0], other[0]) - 1e-4


def test_the_middle_of_a_smooth_union_by_hand() -> None:
    one, other = np.float32([2.0]), np.float32([2.0])
    assert smooth_union(one, other, 4.0)[0] == pytest.approx(2 - 4**2 / (4 * 4))


@pytest.mark.parametrize("name", SHAPES)
def test_a_grid_and_single_points_give_the_same(name: str) -> None:
    axes = np.linspace(-9, 9, 7), np.linspace(-8, 8, 5), np.linspace(-7, 7, 6)
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    np.testing.assert_allclose(SHAPES[name](grid_of(*axes)), SHAPES[name](scattered(places)), atol=2e-4)


def test_moved_points_see_a_moved_shape() -> None:
    assert sphere(translated(at(3, 4, 5), (3, 4, 0)), (0, 0, 0), 2)[0] == pytest.approx(3)


@given(place, st.floats(-180, 180), st.integers(0, 2))
def test_turning_moves_no_point_nearer_to_the_centre(
    where: tuple[float, float, float], degrees: float, axis: int
) -> None:
    turned = rotated(at(*where), rotation(axis, degrees), (1, 2, 3))
    assert sphere(turned, (1, 2, 3), 4)[0] == pytest.approx(sphere(at(*where), (1, 2, 3), 4)[0], abs=1e-3)


def test_a_shape_turned_by_a_quarter_about_z_lies_along_x_where_it_lay_along_y() -> None:
    turned = rotated(at(0, 0, 9), rotation(0, 90))
    assert capsule(turned, (0, 0, 0), (0, 9, 0), 1)[0] == pytest.approx(-1, abs=1e-5)
    assert capsule(rotated(at(0, 9, 0), rotation(0, 90)), (0, 0, 0), (0, 9, 0), 1)[0] > 7


def test_a_tube_beyond_its_reach_is_far_and_within_it_exact() -> None:
    near = tube(grid_of(np.arange(-5.0, 26), np.arange(-40.0, 41), np.array([0.0])), PATH, EVEN, reach=6)
    exact = tube(grid_of(np.arange(-5.0, 26), np.arange(-40.0, 41), np.array([0.0])), PATH, EVEN, reach=1e3)
    within = exact < 5
    np.testing.assert_allclose(near[within], exact[within], atol=1e-5)
    assert near[5, 0, 0] == FAR


def test_a_spline_passes_through_its_knots_in_even_steps() -> None:
    knots = [(0.0, 0.0, 0.0), (10.0, 4.0, 0.0), (20.0, 0.0, 3.0)]
    path = spline(knots, 0.5)
    assert np.linalg.norm(path[:, None] - np.array(knots), axis=-1).min(axis=0).max() < 0.3
    assert np.linalg.norm(np.diff(path, axis=0), axis=1) == pytest.approx(0.5, rel=0.02)


def test_waves_have_mean_0_and_standard_deviation_1() -> None:
    waves = Waves.turbulence(np.random.default_rng(3), 20.0)
    field = waves(grid_of(*3 * [np.arange(0.0, 200, 2.5)]))
    assert field.mean() == pytest.approx(0, abs=0.1)
    assert field.std() == pytest.approx(1, abs=0.15)


def test_waves_are_the_same_on_a_grid_and_at_its_points() -> None:
    waves = Waves.turbulence(np.random.default_rng(4), 15.0, octaves=3)
    axes = np.linspace(-50, 70, 9), np.linspace(-30, 40, 8), np.linspace(0, 90, 7)
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    np.testing.assert_allclose(waves(grid_of(*axes)), waves(scattered(places)), atol=2e-4)


@given(place, place)
def test_waves_are_no_steeper_than_they_say(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> None:
    waves = Waves.turbulence(np.random.default_rng(5), 25.0)
    apart = np.linalg.norm(np.subtract(first, second))
    assert abs(waves(at(*first))[0] - waves(at(*second))[0]) <= waves.steepest * apart * 1.001 + 1e-4


def test_no_shape_writes_into_its_points() -> None:
    axes = np.linspace(-9, 9, 7), np.linspace(-8, 8, 5), np.linspace(-7, 7, 6)
    points = grid_of(*axes)
    before = [axis.copy() for axis in points]
    for shape in SHAPES.values():
        shape(points)
    assert all(np.array_equal(axis, kept) for axis, kept in zip(points, before, strict=True))

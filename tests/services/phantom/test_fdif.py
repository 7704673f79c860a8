"""Volumes made of formulas: classes, who wins a voxel, what a mapper gives, and distances worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.phantom.fdif import BRIGHTEST, CLASSES, MAPPERS, Recipe, generate, mapper, smallest_wins
from services.phantom.fdif_shapes import DISPLACEMENTS, PRIMITIVES, cone, extruded, onion, polygon
from services.phantom.implicit import grid_of, scattered

SMALL = Recipe(side=14, objects=4)
AXIS = np.arange(20) - 9.5
GRID = grid_of(AXIS, AXIS, AXIS)
seeds = st.integers(0, 2**31)
few = settings(max_examples=12, deadline=None)


def at(z: float, y: float, x: float) -> float:
    """Distance of one point from a cone of base 3 and height 4."""
    return float(cone(scattered(np.array([[z, y, x]])), 3, 4)[0])


@few
@given(seeds)
def test_labels_are_classes_and_intensities_lie_between_0_and_128(seed: int) -> None:
    volume = generate(seed, SMALL)
    assert volume.labels.dtype == np.uint8
    assert volume.labels.max() <= len(CLASSES) == 12
    assert volume.image.dtype == np.float32
    assert 0 <= volume.image.min() <= volume.image.max() <= BRIGHTEST


@few
@given(seeds)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    first, second = generate(seed, SMALL), generate(seed, SMALL)
    assert (first.image.tobytes(), first.labels.tobytes()) == (second.image.tobytes(), second.labels.tobytes())


def test_another_seed_gives_another_volume() -> None:
    assert (generate(1, SMALL).labels != generate(2, SMALL).labels).any()


@few
@given(seeds)
def test_without_mappers_the_geometry_stays_and_each_level_is_a_sum_of_constants(seed: int) -> None:
    mapped, constant = generate(seed, SMALL), generate(seed, Recipe(14, 4, mapped=False))
    assert (mapped.labels == constant.labels).all()
    assert len(np.unique(constant.image)) <= 2**SMALL.objects
    assert (constant.image[constant.labels == 0] == 0).all()


def test_displacement_changes_surfaces() -> None:
    smooth = [generate(seed, Recipe(14, 4, displaced=False)).labels for seed in range(4)]
    assert any((generate(seed, SMALL).labels != labels).any() for seed, labels in enumerate(smooth))


def test_the_smallest_object_wins_a_voxel_that_several_cover() -> None:
    large, small = np.array([1, 1, 1, 1, 0], bool), np.array([0, 0, 1, 1, 0], bool)
    for covered in ([(3, large), (7, small)], [(7, small), (3, large)]):
        assert smallest_wins(covered, (5,)).tolist() == [3, 3, 7, 7, 0]


@few
@given(seeds, st.sampled_from(sorted(MAPPERS)))
def test_a_mapper_stays_within_its_range_and_does_not_write_into_distances(seed: int, name: str) -> None:
    distance = np.linspace(-40, 40, 321, dtype=np.float32)
    before = distance.copy()
    intensity = MAPPERS[name](np.random.default_rng(seed))(distance)
    assert 0 <= intensity.min() <= intensity.max() <= BRIGHTEST
    assert (distance == before).all()


def test_only_the_inverse_cube_shines_outside() -> None:
    outside = np.array([1.0, 3.0], np.float32)
    given_off = {name: draw(np.random.default_rng(0))(outside).tolist() for name, draw in MAPPERS.items()}
    assert given_off.pop("inverse cube") == pytest.approx([64, 128 / 28])
    assert set(map(tuple, given_off.values())) == {(0.0, 0.0)}


def test_on_its_surface_an_object_is_brightest_unless_its_intensity_is_constant_or_starts_anew_there() -> None:
    surface = np.zeros(1, np.float32)
    levels = {name: float(draw(np.random.default_rng(0))(surface)[0]) for name, draw in MAPPERS.items()}
    assert levels.pop("modular") == 0
    assert set(levels.values()) == {128.0}
    assert 16 <= mapper(np.random.default_rng(0), mapped=False)(surface)[0] <= 128


@few
@given(seeds, st.sampled_from(sorted(DISPLACEMENTS)))
def test_a_displacement_lies_between_minus_1_and_1(seed: int, name: str) -> None:
    field = DISPLACEMENTS[name](20, np.random.default_rng(seed))(GRID)
    assert field.shape == GRID.shape
    assert np.abs(field).max() <= 1 + 1e-5


@few
@given(seeds, st.sampled_from(sorted(PRIMITIVES)))
def test_a_primitive_has_an_inside_and_stays_about_within_its_size(seed: int, name: str) -> None:
    distance = np.broadcast_to(PRIMITIVES[name](7, np.random.default_rng(seed))(GRID), GRID.shape)
    from_middle = np.sqrt(sum(axis**2 for axis in GRID))
    assert (distance < 0).any()
    assert from_middle[distance < 0].max() <= 7 * 1.5


@pytest.mark.parametrize(
    ("section", "z", "distance"),
    [(-2, 0, -2), (-2, 4, -1), (3, 0, 3), (-1, 9, 4), (3, 9, 5)],
)
def test_an_extruded_section_is_at_the_distance_of_its_side_its_end_or_its_edge(
    section: float, z: float, distance: float
) -> None:
    found = extruded(np.array([section], np.float32), np.array([z], np.float32), 5)
    assert found.tolist() == [distance]


def test_a_hexagon_is_as_far_away_as_its_nearest_side() -> None:
    points = scattered(np.array([[0, 0, 0], [0, 5, 0], [9, -5, 0]]))
    assert polygon(points, 6, 4) == pytest.approx([-4, 1, 1], abs=1e-5)


def test_a_cone_is_inside_between_its_base_and_its_tip() -> None:
    assert at(2, 0, 0) == pytest.approx(0, abs=1e-6)
    assert at(-2, 3, 0) == pytest.approx(0, abs=1e-6)
    assert at(-3, 0, 0) == pytest.approx(1)
    assert at(0, 1.5, 2) == pytest.approx((2.5 - 1.5) * 4 / 5)


def test_a_shell_is_empty_inside() -> None:
    assert onion(np.array([-3, -1, 0, 1, 3], np.float32), 2).tolist() == [2, 0, -1, 0, 2]

"""Smooth deformations of a wall and the diameters that follow; what the fast way finds, the slow way finds too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from services.measurement.field import field_of
from services.measurement.flows import Lattice, exponential, unit_field
from services.measurement.shape_sampling import Spread, callipers, sample_shapes, widest
from services.measurement.voxel_sampling import widest_of
from services.measurement.wall_doubt import Rings, wall_moments
from tests.services.measurement.sacs import AFFINE, SAC_MM, SHAPE, along, mask, probability

CORRELATION = 30.0
SECTIONS = along()[::2]
RINGS = Rings.of(SECTIONS)
SURE = np.zeros(RINGS.points.shape[:2])


def test_outlines_are_those_of_the_sac() -> None:
    widths = callipers(RINGS.points, RINGS.front, RINGS.left)
    assert widths.max() == pytest.approx(2 * SAC_MM, abs=0.3)
    radial = RINGS.points[..., :2] / np.linalg.norm(RINGS.points[..., :2], axis=-1, keepdims=True)
    np.testing.assert_allclose((RINGS.outwards[..., :2] * radial).sum(axis=-1), 1, atol=0.05)


def test_without_amplitude_every_shape_is_the_drawn_one() -> None:
    shapes = sample_shapes(RINGS, SURE, CORRELATION, rng=np.random.default_rng(0), samples=5)
    np.testing.assert_allclose(shapes.diameters, callipers(RINGS.points, RINGS.front, RINGS.left).max())
    assert set(shapes.jacobians) == {1.0}
    assert not shapes.outwards.any()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), amplitude=st.floats(0.5, 8.0), mode=st.floats(-15.0, 15.0))
def test_every_shape_has_a_positive_jacobian(seed: int, amplitude: float, mode: float) -> None:
    modes = np.zeros((1, *SURE.shape))
    modes[0, :, :20] = mode
    rng = np.random.default_rng(seed)
    shapes = sample_shapes(RINGS, SURE + amplitude, CORRELATION, modes=modes, rng=rng, samples=6)
    assert (shapes.jacobians > 0).all()
    assert np.isfinite(shapes.diameters).all()


def test_a_small_random_field_gives_the_spread_that_it_must() -> None:
    """Opposite points 40 mm apart hardly move together: sqrt(2) amplitude, less for the widest of many widths."""
    rng = np.random.default_rng(1)
    shapes = sample_shapes(RINGS, SURE + 0.5, CORRELATION, rng=rng, samples=150)
    assert 0.35 < shapes.diameters.std() < 0.75
    assert shapes.diameters.mean() > 2 * SAC_MM
    assert shapes.outwards.std() == pytest.approx(0.5, abs=0.08)


def test_a_mode_moves_the_wall_as_it_says() -> None:
    """All of the wall 1 mm outwards with a weight of variance 1: the diameter deviates by about 2 mm."""
    modes = np.ones((1, *SURE.shape))
    shapes = sample_shapes(RINGS, SURE, CORRELATION, modes=modes, rng=np.random.default_rng(2), samples=120)
    assert shapes.diameters.std() == pytest.approx(2.0, abs=0.4)
    assert shapes.diameters.mean() == pytest.approx(2 * SAC_MM, abs=0.5)


def test_narrow_outlines_are_left_out_and_the_widest_is_not() -> None:
    wanted = widest(RINGS, SURE + 1.0)
    widths = callipers(RINGS.points, RINGS.front, RINGS.left)
    assert wanted[widths.argmax()]
    assert (widths[~wanted] < widths.max() - 3.9).all()
    assert 0 < wanted.sum() < len(wanted)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_fast_way_equals_a_warped_volume_measured_anew(seed: int) -> None:
    """Points go by exp(v); the volume is read where exp(-v) leads. Voxels of 1.5 mm: within 0.8 mm."""
    places = RINGS.points.reshape(-1, 3)
    lattice = Lattice.around(places, CORRELATION)
    velocity = 2.5 * unit_field(lattice, CORRELATION, np.random.default_rng(seed))
    there, back = (exponential(sign * velocity, lattice.step_mm) for sign in (1, -1))
    moved = RINGS.points + lattice.at(there, places).reshape(RINGS.points.shape)
    fast = float(callipers(moved, RINGS.front, RINGS.left).max())

    voxels = np.indices(SHAPE).reshape(3, -1).T
    points = voxels @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    read = points + lattice.at(back, points)
    index = (read - AFFINE[:3, 3]) @ np.linalg.inv(AFFINE[:3, :3]).T
    warped = map_coordinates(mask().astype(np.float32), index.T, order=1).reshape(SHAPE) > 0.5
    slow = widest_of(field_of(warped, AFFINE), SECTIONS)
    assert slow is not None
    assert abs(fast - 2 * SAC_MM) > 0.2
    assert fast == pytest.approx(slow, abs=0.8)


def test_local_doubt_is_the_spread_that_the_probability_has() -> None:
    """A wall that lies 1 mm farther out with a standard deviation of 2.5 mm, as the formula has it."""
    offset, doubt = wall_moments(probability(2.5, 1.0), AFFINE, RINGS)
    middle = np.abs(RINGS.points[:, 0, 2] - RINGS.points[:, 0, 2].mean()) < 12
    assert offset[middle].mean() == pytest.approx(1.0, abs=0.25)
    assert doubt[middle].mean() == pytest.approx(2.5, abs=0.25)


def test_a_sure_map_has_little_doubt_and_no_offset() -> None:
    """What is left is a voxel's width, over which the map is read linearly: 1.5 mm / sqrt(12)."""
    offset, doubt = wall_moments(mask().astype(np.float32), AFFINE, RINGS)
    assert np.abs(offset.mean()) < 0.15
    assert doubt.mean() < 0.9


def test_values_of_the_wall_are_carried_to_the_nodes() -> None:
    places = RINGS.points.reshape(-1, 3)
    lattice = Lattice.around(places, CORRELATION)
    spread = Spread(lattice, places, CORRELATION)
    np.testing.assert_allclose(spread.on_nodes(np.full(len(places), 3.0)), 3.0, rtol=1e-5)
    assert spread.on_nodes(places).shape == (3, *lattice.shape)

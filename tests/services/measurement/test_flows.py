"""Flows along a stationary velocity: what they lead to, that they lead back, and that they do not fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.flows import Lattice, exponential, smallest_jacobian, unit_field
from services.measurement.shape_sampling import unfolded

BOX = np.array([[-30.0, -40.0, 100.0], [35.0, 30.0, 170.0]])
LATTICE = Lattice.around(BOX, 20.0)


def places(count: int = 200) -> np.ndarray:
    return np.random.default_rng(5).uniform(*BOX, size=(count, 3))


def by_small_steps(velocity: np.ndarray, points: np.ndarray, steps: int) -> np.ndarray:
    """Euler's method: how far each point goes in unit time."""
    moved = points.copy()
    for _ in range(steps):
        moved = moved + LATTICE.at(velocity, moved) / steps
    return moved - points


def field(seed: int, amplitude: float) -> np.ndarray:
    return amplitude * unit_field(LATTICE, 20.0, np.random.default_rng(seed))


def test_no_velocity_leads_nowhere() -> None:
    still = exponential(np.zeros((3, 5, 6, 7), np.float32), 2.0)
    assert not still.any()
    assert smallest_jacobian(still, 2.0) == 1.0


def test_a_constant_velocity_is_a_shift() -> None:
    """2 mm along z, -1 along y, 3 along x: the vector's order on a lattice is z, y, x, of points x, y, z."""
    velocity = np.broadcast_to(np.float32([2, -1, 3])[:, None, None, None], (3, *LATTICE.shape))
    moved = LATTICE.at(exponential(velocity, LATTICE.step_mm), places())
    np.testing.assert_allclose(moved, np.broadcast_to([3.0, -1.0, 2.0], moved.shape), atol=1e-5)


def test_a_linear_velocity_grows_by_the_exponential() -> None:
    """dx/dt = 0.1 x: after unit time x is e^0.1 times as large, and volume e^0.3 times."""
    size, step = 21, 2.0
    zyx = np.moveaxis(np.indices((size,) * 3, dtype=np.float32), 0, -1) * step - 20.0
    displacement = exponential(np.ascontiguousarray(np.moveaxis(0.1 * zyx, -1, 0)), step)
    inner = (slice(None), *(slice(4, -4),) * 3)
    expected = np.moveaxis(zyx, -1, 0) * np.expm1(0.1)
    np.testing.assert_allclose(displacement[inner], expected[inner], rtol=2e-3, atol=1e-4)
    assert smallest_jacobian(displacement[inner], step) == pytest.approx(np.exp(0.3), rel=2e-3)


def test_scaling_and_squaring_goes_where_many_small_steps_go() -> None:
    """The lattice reads a composed displacement linearly at each squaring: on a finer one next to nothing is left."""
    velocity = field(1, 2.0)
    slowly = by_small_steps(velocity, places(), 2000)
    assert np.abs(slowly).max() > 4
    coarsely = LATTICE.at(exponential(velocity, LATTICE.step_mm), places())
    assert np.sqrt(np.mean((coarsely - slowly) ** 2)) < 0.08
    fine = replace(LATTICE, step_mm=LATTICE.step_mm / 4, shape=tuple(4 * size - 3 for size in LATTICE.shape))
    same = LATTICE.at(velocity, fine.nodes)[:, ::-1].T.reshape(3, *fine.shape)
    finely = fine.at(exponential(same, fine.step_mm), places())
    assert np.abs(finely - slowly).max() < 0.06


def test_the_opposite_velocity_leads_back() -> None:
    velocity = field(2, 2.0)
    there = places() + LATTICE.at(exponential(velocity, LATTICE.step_mm), places())
    back = there + LATTICE.at(exponential(-velocity, LATTICE.step_mm), there)
    assert np.abs(back - places()).max() < 0.25
    assert np.abs(there - places()).max() > 4


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), amplitude=st.floats(0.1, 12.0))
def test_no_deformation_folds_however_strong(seed: int, amplitude: float) -> None:
    velocity = field(seed, amplitude)
    displacement, smallest, _ = unfolded(velocity, LATTICE.step_mm)
    assert smallest > 0
    assert smallest_jacobian(displacement, LATTICE.step_mm) == smallest


def test_a_deformation_that_folds_is_found() -> None:
    """Neighbouring planes that change places: the derivative along z is 1 - 2 = -1 between them."""
    displacement = np.zeros((3, 4, 4, 4), np.float32)
    displacement[0, 1], displacement[0, 2] = 2.0, -2.0
    assert smallest_jacobian(displacement, 2.0) == pytest.approx(1 - 4.0 / 2.0)


def test_a_unit_field_has_unit_variance_and_its_correlation() -> None:
    """At the correlation length exp(-1/2) = 0.61 is left. 60 fields of 3,000 nodes; neighbours are not independent."""
    rng = np.random.default_rng(0)
    lattice = Lattice((0.0, 0.0, 0.0), 8.0, (15, 14, 15))
    fields = np.stack([unit_field(lattice, 16.0, rng) for _ in range(60)])
    assert fields.mean() == pytest.approx(0, abs=0.05)
    assert fields.var() == pytest.approx(1, abs=0.05)
    assert (fields[:, :, 2:] * fields[:, :, :-2]).mean() == pytest.approx(np.exp(-0.5), abs=0.05)
    assert (fields[:, 0] * fields[:, 1]).mean() == pytest.approx(0, abs=0.05)

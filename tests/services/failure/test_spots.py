"""A blob of doubt beside a tube is found on its side, in its slices, however the image lies."""

from __future__ import annotations

import numpy as np
import pytest

from services.failure.spots import Side, spot_of

UPRIGHT = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
"""Slices of 3 mm upwards; columns to the patient's left, rows to the back."""


def tube() -> np.ndarray:
    """A square of 11 voxels around (20, 20) in every slice."""
    wall = np.zeros((30, 41, 41), bool)
    wall[:, 15:26, 15:26] = True
    return wall


def blob(j: slice, i: slice) -> np.ndarray:
    values = np.zeros((30, 41, 41), np.float32)
    values[10:20, j, i] = 0.5
    values[2, 2, 2] = 0.9  # one voxel elsewhere, higher but with less in all
    return values


@pytest.mark.parametrize(
    ("j", "i", "side"),
    [
        (slice(19, 22), slice(25, 28), Side.LEFT),
        (slice(19, 22), slice(13, 16), Side.RIGHT),
        (slice(13, 16), slice(19, 22), Side.FRONT),
        (slice(25, 28), slice(19, 22), Side.BACK),
        (slice(14, 27), slice(14, 27), Side.AROUND),
    ],
)
def test_a_blob_is_found_on_its_side_and_in_its_slices(j: slice, i: slice, side: Side) -> None:
    found = spot_of(blob(j, i), tube(), UPRIGHT, (100, 0, 0))
    assert found is not None
    assert (found.side, found.slices) == (side, (110, 118))
    assert 110 <= found.place[0] <= 118
    assert blob(j, i)[found.place[0] - 100, found.place[1], found.place[2]] == 0.5


def test_an_image_that_lies_the_other_way_round_has_its_sides_changed() -> None:
    turned = UPRIGHT * [[1, 1, -1, 1], [1, -1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    found = spot_of(blob(slice(19, 22), slice(25, 28)), tube(), turned, (0, 0, 0))
    assert found is not None
    assert found.side is Side.RIGHT


def test_a_map_without_doubt_has_no_spot_and_one_without_wall_has_one() -> None:
    nothing = np.zeros((30, 41, 41), np.float32)
    assert spot_of(nothing, tube(), UPRIGHT, (0, 0, 0)) is None
    found = spot_of(blob(slice(19, 22), slice(30, 33)), np.zeros((30, 41, 41), bool), UPRIGHT, (0, 0, 0))
    assert found is not None
    assert found.side is Side.LEFT


def test_inputs_are_only_read() -> None:
    values, wall = blob(slice(19, 22), slice(25, 28)), tube()
    before = values.copy(), wall.copy()
    spot_of(values, wall, UPRIGHT, (0, 0, 0))
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(wall, before[1])

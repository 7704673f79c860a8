"""From one grid to another: nothing changes where nothing must, and what changes is said."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from highdicom import Volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.errors import GeometryMismatch
from services.imaging import resampling
from services.imaging.resampling import LINEAR, NEAREST, UNCHANGED, on_grid, straightened
from tests.strategies import affines

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = (6, 5, 4)
quick = settings(max_examples=40, deadline=None)
masks = arrays(np.uint8, SHAPE, elements=st.integers(0, 3)).filter(np.any)
turns = st.sampled_from(list(product(permutations(range(3)), product((1, -1), repeat=3))))


def image(affine: NDArray[np.float64], shape: tuple[int, int, int] = SHAPE) -> Volume:
    return Volume(np.zeros(shape, dtype=np.int16), affine, "PATIENT")


def turned(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], order: tuple[int, ...], ways: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The same voxels in the same places, with axes in another order and direction."""
    columns = [affine[:, axis] * way for axis, way in zip(order, ways, strict=True)]
    origin = affine[:, 3] + sum(
        affine[:, axis] * (mask.shape[axis] - 1) for axis, way in zip(order, ways, strict=True) if way < 0
    )
    index = tuple(slice(None, None, way) for way in ways)
    return np.ascontiguousarray(mask.transpose(order)[index]), np.stack([*columns, origin], axis=1)


@quick
@given(mask=masks, affine=affines(), turn=turns)
def test_a_mask_on_turned_or_mirrored_axes_gives_the_identical_mask(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], turn: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    placed = on_grid(*turned(mask, affine, *turn), image(affine), order=NEAREST)
    np.testing.assert_array_equal(placed.array, mask)
    assert placed.note in ("", UNCHANGED)


@quick
@given(mask=masks, affine=affines(), cut=st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)))
def test_a_cropped_mask_gives_its_voxels_back_and_0_around_them(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], cut: tuple[int, int, int]
) -> None:
    mask[0, 0, 0] = mask[-1, -1, -1] = 1
    moved = affine.copy()
    moved[:3, 3] = (affine @ [*cut, 1])[:3]
    k, j, i = cut
    placed = on_grid(np.ascontiguousarray(mask[k:, j:, i:]), moved, image(affine), order=NEAREST)
    np.testing.assert_array_equal(placed.array[k:, j:, i:], mask[k:, j:, i:])
    assert placed.array.sum() == mask[k:, j:, i:].sum()


@quick
@given(mask=masks, affine=affines(), other=affines())
def test_resampling_never_makes_a_label_that_was_not_there(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], other: NDArray[np.float64]
) -> None:
    try:
        placed = on_grid(mask, other, image(affine), order=NEAREST)
    except GeometryMismatch:
        return
    assert set(np.unique(placed.array)) <= set(np.unique(mask)) | {0}


def test_a_voxel_of_twice_the_size_covers_eight() -> None:
    mask = np.zeros((3, 3, 3), dtype=np.uint8)
    mask[1, 1, 1] = 2
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 0.5
    placed = on_grid(mask, affine, image(np.eye(4), (6, 6, 6)), order=NEAREST)
    np.testing.assert_array_equal(np.argwhere(placed.array == 2), list(product((2, 3), repeat=3)))
    assert placed.note == "resampled from 3 x 3 x 3 voxels of 2.00 x 2.00 x 2.00 mm by nearest neighbour"


def test_a_map_is_interpolated_linearly_between_its_voxels() -> None:
    ramp = np.repeat(np.arange(4, dtype=np.float32), 16).reshape(4, 4, 4)
    finer = np.diag([0.5, 1.0, 1.0, 1.0])
    placed = on_grid(ramp, np.eye(4), image(finer, (7, 4, 4)), order=LINEAR)
    np.testing.assert_allclose(placed.array[:, 2, 2], [0, 0.5, 1, 1.5, 2, 2.5, 3])
    assert "linear interpolation" in placed.note


def test_what_lies_beyond_the_image_is_cut_off_and_said() -> None:
    mask = np.ones(SHAPE, dtype=np.uint8)
    affine = np.eye(4)
    affine[0, 3] = 3.0
    placed = on_grid(mask, affine, image(np.eye(4)), order=NEAREST)
    assert placed.array.sum() == mask[:3].sum()
    assert placed.note == f"{UNCHANGED}; 50 % of it lies beyond the image"


@pytest.mark.parametrize("broken", [np.full((4, 4), np.nan), np.diag([1.0, 0.0, 1.0, 1.0])])
def test_an_affine_that_is_none_is_refused(broken: NDArray[np.float64]) -> None:
    with pytest.raises(GeometryMismatch, match="without a usable affine"):
        on_grid(np.ones(SHAPE, dtype=np.uint8), broken, image(np.eye(4)), order=NEAREST)


def test_slabs_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.random.default_rng(1).integers(0, 4, SHAPE).astype(np.uint8)
    turn, _ = np.linalg.qr(np.array([[1.0, 0.3, 0.1], [0.2, 1.0, 0.3], [0.1, 0.2, 1.0]]))
    affine = np.eye(4)
    affine[:3, :3] = turn
    whole = on_grid(mask, affine, image(np.eye(4)), order=NEAREST).array
    monkeypatch.setattr(resampling, "SLAB_VOXELS", 1)
    np.testing.assert_array_equal(on_grid(mask, affine, image(np.eye(4)), order=NEAREST).array, whole)


def test_a_sheared_image_is_straightened_and_every_voxel_stays_in_place() -> None:
    array = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    sheared = np.diag([2.0, 1.0, 1.0, 1.0])
    sheared[1, 0] = 1.0
    straight, affine, note = straightened(array, sheared)
    inverse = np.linalg.inv(affine)
    for index in np.ndindex(SHAPE):
        k, j, i = np.rint((inverse @ sheared @ [*index, 1])[:3]).astype(int)
        assert straight[k, j, i] == array[index]
    assert straight.shape == (6, 10, 4)
    assert note == "axes sheared by 26.6 degrees were resampled to right angles by linear interpolation"
    Volume(straight, affine, "PATIENT")


def test_a_mask_drawn_on_the_sheared_image_follows_it() -> None:
    sheared = np.diag([2.0, 1.0, 1.0, 1.0])
    sheared[1, 0] = 1.0
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2:5, 1:3, 1:3] = 1
    straight, grid, _ = straightened(mask.astype(np.int16), sheared)
    placed = on_grid(mask, sheared, Volume(straight, grid, "PATIENT"), order=NEAREST)
    np.testing.assert_array_equal(placed.array, straight)
    assert placed.array.sum() == mask.sum()


@quick
@given(affine=affines(), shear=st.floats(-0.5, 0.5))
def test_whatever_is_sheared_becomes_right_angled(affine: NDArray[np.float64], shear: float) -> None:
    sheared = affine.copy()
    sheared[:3, 0] += shear * np.linalg.norm(affine[:3, 0]) * affine[:3, 1] / np.linalg.norm(affine[:3, 1])
    straight, grid, _ = straightened(np.ones(SHAPE, dtype=np.int16), sheared)
    Volume(straight, grid, "PATIENT")
    assert np.sign(np.linalg.det(grid[:3, :3])) == np.sign(np.linalg.det(affine[:3, :3]))

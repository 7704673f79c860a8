"""Where windows lie, how they are weighted, and that their order decides nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monai.data.utils import compute_importance_map, dense_patch_slices

from db.records import Region
from services.segmentation.engine import FromLogits
from services.segmentation.windows import Windows, class_probability, importance


def covered(windows: Windows) -> np.ndarray:
    """How many windows see each voxel of the grid."""
    count = np.zeros(windows.grid_shape, dtype=int)
    for corner in windows.corners:
        box = tuple(slice(max(0, at), at + size) for at, size in zip(corner, windows.patch, strict=True))
        count[box] += 1
    return count


@given(st.data())
def test_windows_cover_their_box_and_stay_on_the_grid_where_it_is_long_enough(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 40)] * 3))
    patch = data.draw(st.tuples(*[st.sampled_from([4, 7, 16])] * 3))
    origin = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    size = tuple(data.draw(st.integers(1, whole - at)) for whole, at in zip(shape, origin, strict=True))
    windows = Windows.over(Region(origin, size), patch, shape)  # type: ignore[arg-type]
    box = tuple(slice(at, at + length) for at, length in zip(origin, size, strict=True))
    assert covered(windows)[box].min() >= 1
    for corner in windows.corners:
        for at, length, whole in zip(corner, patch, shape, strict=True):
            assert (0 <= at <= whole - length) if whole >= length else at <= 0 <= at + length - whole


def test_windows_are_those_of_monai_where_the_grid_is_a_number_of_steps_long() -> None:
    windows = Windows.over(Region((0, 0, 0), (32, 24, 16)), (16, 16, 16), (32, 24, 16))
    monais = dense_patch_slices((32, 24, 16), (16, 16, 16), (8, 8, 8))
    assert set(windows.corners) == {tuple(along.start for along in window) for window in monais}


def test_weights_are_those_of_monai() -> None:
    theirs = compute_importance_map((16, 12, 9), mode="gaussian", sigma_scale=0.125)
    np.testing.assert_allclose(importance((16, 12, 9)), theirs.numpy(), atol=1e-6)


def test_one_window_lies_around_a_small_box_and_sees_what_is_beside_it() -> None:
    windows = Windows.over(Region((20, 1, 37), (4, 4, 3)), (16, 16, 16), (40, 40, 40))
    assert windows.corners == ((14, 0, 24),)
    assert windows.reach == Region((14, 0, 24), (16, 16, 16))


class Doubled(FromLogits):
    """Logits 0 for the background, and twice the image for the other class."""

    name = "doubled"

    def logits(self, windows: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros_like(windows), 2 * windows], axis=1)


def averaged(image: np.ndarray, box: Region, patch: int) -> np.ndarray:
    windows = Windows.over(box, (patch, patch, patch), image.shape)  # type: ignore[arg-type]
    seen = image[tuple(slice(a, a + b) for a, b in zip(windows.reach.origin, windows.reach.shape, strict=True))]
    return class_probability(Doubled(), seen, windows, classes=2, outside=0.0, done=lambda: None)


@pytest.mark.parametrize("patch", [4, 8, 30])
def test_where_all_windows_say_the_same_so_does_their_mean(patch: int) -> None:
    image = np.random.default_rng(0).random((11, 12, 13)).astype(np.float32)
    box = Region((2, 0, 5), (9, 7, 8))
    expected = 1 / (1 + np.exp(-2 * image[2:11, 0:7, 5:13]))
    found = averaged(image, box, patch)
    np.testing.assert_allclose(found[1], expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)


def test_a_grid_smaller_than_a_window_is_continued_with_air() -> None:
    windows = Windows.over(Region((0, 0, 0), (2, 3, 4)), (4, 4, 4), (2, 3, 4))
    cut = windows.cut(np.ones((2, 3, 4), np.float32), windows.corners[0], -7.0)
    assert windows.corners == ((-1, 0, 0),)
    assert cut.shape == (1, 1, 4, 4, 4)
    assert (cut == 1).sum() == 24
    assert (cut == -7).sum() == 64 - 24

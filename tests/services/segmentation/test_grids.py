"""From a scan's voxels to a network's and back: what is kept, and what is averaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Region
from services.segmentation.grids import Grid, Scan
from services.volume import slices_of

Three = tuple[float, float, float]
spacings = st.tuples(*[st.sampled_from([0.5, 0.7, 1.0, 2.0, 3.3, 5.0])] * 3)
shapes = st.tuples(*[st.integers(1, 24)] * 3)


def scan_of(values: np.ndarray, spacing: Three) -> Scan:
    return Scan(values.astype(np.int16), spacing)


def whole(grid: Grid) -> Region:
    return Region((0, 0, 0), grid.shape)


def test_a_grid_of_the_scans_spacing_is_the_scan() -> None:
    values = np.random.default_rng(0).integers(-1000, 1000, (4, 5, 6)).astype(np.int16)
    grid = Grid.over(scan_of(values, (2.0, 2.0, 2.0)), (2.0, 2.0, 2.0))
    np.testing.assert_array_equal(grid.sample(values, whole(grid)), values)


@given(shapes, spacings)
def test_what_is_the_same_everywhere_stays_so_both_ways(shape: tuple[int, int, int], spacing: Three) -> None:
    scan = scan_of(np.full(shape, 40), spacing)
    grid = Grid.over(scan, (2.0, 2.0, 2.0))
    sampled = grid.sample(scan.hounsfield, whole(grid))
    np.testing.assert_allclose(sampled, 40, rtol=1e-5)
    np.testing.assert_allclose(grid.spread(sampled, whole(grid), scan.whole), 40, rtol=1e-5)


@pytest.mark.parametrize("spacing", [0.5, 0.8, 3.0])
def test_a_slope_keeps_its_place(spacing: float) -> None:
    """HU = 10 per mm along k: a voxel of the grid holds the HU of its own middle, away from the ends."""
    middles = (np.arange(round(80 / spacing)) + 0.5) * spacing
    scan = scan_of(np.round(10 * middles)[:, None, None] * np.ones((1, 3, 3)), (spacing, 1.0, 1.0))
    grid = Grid.over(scan, (2.0, 1.0, 1.0))
    sampled = grid.sample(scan.hounsfield, whole(grid))
    expected = 10 * (np.arange(grid.shape[0]) + 0.5) * 2.0
    np.testing.assert_allclose(sampled[3:-3, 1, 1], expected[3:-3], atol=0.6)
    returned = grid.spread(sampled, whole(grid), scan.whole)
    np.testing.assert_allclose(returned[12:-12, 1, 1], 10 * middles[12:-12], atol=1.0)


def test_a_pattern_too_fine_for_the_grid_becomes_its_mean() -> None:
    stripes = np.tile(np.array([0, 100]), 32)[None, None] * np.ones((2, 2, 1))
    scan = scan_of(stripes, (4.0, 4.0, 0.5))
    grid = Grid.over(scan, (4.0, 4.0, 4.0))
    np.testing.assert_allclose(grid.sample(scan.hounsfield, whole(grid))[..., 1:-1], 50, atol=2)


@given(st.integers(0, 5), st.integers(1, 5))
def test_a_box_of_the_grid_is_that_part_of_the_whole(first: int, size: int) -> None:
    values = np.random.default_rng(1).integers(-100, 100, (12, 13, 14))
    scan = scan_of(values, (1.5, 0.9, 0.8))
    grid = Grid.over(scan, (1.0, 1.0, 1.0))
    box = Region((first, first, first), (size, size, size))
    expected = grid.sample(scan.hounsfield, whole(grid))[slices_of(box)]
    np.testing.assert_array_equal(grid.sample(scan.hounsfield, box), expected)


@given(spacings)
def test_a_box_around_a_region_is_all_that_its_voxels_need(spacing: Three) -> None:
    scan = scan_of(np.zeros((20, 21, 22)), spacing)
    grid = Grid.over(scan, (1.0, 1.0, 1.0))
    everywhere = np.random.default_rng(3).random(grid.shape).astype(np.float32)
    region = Region((5, 6, 7), (8, 3, 9))
    box = grid.box_of(region)
    part = grid.spread(everywhere[slices_of(box)], box, region)
    np.testing.assert_allclose(part, grid.spread(everywhere, whole(grid), scan.whole)[slices_of(region)], atol=1e-5)


def test_a_margin_is_in_millimetres_and_ends_with_the_scan() -> None:
    grid = Grid.over(scan_of(np.zeros((40, 40, 40)), (5.0, 1.0, 1.0)), (2.0, 2.0, 2.0))
    assert grid.region_of(Region((50, 5, 10), (5, 5, 5)), 20.0) == Region((16, 0, 0), (10, 40, 40))


def test_neither_way_writes_into_what_it_is_given() -> None:
    values = np.arange(27, dtype=np.int16).reshape(3, 3, 3)
    values.setflags(write=False)
    grid = Grid.over(Scan(values, (1.0, 1.0, 1.0)), (2.0, 2.0, 2.0))
    assert grid.sample(values, whole(grid)).shape == grid.shape

"""Slices, pictures and the way between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.segmentation.promptable.frames import Frame, whole
from services.segmentation.promptable.prompts import Box, Click
from tests.services.segmentation.promptable.bright import disc, overlap

frames = st.builds(
    Frame,
    first=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    shape=st.tuples(st.integers(20, 60), st.integers(20, 60)),
    spacing_mm=st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)),
    side=st.sampled_from([64, 256]),
)


def test_the_longer_edge_fills_the_picture() -> None:
    frame = whole((100, 50), (1.0, 1.0), 200)
    assert frame.pixel_mm == 0.5
    picture = frame.picture(np.full((100, 50), 1000, np.int16), ((0, 100),))
    assert picture.shape == (3, 200, 200)
    assert (picture[:, :, :100] == 1).all()
    assert (picture[:, :, 100:] == 0).all()


def test_a_voxel_of_two_pixels_lies_between_their_centres() -> None:
    frame = whole((100, 50), (1.0, 1.0), 200)
    assert frame.click(Click(0, 0)) == Click(0.5, 0.5)
    assert frame.box(Box(0, 0, 0, 0)) == Box(0, 0, 1, 1)
    assert frame.box(Box(10, 20, 19, 29)) == Box(20, 40, 39, 59)


def test_slices_thicker_than_wide_are_stretched_to_square_pixels() -> None:
    frame = whole((20, 100), (5.0, 1.0), 100)
    assert frame.pixel_mm == 1.0
    assert frame.box(Box(2, 10, 3, 19)) == Box(10, 10, 19, 19)


def test_a_frame_of_a_part_begins_at_its_first_voxel() -> None:
    frame = Frame((30, 40), (32, 32), (1.0, 1.0), 64)
    assert frame.click(Click(30, 40)) == Click(0.5, 0.5)
    slice_hu = np.zeros((100, 100), np.int16)
    slice_hu[30:62, 40:72] = 100
    assert (frame.picture(slice_hu, ((0, 100),)) == 1).all()


def test_three_windows_are_three_channels_and_one_fills_all() -> None:
    frame, slice_hu = whole((8, 8), (1, 1), 8), np.full((8, 8), 50, np.int16)
    channels = frame.picture(slice_hu, ((0, 100), (0, 200), (50, 60)))[:, 0, 0]
    assert channels == pytest.approx([0.5, 0.25, 0])
    assert (frame.picture(slice_hu, ((0, 100),)) == 0.5).all()


@given(frames)
def test_values_come_back_to_where_they_were(frame: Frame) -> None:
    rows, columns = frame.shape
    radius_mm = 0.4 * min(n * mm for n, mm in zip(frame.shape, frame.spacing_mm, strict=True))
    row, column = np.ogrid[:rows, :columns]
    across = ((row - rows / 2) * frame.spacing_mm[0]) ** 2 + ((column - columns / 2) * frame.spacing_mm[1]) ** 2
    mask = np.zeros((110, 110), bool)
    mask[frame.first[0] : frame.first[0] + rows, frame.first[1] : frame.first[1] + columns] = across < radius_mm**2
    back = frame.on_slice(frame.on_picture(mask.astype(np.float32)), 0.0, mask.shape) > 0.5
    within = frame.on_picture(mask.astype(np.float32)).sum() > 400  # so small a disc has no more than its border
    assert overlap(mask, back) > 0.8 or not within


@given(frames, st.floats(0, 1), st.floats(0, 1))
def test_a_click_lands_in_the_pixels_of_its_voxel(frame: Frame, down: float, right: float) -> None:
    row = frame.first[0] + int(down * (frame.shape[0] - 1))
    column = frame.first[1] + int(right * (frame.shape[1] - 1))
    click = frame.click(Click(row, column, positive=False))
    box = frame.box(Box(row, column, row, column))
    assert not click.positive
    assert (click.row, click.column) == pytest.approx(
        ((box.first_row + box.last_row) / 2, (box.first_column + box.last_column) / 2)
    )


def test_beyond_the_frame_nothing_is_known() -> None:
    frame = Frame((4, 4), (8, 8), (1, 1), 16)
    values = frame.on_slice(np.ones((16, 16), np.float32), -9.0, (20, 20))
    assert (values[4:12, 4:12] == 1).all()
    assert np.count_nonzero(values == -9) == 400 - 64


def test_a_disc_keeps_its_place() -> None:
    frame = whole((64, 64), (1.5, 1.5), 256)
    mask = disc((64, 64), (20, 40), 9)
    picture = frame.on_picture(mask.astype(np.float32)) > 0.5
    rows, columns = np.nonzero(picture)
    where = frame.click(Click(20, 40))
    assert (rows.mean(), columns.mean()) == pytest.approx((where.row, where.column), abs=0.5)

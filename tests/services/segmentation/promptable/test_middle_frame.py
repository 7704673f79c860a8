"""What is looked at where nobody points: a square around the body, wherever it lies on the slices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.segmentation.promptable.middle_frame import FIELD_MM, middle_frame, middle_of_body


def body(shape: tuple[int, int, int], rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
    """Water in air."""
    hounsfield = np.full(shape, -1000, dtype=np.int16)
    hounsfield[:, rows[0] : rows[1], columns[0] : columns[1]] = 0
    return hounsfield


def test_the_middle_is_the_body_s_and_not_the_array_s() -> None:
    assert middle_of_body(body((3, 200, 200), (20, 61), (100, 181))) == (40, 140)


def test_air_alone_has_the_array_s_middle() -> None:
    assert middle_of_body(body((3, 11, 21), (0, 0), (0, 0))) == (5, 10)


def test_a_large_slice_is_cut_to_the_field_around_the_body() -> None:
    frame = middle_frame(body((2, 400, 400), (100, 300), (120, 320)), (3, 1, 1), 256)
    assert list(frame.shape) == [FIELD_MM, FIELD_MM]
    assert list(frame.first) == [200 - FIELD_MM / 2, 220 - FIELD_MM / 2]


def test_a_small_slice_is_seen_whole() -> None:
    frame = middle_frame(body((2, 120, 126), (0, 120), (0, 126)), (1.5, 1.5, 1.5), 256)
    assert (frame.first, frame.shape) == ((0, 0), (120, 126))


@given(
    rows=some.integers(30, 300),
    columns=some.integers(30, 300),
    spacing=some.floats(0.5, 3),
    corner=some.integers(0, 20),
)
def test_the_frame_lies_inside_the_slice(rows: int, columns: int, spacing: float, corner: int) -> None:
    frame = middle_frame(
        body((1, rows, columns), (corner, corner + 10), (corner, corner + 10)), (1, spacing, spacing), 64
    )
    for first, length, size in zip(frame.first, frame.shape, (rows, columns), strict=True):
        assert first >= 0
        assert first + length <= size
        assert length == size or length * spacing == pytest.approx(FIELD_MM, abs=spacing)

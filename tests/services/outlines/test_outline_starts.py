"""A start is one box or one click on a slice of the image, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from services.errors import InputRefused
from services.outline_starts import as_given, checked, in_words

SHAPE = (20, 48, 56)


def test_a_box_on_any_plane_is_taken_and_what_hangs_over_is_cut() -> None:
    assert checked({"axis": 0, "index": 3, "box": [1, 2, 30, 40], "more": 1}, SHAPE) == {
        "axis": 0,
        "index": 3,
        "box": [1.0, 2.0, 30.0, 40.0],
    }
    over = checked({"axis": 2, "index": 55, "box": [-3, -1, 99, 99]}, SHAPE)
    assert over["box"] == [0.0, 0.0, 19.0, 47.0], "rows and columns of a sagittal slice are k and j"


def test_a_click_on_any_plane_is_taken() -> None:
    start = checked({"axis": 1, "index": 47, "click": [19, 54.6], "box": None}, SHAPE)
    assert start == {"axis": 1, "index": 47, "click": [19.0, 54.6]}


@pytest.mark.parametrize(
    "said",
    [
        None, [], {}, {"axis": 3, "index": 1, "click": [1, 1]}, {"axis": True, "index": 1, "click": [1, 1]},
        {"axis": 0, "index": 20, "click": [1, 1]}, {"axis": 0, "index": -1, "click": [1, 1]},
        {"axis": 0, "index": 1.0, "click": [1, 1]}, {"axis": 0, "index": 1},
        {"axis": 0, "index": 1, "click": [1, 1], "box": [1, 1, 9, 9]}, {"axis": 0, "index": 1, "click": [48, 1]},
        {"axis": 0, "index": 1, "click": [1, -1]}, {"axis": 0, "index": 1, "click": [1]},
        {"axis": 0, "index": 1, "click": [1, "1"]}, {"axis": 0, "index": 1, "click": [1, float("nan")]},
        {"axis": 0, "index": 1, "box": [9, 9, 1, 1]}, {"axis": 0, "index": 1, "box": [9, 9, 9, 20]},
        {"axis": 0, "index": 1, "box": [60, 9, 70, 20]}, {"axis": 0, "index": 1, "box": [1, 1, float("inf"), 9]},
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_refused(said: Any) -> None:
    with pytest.raises(InputRefused, match="one box or one click"):
        checked(said, SHAPE)


def test_it_is_said_in_words_that_count_slices_from_1() -> None:
    assert in_words({"axis": 1, "index": 0, "click": [1.0, 1.0]}) == "one click on coronal slice 1"


def test_what_the_command_line_says_is_a_start() -> None:
    assert as_given("sagittal", 5, {"box": "1,2,3.5,4"}) == {"axis": 2, "index": 4, "box": [1.0, 2.0, 3.5, 4.0]}
    for axis, text in (("axial", "1;2"), ("oblique", "1,2")):
        with pytest.raises(InputRefused):
            as_given(axis, 5, {"click": text})

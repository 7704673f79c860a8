"""Where a follower sets out: on a slice that is sure of itself, beside slices that look the same."""

from __future__ import annotations

import numpy as np
import pytest

from services.segmentation.promptable.prompts import Box
from services.segmentation.promptable.surest import surest

SPACING = (5.0, 1.0, 1.0)


def tube() -> np.ndarray:
    """20 mm wide on slices 2 to 7; surer from slice to slice, and on slice 7 elsewhere."""
    probability = np.zeros((10, 60, 60), np.uint8)
    for k in range(2, 7):
        probability[k, 20:40, 25:45] = 150 + 10 * k
    probability[7, 5:25, 25:45] = 255
    return probability


def test_the_surest_slice_of_those_that_go_on_is_chosen_with_its_box() -> None:
    (found,) = surest(tube(), SPACING)
    assert (found.number, found.box) == (5, Box(20, 25, 39, 44))
    assert found.score == pytest.approx(200 / 255)


def test_what_is_too_small_or_too_large_for_an_aorta_is_no_place_to_begin() -> None:
    probability = np.zeros((5, 200, 200), np.uint8)
    probability[:, 10:16, 10:16] = 255
    assert surest(probability, SPACING) == []
    probability[:, 20:180, 20:180] = 255
    assert surest(probability, SPACING) == []


def test_where_nothing_is_seen_there_is_no_place() -> None:
    assert surest(np.zeros((3, 10, 10), np.uint8), SPACING) == []


def test_a_single_slice_is_judged_by_itself() -> None:
    (found,) = surest(tube()[6:7], SPACING)
    assert found.score == pytest.approx(210 / 255)


def test_other_places_lie_apart_and_the_best_comes_first() -> None:
    probability = np.zeros((24, 60, 60), np.uint8)
    probability[1:8, 20:40, 25:45] = 200
    probability[14:22, 5:25, 25:45] = 250
    found = surest(probability, SPACING)
    assert [place.box.first_row for place in found] == [5, 20]
    assert abs(found[0].number - found[1].number) * SPACING[0] >= 40

"""Dice and HD95 of boxes, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Region
from services.evaluation.measures import MEASURES, compare, overlap, surface_distance
from services.labels import DEFAULT
from tests.services.evaluation import scans
from tests.services.evaluation.scans import Marked

WALL_VOXELS = 8 * 10 * 12


def test_the_exact_labels_agree_with_themselves() -> None:
    scan = scans.boxes()
    found = compare(scans.whole(scans.exact(scan)), scan, DEFAULT)
    assert tuple(found) == MEASURES
    assert [one.value for one in found.values()] == [1, 0, 1, 0]


def test_a_wall_that_is_wider_by_a_voxel_is_known_by_hand() -> None:
    """10 x 12 x 14 voxels against 8 x 10 x 12. Of the 720 outermost ones the 8 corners lie furthest, then the 48 on
    edges that are a slice and a row further out: the 95th percentile is among these.
    """
    scan = scans.boxes()
    found = compare(scans.wider(scan), scan, DEFAULT)
    assert found["outer wall Dice"].value == pytest.approx(2 * WALL_VOXELS / (WALL_VOXELS + 10 * 12 * 14))
    assert found["outer wall HD95"].value == pytest.approx(math.hypot(4, 2))
    assert (found["lumen Dice"].value, found["lumen HD95"].value) == (1, 0)


@pytest.mark.parametrize(("axis", "spacing"), list(enumerate(scans.SPACING)))
def test_the_distance_of_two_sheets_is_in_millimetres_along_every_axis(axis: int, spacing: float) -> None:
    first, second = np.zeros((2, 6, 6, 6), bool)
    index: list[slice | int] = [slice(None)] * 3
    index[axis] = 1
    first[tuple(index)] = True
    index[axis] = 4
    second[tuple(index)] = True
    assert surface_distance(first, second, scans.SPACING).value == pytest.approx(3 * spacing)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_dice_of_a_moved_box_counts_the_voxels_that_stay(k: int, j: int, i: int) -> None:
    first, second = np.zeros((2, 8, 8, 8), bool)
    first[:4, :4, :4] = True
    second[k : k + 4, j : j + 4, i : i + 4] = True
    assert overlap(first, second).value == pytest.approx((4 - k) * (4 - j) * (4 - i) / 64)


def test_what_lies_outside_the_box_that_a_model_marked_is_background() -> None:
    scan = scans.boxes()
    lower = Marked(Region((0, 0, 0), (6, 20, 24)), scans.exact(scan)[:6])
    assert compare(lower, scan, DEFAULT)["outer wall Dice"].value == pytest.approx(2 * 4 / (4 + 8))


def test_nothing_marked_has_no_distance_and_a_reason_and_a_dice_of_0() -> None:
    scan = scans.boxes()
    found = compare(scans.whole(np.zeros(scans.SHAPE, np.uint8)), scan, DEFAULT)
    assert found["outer wall Dice"].value == 0
    assert math.isnan(found["outer wall HD95"].value)
    assert found["outer wall HD95"].reason == "the model marks nothing"


def test_two_empty_masks_have_neither() -> None:
    empty = np.zeros((3, 3, 3), bool)
    assert (math.isnan(overlap(empty, empty).value), overlap(empty, empty).reason) == (True, "both are empty")
    assert surface_distance(empty, empty, (1, 1, 1)).reason == "the scan shows nothing of it"


def test_a_model_that_knows_no_lumen_has_no_figures_of_it() -> None:
    scan = scans.boxes()
    found = compare(scans.whole((scans.exact(scan) > 0).astype(np.uint8)), scan, {1: "outer wall"})
    assert found["outer wall Dice"].value == 1
    assert math.isnan(found["lumen Dice"].value)
    assert found["lumen HD95"].reason == "the model has no lumen"

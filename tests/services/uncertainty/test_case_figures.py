"""The figures of one scan by hand, its region, and the readers' variance."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.uncertainty.case_figures import MOST_PROBABLE, NOT_FINITE, CaseFigures, figures
from services.uncertainty.matching import ALL_AGREE, FLAT_MAP, ONE_READER, ncc, readers_variance
from services.uncertainty.region import region_of_evaluation

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACING = (2.0, 2.0, 2.0)
SIZE = 17


def solid(low: int, high: int) -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE, SIZE), bool)
    mask[low:high, low:high, low:high] = True
    return mask


def probability_of(wall: NDArray[np.bool_], lumen: NDArray[np.bool_], sure: float = 0.9) -> NDArray[np.float32]:
    classes = np.where(lumen, 1, np.where(wall, 2, 0))
    left = (1 - sure) / 2
    return np.stack([np.where(classes == value, sure, left) for value in range(3)]).astype(np.float32)


@pytest.fixture(scope="module")
def wall() -> NDArray[np.bool_]:
    return solid(6, 11)


def figures_of(wall: NDArray[np.bool_], votes: NDArray[np.uint8] | None = None) -> CaseFigures:
    """The lumen is right; of the reference's wall one slice is missed. The map points to it."""
    lumen, drawn = solid(7, 10), wall.copy()
    drawn[10] = False
    reference = np.where(lumen, 1, np.where(wall, 2, 0)).astype(np.uint8)
    maps = {"knows": (wall & ~drawn).astype(np.float32), "flat": np.ones(wall.shape, np.float32)}
    return figures(maps, probability_of(drawn, lumen & drawn), reference, votes, SPACING)


def test_the_region_is_all_within_six_millimetres() -> None:
    """One voxel at 2 mm: a ball of radius 3 voxels has 123 of them."""
    one = np.zeros((SIZE, SIZE, SIZE), bool)
    one[8, 8, 8] = True
    found = region_of_evaluation(one, np.zeros_like(one), SPACING)
    offsets = np.argwhere(found) - 8
    assert found.sum() == 123
    assert (offsets**2).sum(axis=1).max() == 9


def test_both_masks_count_and_the_edge_of_the_scan_is_no_obstacle() -> None:
    one, other = solid(0, 1), solid(SIZE - 1, SIZE)
    found = region_of_evaluation(one, other, SPACING)
    assert found[0, 0, 3]
    assert found[-1, -1, -4]
    assert not found[8, 8, 8]


def test_nothing_drawn_leaves_nothing_to_judge() -> None:
    empty = np.zeros((4, 4, 4), bool)
    assert not region_of_evaluation(empty, empty, SPACING).any()


def test_the_error_and_the_area_of_a_map_that_knows(wall: NDArray[np.bool_]) -> None:
    """25 voxels are missed; a map that marks them all comes to the optimum, a flat one to the error."""
    found = figures_of(wall)
    error = 25 / found.voxels
    assert found.error.value == pytest.approx(error)
    assert found.maps["knows"].aac.value == pytest.approx(error + (1 - error) * math.log1p(-error))
    assert found.maps["knows"].mean.value == pytest.approx(error)
    assert found.maps["flat"].aac.value == pytest.approx(error)
    assert found.maps["knows"].ncc.reason == ONE_READER


def test_bins_say_how_often_each_structure_is_what_was_said(wall: NDArray[np.bool_]) -> None:
    found = figures_of(wall)
    assert set(found.reliability) == {MOST_PROBABLE, "outer wall", "lumen", "thrombus"}
    top = found.reliability[MOST_PROBABLE]
    assert top.count[13] == found.voxels
    assert top.right[13] == pytest.approx(1 - 25 / found.voxels)
    assert found.ece[MOST_PROBABLE].value == pytest.approx(abs(0.9 - (1 - 25 / found.voxels)), abs=1e-6)
    thrombus = found.reliability["thrombus"]
    assert thrombus.right[0] == pytest.approx(25 / thrombus.count[0])


def test_a_map_is_matched_with_where_readers_differ(wall: NDArray[np.bool_]) -> None:
    votes = np.stack([np.where(wall, 2, 0), np.where(wall, 2, 0)]).astype(np.uint8)
    assert figures_of(wall, votes).maps["knows"].ncc.reason == ALL_AGREE
    votes[1, 10] = 0
    found = figures_of(wall, votes)
    assert found.maps["knows"].ncc.value == pytest.approx(1 - 1 / found.voxels)
    assert found.maps["flat"].ncc.reason == FLAT_MAP


def test_what_is_stored_is_json_with_reasons(wall: NDArray[np.bool_]) -> None:
    said = json.loads(json.dumps(figures_of(wall).as_json(), allow_nan=False))
    assert said["maps"]["knows"]["ncc"] == {"value": None, "reason": ONE_READER}
    assert len(said["maps"]["knows"]["accuracy"]) == len(said["kept"]) == 51
    assert sum(said["reliability"]["outer wall"]["count"]) == said["voxels"]


def test_a_scan_where_nothing_is_drawn_has_reasons_only() -> None:
    empty = np.zeros((5, 5, 5), np.uint8)
    found = figures({"map": empty.astype(float)}, probability_of(empty > 0, empty > 0), empty, None, SPACING)
    assert found.voxels == 0
    assert math.isnan(found.error.value)
    assert "no voxel" in found.maps["map"].aac.reason
    json.dumps(found.as_json(), allow_nan=False)


def test_a_map_with_a_hole_is_undefined(wall: NDArray[np.bool_]) -> None:
    hole = np.full(wall.shape, math.nan)
    found = figures({"hole": hole}, probability_of(wall, wall), wall.astype(np.uint8), None, SPACING)
    assert found.maps["hole"].aac.reason == NOT_FINITE


def test_variance_of_readers_by_hand() -> None:
    """Four of one mind: 0. Two and two: 1/2. Two, one and one: 1 - (1/4 + 1/16 + 1/16)."""
    votes = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 1], [0, 1, 2]])
    np.testing.assert_allclose(readers_variance(votes, classes=3), [0, 0.5, 0.625])


def test_correlation_by_hand() -> None:
    """Deviations (-1, 0, 1) and (-1, 1, 0), both with s = 1: (1 + 0 + 0) / 3."""
    assert ncc(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])).value == pytest.approx(1 / 3)
    assert ncc(np.array([1.0]), np.array([1.0])).reason

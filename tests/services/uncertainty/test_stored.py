"""Figures of doubt as rows: worked by hand on a few voxels; undefined ones carry their reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.uncertainty import stored
from services.uncertainty.figure_names import CALIBRATION, ERROR, Figure, name_of
from services.uncertainty.names import Measure
from services.uncertainty.on_case import OnGrid

if TYPE_CHECKING:
    from db.records import NewScore

SPACING = (10.0, 10.0, 3.0)
"""6 mm are two voxels along a row, and no further slice or row."""
CLASSES = {1: "outer wall"}
SHAPE = (1, 1, 9)
"""The model's wall is voxel 4; its region reaches from 2 to 6, and that of readers to 8."""


@pytest.fixture
def grid() -> OnGrid:
    values = np.zeros(SHAPE, np.float32)
    values[0, 0, 2:7] = (0.0, 0.1, 0.2, 0.3, 0.4)
    values[0, 0, 8] = 0.9
    wall = np.zeros(SHAPE, np.bool_)
    wall[0, 0, 4] = True
    probability = np.stack([1 - wall, wall]).astype(np.float32)
    votes = np.zeros((2, *SHAPE), np.uint8)
    votes[:, 0, 0, 4] = 1
    votes[:, 0, 0, 6] = 1
    return OnGrid((7, 8, 9), {Measure.TOTAL: values}, {Measure.TOTAL: 1.5}, wall, probability, votes)


def rows(grid: OnGrid, **missing: str) -> dict[str, NewScore]:
    return {row.name: row for row in stored.rows_of(grid, "A 1", CLASSES, SPACING, missing)}


def test_mean_and_percentile_are_those_of_the_models_own_region(grid: OnGrid) -> None:
    """Of 0, 0.1, 0.2, 0.3 and 0.4 the 95th percentile lies 0.8 of the way from the fourth to the fifth."""
    found = rows(grid)
    mean, high = (found[name_of(Measure.TOTAL, figure)] for figure in (Figure.MEAN, Figure.HIGH))
    assert [mean.value, high.value] == pytest.approx([0.2, 0.38])
    assert (mean.unit, mean.region, mean.subject) == ("1", "to 6 mm around the model's outer wall", "A 1")


def test_the_highest_value_of_the_region_has_its_place_in_the_image(grid: OnGrid) -> None:
    said = rows(grid)[name_of(Measure.TOTAL, Figure.MEAN)].parameters
    assert (said["place"], said["largest"]) == ([7, 8, 15], 1.5)
    nowhere = rows(replace(grid, maps={Measure.TOTAL: np.zeros(SHAPE, np.float32)}))
    assert nowhere[name_of(Measure.TOTAL, Figure.MEAN)].parameters["place"] == []


def test_the_share_of_wrong_voxels_is_that_of_the_region_of_both(grid: OnGrid) -> None:
    """Voxels 2 to 8; one of the seven, number 6, is wrong, and it is the second most doubtful."""
    found = rows(grid)
    assert found[ERROR].value == pytest.approx(1 / 7)
    assert found[ERROR].parameters["voxels"] == 7
    assert found[name_of(Measure.TOTAL, Figure.TRA)].value == pytest.approx(2 / 7, abs=0.02)


def test_a_curve_and_bins_are_kept_with_their_figure(grid: OnGrid) -> None:
    found = rows(grid)
    curve = found[name_of(Measure.TOTAL, Figure.AAC)].parameters
    assert len(curve["kept"]) == len(curve["accuracy"]) == 51  # type: ignore[arg-type]
    assert (curve["accuracy"][0], curve["readers"]) == (pytest.approx(6 / 7), 2)  # type: ignore[index]
    bins = found[name_of("outer wall", CALIBRATION)].parameters
    assert bins["count"] == [6, *[0] * 13, 1]
    assert (bins["right"][1], bins["right"][14]) == (None, 1.0)  # type: ignore[index]
    assert found[name_of("outer wall", CALIBRATION)].value == pytest.approx(1 / 7)


def test_readers_who_never_differ_leave_the_correlation_undefined(grid: OnGrid) -> None:
    found = rows(grid)[name_of(Measure.TOTAL, Figure.NCC)]
    assert (found.value, found.reason) == (None, "the readers agree everywhere")


def test_with_one_reader_there_is_one_row_that_says_why(grid: OnGrid) -> None:
    found = rows(replace(grid, votes=grid.votes[:1]))
    assert (found[ERROR].value, found[ERROR].reason) == (None, stored.NO_READERS)
    assert name_of(Measure.TOTAL, Figure.AAC) not in found
    assert rows(replace(grid, probability=None))[ERROR].reason == stored.NO_PROBABILITY


def test_a_missing_map_has_the_reason_that_the_model_gave_or_says_that_there_is_none(grid: OnGrid) -> None:
    found = rows(grid, aleatoric="it needs networks that learnt from readers")
    reasons = {name.partition(",")[0]: row.reason for name, row in found.items() if name.endswith(Figure.MEAN)}
    assert reasons[Measure.ALEATORIC] == "it needs networks that learnt from readers"
    assert reasons[Measure.EPISTEMIC] == stored.NO_MAP
    assert reasons[Measure.SOFTMAX] == stored.NO_PROBABILITY
    assert reasons[Measure.TOTAL] == ""


def test_where_the_model_outlined_nothing_no_map_has_a_mean(grid: OnGrid) -> None:
    found = rows(replace(grid, wall=np.zeros(SHAPE, np.bool_)))[name_of(Measure.TOTAL, Figure.MEAN)]
    assert (found.value, found.reason) == (None, stored.EMPTY)


def test_nothing_that_comes_in_is_changed(grid: OnGrid) -> None:
    before = [array.copy() for array in (grid.maps[Measure.TOTAL], grid.wall, grid.votes)]
    rows(grid)
    for array, kept in zip((grid.maps[Measure.TOTAL], grid.wall, grid.votes), before, strict=True):
        np.testing.assert_array_equal(array, kept)

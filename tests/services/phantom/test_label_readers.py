"""Readers of scans without formulas: distances by hand, and the same readers whichever way the wall is known."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from services.drawings import dice as dice_of
from services.phantom.implicit import FAR
from services.phantom.label_readers import readers_of_labels, scan_of_labels, signed_distance
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.painted.painting import Grid
from services.phantom.readers import draw_readers
from services.phantom.simulated_readers import FOUR, LOW_AGREEMENT, MAIN, Cohort
from services.phantom.structures import INSIDE_THE_WALL, Structure
from services.phantom.vessels import label_map
from tests.services.phantom.small import PLAN, generated

SPACING = (4.0, 3.0, 3.0)
PAINTED = PaintedPlan(7, Grid((56, 116, 116), SPACING))
masks = arrays(np.bool_, (3, 4, 5))


def dice(first: np.ndarray, second: np.ndarray) -> float:
    value = dice_of(first, second)
    assert value is not None
    return value


def mean_dice(drawn: np.ndarray) -> float:
    return float(np.mean([dice(one > 0, other > 0) for one, other in combinations(drawn, 2)]))


@cache
def painted(cohort: Cohort = MAIN) -> tuple[np.ndarray, np.ndarray]:
    """The exact labels, and what the four draw."""
    scan = generate_painted(PAINTED)
    return scan.labels, readers_of_labels(scan.hounsfield, scan.labels, SPACING, (7, 0), cohort)


def test_a_signed_distance_by_hand() -> None:
    """Voxels of 4 mm with a mask that begins at the third: the border lies 8 mm after the first's middle, less 2."""
    row = np.array([0, 0, 1, 1, 1], bool)[None, None]
    np.testing.assert_allclose(signed_distance(row, (4.0, 4.0, 4.0)), [[[6, 2, -2, -6, -10]]])


@given(masks)
def test_a_distance_is_negative_inside_and_the_complement_has_its_opposite(mask: np.ndarray) -> None:
    distance = signed_distance(mask, (5.0, 1.0, 2.0))
    np.testing.assert_array_equal(distance < 0, mask)
    np.testing.assert_allclose(signed_distance(~mask, (5.0, 1.0, 2.0)), -distance)
    assert (np.abs(distance) == FAR).all() == (mask.all() or not mask.any())


def test_plaque_and_graft_belong_to_what_is_nearest() -> None:
    lumen, thrombus, iliac, plaque, wire = 1, 2, 4, 3, 19
    row = np.array([20, plaque, thrombus, thrombus, lumen, wire, lumen, 20, iliac, wire, 20], np.uint8)[None, None]
    scan = scan_of_labels(np.zeros(row.shape, np.int16), row, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(label_map(scan.outer, scan.lumen)[0, 0], [0, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(scan.iliacs[0, 0] < 0, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0])


def test_labels_give_the_readers_that_formulas_give() -> None:
    phantom = generated(PLAN)
    seed = PLAN.seed, PLAN.scan.seed
    by_labels = readers_of_labels(phantom.hounsfield, phantom.labels, PLAN.grid.spacing, seed)
    for drawing, labels in zip(draw_readers(phantom), by_labels, strict=True):
        assert dice(drawing.labels > 0, labels > 0) > 0.92, drawing.author
        assert dice(drawing.labels == 1, labels == 1) > 0.9, drawing.author


def test_readers_of_a_painted_scan_are_near_its_labels_and_differ() -> None:
    labels, drawn = painted()
    assert drawn.shape == (len(FOUR), *labels.shape)
    assert set(np.unique(drawn)) == {0, 1, 2}
    wall = np.isin(labels, INSIDE_THE_WALL)
    above = slice(int(np.argmax(wall.any(axis=(1, 2)))), None)
    assert min(dice(reader[above] > 0, wall[above]) for reader in drawn) > 0.85
    assert mean_dice(painted(LOW_AGREEMENT)[1]) < mean_dice(drawn) - 0.08
    assert mean_dice(drawn) < 0.99


def test_iliac_arteries_are_followed_as_far_as_each_reader_does() -> None:
    labels, drawn = painted()
    iliacs = labels == Structure.ILIAC_ARTERIES
    followed = [int((reader[iliacs] > 0).sum()) for reader in drawn]
    assert followed[0] > followed[1] > followed[2] > followed[3]


@pytest.mark.parametrize("value", [Structure.BACKGROUND, Structure.CALCIFICATION])
def test_without_an_aorta_nothing_is_drawn(value: Structure) -> None:
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[1, 2, 2:4] = value
    assert not readers_of_labels(np.zeros(labels.shape, np.int16), labels, SPACING, (1, 0)).any()


def test_nothing_is_written_into_labels_or_scan() -> None:
    scan = generate_painted(PAINTED)
    before = scan.labels.copy(), scan.hounsfield.copy()
    again = readers_of_labels(scan.hounsfield, scan.labels, SPACING, (7, 0))
    np.testing.assert_array_equal(again, painted()[1])
    np.testing.assert_array_equal(before[0], scan.labels)
    np.testing.assert_array_equal(before[1], scan.hounsfield)

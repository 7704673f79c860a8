"""The real CTA: which slices count, what is counted above them, and that every look is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.evaluation.evaluating import look_again
from services.evaluation.real_scan import LAST_SLICE, RealScan, look_at, read_scan
from services.labels import DEFAULT
from tests.conftest import real_data
from tests.services.evaluation import scans

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.services.evaluation.scans import Marked

SHAPE = (60, 4, 4)


def scan() -> RealScan:
    """A rod of 4 voxels a slice through all 60 slices; the second program begins at slice 25. Voxels of 8 mm3."""
    aorta = np.zeros(SHAPE, bool)
    aorta[:, :2, :2] = True
    second = aorta.copy()
    second[:25] = False
    return RealScan(np.zeros(SHAPE, np.int16), np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], aorta, second)


def marked() -> Marked:
    """The rod in slices 0 to 48, and above them a row of 4 voxels a slice of which 2 are no aorta."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[: LAST_SLICE + 1, :2, :2] = 1
    mask[LAST_SLICE + 1 :, 0, :] = 2
    return scans.whole(mask)


def test_the_slices_that_count_are_compared_and_what_lies_above_is_counted() -> None:
    look = look_at(scan(), marked(), DEFAULT, "f")
    assert (look.aorta_dice, look.second_dice) == (1, pytest.approx(2 * 24 / (24 + 49)))
    assert look.programs_dice == pytest.approx(2 * 24 / (24 + 49))
    assert look.false_positive_ml == pytest.approx(11 * 2 * 8 / 1000)


def test_every_look_is_kept_and_the_same_weights_do_not_look_twice(tmp_path: Path) -> None:
    looked: list[int] = []

    def predict(hounsfield: NDArray[np.int16], affine: NDArray[np.float64]) -> Marked:
        looked.append(1)
        return marked()

    card = scans.card(tmp_path)
    once = look_again(scan(), predict, card, "first", ())
    again = look_again(scan(), predict, card, "first", once)
    other = look_again(scan(), predict, card, "second", again)
    assert (len(once), len(again), len(other), len(looked)) == (1, 1, 2, 2)
    assert look_again(None, predict, card, "third", other) == other


def test_where_no_real_scan_is_there_is_none(tmp_path: Path) -> None:
    assert read_scan(tmp_path) is None


@pytest.mark.real
def test_the_two_programs_agree_on_the_real_scan_and_perfect_outlines_agree_with_them() -> None:
    real = read_scan(real_data())
    assert real is not None
    look = look_at(real, scans.whole(real.aorta.astype(np.uint8)), DEFAULT, "f")
    assert (look.aorta_dice, look.false_positive_ml) == (1, 0)
    assert look.second_dice == look.programs_dice
    assert look.programs_dice == pytest.approx(0.97, abs=0.03)

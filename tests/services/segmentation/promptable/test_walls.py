"""A wall is found around a lumen where thrombus lies between the two, and nothing else passes for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.segmentation.promptable import walls
from services.segmentation.promptable.asking import Seen
from services.segmentation.promptable.walls import around, holds_thrombus, reaches_mm
from tests.services.segmentation.promptable.bright import disc

if TYPE_CHECKING:
    from services.segmentation.promptable.prompts import Box

ONE = (1.0, 1.0)
SHAPE = (96, 96)
LUMEN, WALL = disc(SHAPE, (48, 48), 9), disc(SHAPE, (48, 54), 20)
FAT, THROMBUS, BLOOD = -100, 60, 300


def sac(between: float = THROMBUS, outside: float = FAT) -> np.ndarray:
    """A lumen at the edge of its sac, in HU."""
    return np.where(LUMEN, BLOOD, np.where(WALL, between, outside)).astype(np.float32)


class TwoAnswers:
    """Sees the lumen in a box that cuts the wall, and the wall in one that holds it; at most `largest` wide."""

    def __init__(self, quality: float = 0.9, largest: float = 60.0) -> None:
        self.quality, self.largest, self.asked = quality, largest, 0

    def __call__(self, box: Box) -> tuple[Seen, np.ndarray | None]:
        self.asked += 1
        top, left, bottom, right = box
        holds = top <= 28 and bottom >= 68 and left <= 34 and right >= 74
        mask = WALL if holds and right - left < self.largest else LUMEN
        return seen_as(mask, self.quality), mask


def seen_as(mask: np.ndarray, quality: float = 0.9) -> Seen:
    return Seen(mask[None].astype(np.float32), mask.astype(np.float32), quality)


def found(hounsfield: np.ndarray, model: TwoAnswers) -> np.ndarray | None:
    wall = around(seen_as(LUMEN), LUMEN, hounsfield, ONE, model)
    return None if wall is None else wall.mask


def test_the_wall_is_found_around_an_eccentric_lumen() -> None:
    assert found(sac(), TwoAnswers()) is WALL


def test_tissue_is_followed_to_each_side_as_far_as_it_reaches() -> None:
    top, left, bottom, right = reaches_mm(LUMEN, (sac() > -20) & ~LUMEN, ONE)
    assert (top, bottom) == pytest.approx((9.5, 9.5), abs=2), "sqrt(20^2 - 6^2) - 9 mm in the middle"
    assert left == pytest.approx(48 - 9 - 34, abs=2)
    assert right == pytest.approx(74 - 57, abs=2)


def test_a_vessel_in_fat_costs_no_further_answer() -> None:
    model = TwoAnswers()
    assert found(sac(between=FAT), model) is None
    assert model.asked == 0


def test_an_outline_that_holds_its_thrombus_costs_none_either() -> None:
    model = TwoAnswers()
    assert around(seen_as(WALL), WALL, sac(), ONE, model) is None
    assert model.asked == 0


@pytest.mark.parametrize(
    ("hounsfield", "model"),
    [
        (sac(outside=THROMBUS), TwoAnswers()),
        (sac(between=BLOOD), TwoAnswers()),
        (sac(), TwoAnswers(quality=0.8)),
        (np.where(disc(SHAPE, (48, 66), 7), BLOOD, sac()), TwoAnswers()),
        (sac(), TwoAnswers(largest=0.0)),
    ],
    ids=["nothing ends it", "blood", "an answer in doubt", "another vessel inside", "nothing larger is seen"],
)
def test_no_wall_is_claimed_where_one_is_not_proved(hounsfield: np.ndarray, model: TwoAnswers) -> None:
    assert found(hounsfield.astype(np.float32), model) is None


def test_no_wall_is_wider_than_the_largest_sac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "WIDEST_MM", 15.0)
    assert found(sac(), TwoAnswers()) is None


def test_a_sac_holds_thrombus_and_neither_a_lumen_nor_its_dark_edge_does() -> None:
    edge = disc(SHAPE, (48, 48), 10)
    assert holds_thrombus(WALL, sac())
    assert not holds_thrombus(LUMEN, sac())
    assert not holds_thrombus(edge, sac())
    assert not holds_thrombus(WALL, sac(between=FAT))

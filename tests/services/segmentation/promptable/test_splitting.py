"""Lumen and thrombus by brightness, and honesty where brightness shows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from services.segmentation.promptable.splitting import LUMEN, THROMBUS, otsu, split

WALL = np.ones((4, 20, 20), bool)


def with_blood(blood: int, around: int = 50) -> np.ndarray:
    scan = np.full(WALL.shape, around, np.int16)
    scan[:, 5:15, 5:15] = blood
    return scan


def test_blood_with_contrast_is_lumen_and_what_is_darker_thrombus() -> None:
    found = split(with_blood(300), WALL, (1.0, 1.0, 1.0))
    assert found.mask[2, 10, 10] == LUMEN
    assert found.mask[2, 1, 1] == THROMBUS
    assert found.threshold_hu is not None
    assert 50 < found.threshold_hu < 300


@pytest.mark.parametrize(("deep", "said"), [(1, LUMEN), (2, LUMEN), (5, THROMBUS)])
def test_a_thin_dark_rim_is_an_edge_and_no_thrombus(deep: int, said: int) -> None:
    scan = np.full(WALL.shape, 300, np.int16)
    scan[:, :deep] = 50
    assert split(scan, WALL, (1.0, 1.0, 1.0)).mask[2, 0, 10] == said


def test_fat_inside_an_outline_is_no_thrombus() -> None:
    scan = with_blood(300)
    scan[:, :5] = -90
    found = split(scan, WALL, (1.0, 1.0, 1.0)).mask
    assert found[2, 1, 10] == LUMEN
    assert found[2, 17, 10] == THROMBUS


@pytest.mark.parametrize("blood", [50, 70, 100], ids=["the same", "hardly brighter", "brighter, but not enhanced"])
def test_without_contrast_nothing_is_called_thrombus(blood: int) -> None:
    found = split(with_blood(blood, around=30), WALL, (1.0, 1.0, 1.0))
    assert set(np.unique(found.mask)) == {LUMEN}
    assert found.threshold_hu is None
    assert "no border" in found.said


def test_nothing_inside_and_nothing_like_blood_are_said() -> None:
    assert split(with_blood(300), np.zeros_like(WALL), (1.0, 1.0, 1.0)).threshold_hu is None
    assert "nothing to tell apart" in split(with_blood(-500, -500), WALL, (1.0, 1.0, 1.0)).said


def test_the_threshold_lies_between_two_groups() -> None:
    values = np.concatenate([np.full(30, 10.0), np.full(70, 90.0)]).astype(np.float32)
    assert 10 < otsu(values) < 90

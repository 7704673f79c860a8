"""Where the next box goes, and whether what was seen in it may still be the vessel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.segmentation.promptable import edges, plausible, shapes
from services.segmentation.promptable.asking import JITTER, Seen, Slices, jitter
from services.segmentation.promptable.boxes import box_of, nearer, scaled, size_of, widened, without
from services.segmentation.promptable.embeddings import Embedded
from services.segmentation.promptable.plausible import Look, look_at, why_not
from services.segmentation.promptable.prompts import Box
from tests.services.segmentation.promptable import tubes
from tests.services.segmentation.promptable.bright import disc

ONE = (1.0, 1.0)
SQUARE = Box(10, 10, 29, 29)


def test_a_box_has_both_ends_included() -> None:
    mask = np.zeros((20, 20), bool)
    mask[3:7, 5:6] = True
    assert box_of(mask) == Box(3, 5, 6, 5)
    assert size_of(box_of(mask)).tolist() == [4, 1]


def test_only_the_named_sides_are_widened_in_millimetres() -> None:
    assert widened(SQUARE, 3, (1.5, 1.0), (True, False, False, True)) == Box(8, 10, 29, 32)


def test_scaling_keeps_the_centre() -> None:
    assert scaled(SQUARE, 1.5) == Box(5, 5, 34, 34)


def test_a_box_shrinks_slowly_grows_faster_and_not_at_all_where_that_is_doubted() -> None:
    small, large = Box(15, 15, 24, 24), Box(5, 5, 34, 34)
    heights = [size_of(nearer(SQUARE, seen, 1.0, ONE, doubted=False))[0] for seen in (small, large)]
    assert heights == pytest.approx([20 * np.exp(-0.004), 20 * np.exp(0.015)], abs=0.02)
    assert size_of(nearer(SQUARE, small, 1.0, ONE, doubted=True))[0] == pytest.approx(20, abs=0.02)


def test_the_centre_moves_by_a_limit_and_less_towards_what_is_seen_in_part() -> None:
    far, half = Box(20, 10, 39, 29), Box(20, 10, 29, 29)
    assert nearer(SQUARE, far, 1.0, ONE, doubted=False)[0] - SQUARE[0] == pytest.approx(1.2, abs=0.02)
    part = nearer(SQUARE, half, 1.0, ONE, doubted=True)
    assert part[0] - SQUARE[0] == pytest.approx(0.6, abs=0.02)


def test_what_is_left_of_an_oblong_box_lies_away_from_the_limb() -> None:
    assert without(Box(0, 0, 59, 19), Box(0, 0, 15, 19), ONE) == Box(36, 0, 59, 19)
    assert without(Box(0, 0, 59, 19), Box(44, 0, 59, 19), ONE) == Box(0, 0, 23, 19)
    assert without(SQUARE, Box(10, 10, 15, 15), ONE) == SQUARE


def test_members_move_boxes_in_pairs_that_cancel() -> None:
    moved = jitter(5, seed=2)
    assert not moved[0].any()
    assert np.allclose(moved.sum(axis=0), 0)
    assert np.abs(moved).max() <= JITTER
    assert np.array_equal(moved, jitter(5, seed=2))
    assert not np.array_equal(moved, jitter(5, seed=3))


def test_wide_slices_are_seen_in_parts_that_neighbouring_boxes_share() -> None:
    wide = np.zeros((3, 512, 512), np.int16)
    embedded = Embedded(tubes.SureOfItself(), wide, ((-160.0, 240.0),))
    slices = Slices(embedded, wide, (2.5, 0.75, 0.75), 0, jitter(1, 0))
    frames = [slices.frame_of(Box(row, 200, row + 40, 240)) for row in (200, 204, 400, 500)]
    assert frames[0] == frames[1]
    assert all(frame.shape == (299, 299) for frame in frames)
    assert frames[3].first[0] + 299 == 512
    small = Slices(embedded, wide[:, :300, :300], (2.5, 0.75, 0.75), 0, jitter(1, 0))
    assert small.frame_of(SQUARE).shape == (300, 300)


def test_a_ring_is_seen_closed_as_surely_as_it_was_seen() -> None:
    ring = disc((32, 32), (16, 16), 10) & ~disc((32, 32), (16, 16), 5)
    members = np.stack([np.where(ring, sure, 0.1) for sure in (0.9, 0.7)]).astype(np.float32)
    closed = Seen(members, members.mean(axis=0), 0.9).closed
    assert closed.members[:, 16, 16] == pytest.approx([0.9, 0.7], abs=1e-4)
    assert closed.mean[16, 16] == pytest.approx(0.8, abs=1e-4)
    assert closed.mean[1, 1] == pytest.approx(0.1)
    assert members[0, 16, 16] == pytest.approx(0.1), "what was given is left as it was"


def test_an_outline_without_holes_stays_what_it_is() -> None:
    members = disc((32, 32), (16, 16), 10)[None].astype(np.float32)
    seen = Seen(members, members[0], 0.9)
    assert seen.closed is seen


LOOK = Look(area_mm2=300, radius_mm=10, low_hu=100, high_hu=300, widest_mm=10)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({}, ""),
        ({"radius_mm": 13}, "1.3 times as wide: a leak"),
        ({"area_mm2": 800}, "2.7 times as large"),
        ({"area_mm2": 90}, "fell to 30%"),
        ({"radius_mm": 5}, "50% as wide"),
    ],
)
def test_each_stop_says_what_was_found(now: dict[str, float], said: str) -> None:
    reason = why_not(LOOK, replace(LOOK, **now), familiar=1.0, quality=0.9, grows=False)
    assert said in reason
    assert bool(said) == bool(reason)


def test_doubt_of_brightness_and_of_the_model_are_said_too() -> None:
    assert "only 30%" in why_not(LOOK, LOOK, familiar=0.3, quality=0.9, grows=False)
    assert "trusts itself" in why_not(LOOK, LOOK, familiar=1.0, quality=0.5, grows=False)


def test_a_vessel_that_was_seen_in_part_may_be_seen_whole_again() -> None:
    part = replace(LOOK, radius_mm=6, area_mm2=120)
    before = LOOK
    for _ in range(20):
        before = before.blended(part, 1.5)
    assert before.radius_mm < 7
    assert why_not(before, replace(LOOK, area_mm2=200), familiar=1.0, quality=0.9, grows=False) == ""


def test_a_look_measures_a_disc() -> None:
    mask = disc((64, 64), (32, 32), 10)
    look = look_at(mask, np.full(mask.shape, 200, np.float32), (1.5, 1.5))
    assert look.area_mm2 == pytest.approx(np.pi * 15**2, rel=0.05)
    assert look.radius_mm == pytest.approx(15, abs=1.5)


def test_a_side_is_cut_where_blood_goes_on_and_nowhere_else() -> None:
    blood = np.full((64, 64), -60, np.float32)
    blood[10:60, 22:42] = 300
    bright = np.ones(blood.shape, bool)
    cut, whole = (np.zeros(blood.shape, bool) for _ in range(2))
    cut[30:60, 22:42], whole[10:60, 22:42] = True, True
    assert edges.cut_sides(cut, blood, bright, ONE) == (True, False, False, False)
    assert edges.cut_sides(whole, blood, bright, ONE) == (False, False, False, False)
    assert edges.open_part(cut, blood, bright, ONE) == pytest.approx(0.2, abs=0.1)


def test_shapes_are_told_apart() -> None:
    both = disc((64, 64), (20, 20), 8) | disc((64, 64), (50, 50), 5)
    largest = shapes.largest(both)
    assert largest is not None
    assert largest[20, 20]
    assert not largest[50, 50]
    assert shapes.largest(np.zeros((4, 4), bool)) is None
    assert shapes.part_of(both, np.zeros((64, 64), bool)) is None
    assert shapes.is_oblong(np.ones((40, 20), bool), ONE)
    assert not shapes.is_oblong(np.ones((40, 20), bool), (1.0, 2.0))


def test_what_is_remembered_of_brightness_widens_at_once_and_narrows_slowly() -> None:
    wider, narrower = (replace(LOOK, low_hu=low, high_hu=high) for low, high in ((0.0, 500.0), (190.0, 210.0)))
    after = LOOK.blended(wider, plausible.FORGETS_MM)
    assert (after.low_hu, after.high_hu) == pytest.approx((37, 426), abs=1)
    after = LOOK.blended(narrower, plausible.FORGETS_MM)
    assert (after.low_hu, after.high_hu) == pytest.approx((116, 284), abs=1)

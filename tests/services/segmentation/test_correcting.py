"""A click corrects a slice: known answers, and a promise that holds whatever the network says."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from services.drawings import dice
from services.errors import InputRefused
from services.segmentation.promptable.correcting import (
    ALREADY,
    DISC_ONLY,
    GLOBAL_CLICKS,
    ClickPhase,
    correct,
    untouched_sha256,
)
from services.segmentation.promptable.prompts import Click
from services.segmentation.promptable.wrong_pieces import CONNECTED
from tests.services.segmentation.click_models import Anything, Growing, Stubborn, disc, vessel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.click_network import ClickModel
    from services.segmentation.promptable.correcting import Corrected

    Mask = NDArray[np.bool_]

SPACING = (1.0, 1.0)
LOCAL = GLOBAL_CLICKS + 1
INSIDE, ORGAN = Click(40, 36), Click(40, 64, positive=False)


def nothing() -> Mask:
    return np.zeros((80, 80), dtype=bool)


def corrected(mask: Mask, *clicks: Click, count: int, model: ClickModel | None = None) -> Corrected:
    hounsfield, _ = vessel()
    return correct(hounsfield, SPACING, mask, clicks, count=count, model=model or Growing())


def outside(mask: Mask, change: Mask) -> str:
    """Computed here and not by the code that is tested."""
    return hashlib.sha256(np.where(change, 2, mask).astype(np.uint8).tobytes()).hexdigest()


def test_one_click_into_a_vessel_outlines_it_where_nothing_was() -> None:
    _, wanted = vessel()
    found = corrected(nothing(), INSIDE, count=1)
    assert found.phase is ClickPhase.GLOBAL
    assert found.changed == found.mask.sum()
    assert (dice(found.mask, wanted) or 0) > 0.9  # the stand-in leaves out pixels that are blurred at the edge


def test_a_later_click_removes_the_organ_that_leaked_in_and_leaves_the_vessel_alone() -> None:
    _, wanted = vessel()
    leaked = wanted | disc((80, 80), (40, 62), 13)
    found = corrected(leaked, ORGAN, count=LOCAL)
    assert found.phase is ClickPhase.LOCAL
    assert found.changed == (leaked & ~found.mask).sum()
    assert (dice(found.mask, wanted) or 0) > 0.97


def test_a_later_click_adds_what_is_missing() -> None:
    _, wanted = vessel()
    half = wanted.copy()
    half[40:] = False
    found = corrected(half, Click(46, 36), count=LOCAL)
    assert (dice(found.mask, wanted) or 0) > 0.97
    assert found.note == ""


@pytest.mark.parametrize("count", [1, LOCAL])
@pytest.mark.parametrize("click", [INSIDE, ORGAN], ids=["adds", "removes"])
def test_a_click_on_what_is_right_already_changes_nothing_and_says_so(click: Click, count: int) -> None:
    _, wanted = vessel()
    found = corrected(wanted, click, count=count, model=Anything())
    assert (found.changed, found.note) == (0, ALREADY[click.positive])
    np.testing.assert_array_equal(found.mask, wanted)


@pytest.mark.parametrize("positive", [True, False])
def test_where_the_network_does_not_follow_a_later_click_two_millimetres_around_it_change(positive: bool) -> None:
    mask = nothing() if positive else ~nothing()
    found = corrected(mask, Click(20, 50, positive), count=LOCAL, model=Stubborn())
    assert found.note == DISC_ONLY
    np.testing.assert_array_equal(found.mask ^ mask, disc((80, 80), (20, 50), 2))


def test_an_early_click_is_obeyed_where_the_network_does_not_follow_it() -> None:
    found = corrected(nothing(), Click(20, 50), Click(40, 20), count=2, model=Stubborn())
    np.testing.assert_array_equal(found.mask, disc((80, 80), (20, 50), 2) | disc((80, 80), (40, 20), 2))


def test_pieces_of_an_early_answer_that_nobody_asked_for_are_left_out() -> None:
    found = corrected(nothing(), Click(40, 40), count=1, model=Anything())
    _, pieces = ndimage.label(found.mask, CONNECTED)
    assert (pieces, found.mask[40, 40]) == (1, True)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    row=st.integers(0, 39),
    column=st.integers(0, 49),
    positive=st.booleans(),
    spacing=st.sampled_from([(0.7, 0.7), (1.5, 1.5), (3.0, 0.8)]),
)
def test_a_later_click_changes_one_connected_piece_that_holds_it_whatever_the_network_says(
    seed: int, row: int, column: int, positive: bool, spacing: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.standard_normal((40, 50)), 3) > 0
    hounsfield = rng.integers(-200, 400, (40, 50)).astype(np.int16)
    kept, click = mask.copy(), Click(row, column, positive)
    found = correct(hounsfield, spacing, mask, (click,), count=LOCAL, model=Anything())
    change = found.mask ^ mask
    np.testing.assert_array_equal(mask, kept)
    assert found.changed == change.sum()
    assert found.untouched_before == found.untouched_after == untouched_sha256(found.mask, change)
    assert outside(mask, change) == outside(found.mask, change)
    assert found.mask[row, column] == positive
    _, pieces = ndimage.label(change, CONNECTED)
    assert (pieces, bool(change.any())) == ((0, False) if mask[row, column] == positive else (1, True))
    assert not (found.mask & ~mask if not positive else mask & ~found.mask).any()
    assert change[row, column] == change.any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 39), st.integers(0, 49), st.booleans())
def test_the_hash_of_the_untouched_notices_every_other_voxel_and_no_touched_one(
    row: int, column: int, touched: bool
) -> None:
    mask, change = np.zeros((40, 50), dtype=bool), np.zeros((40, 50), dtype=bool)
    change[row, column] = touched
    other = mask.copy()
    other[row, column] = True
    assert (untouched_sha256(mask, change) == untouched_sha256(other, change)) is touched


def test_the_same_click_gives_the_same_mask_and_leaves_its_input_as_it_was_so_that_undo_is_the_mask_before() -> None:
    mask = vessel()[1]
    kept = mask.copy()
    first, second = (corrected(mask, ORGAN, Click(10, 10), count=count, model=Anything()) for count in (2, 2))
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_array_equal(mask, kept)
    assert first.untouched_after == second.untouched_after


@pytest.mark.parametrize(
    ("mask", "clicks", "said"),
    [
        (nothing()[1:], (INSIDE,), "one shape"),
        (nothing().astype(np.uint8), (INSIDE,), "yes and no"),
        (nothing(), (), "must have a click"),
        (nothing(), (Click(80, 3),), "80 rows"),
        (nothing(), (Click(-1, 3),), "row -1"),
        (nothing(), (Click(float("nan"), 3),), "row nan"),
    ],
    ids=["shape", "type", "no click", "below", "above", "nowhere"],
)
def test_what_does_not_fit_together_is_refused(mask: Mask, clicks: tuple[Click, ...], said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        corrected(mask, *clicks, count=1)


def test_voxels_without_a_size_are_refused() -> None:
    with pytest.raises(InputRefused, match="spacing"):
        correct(vessel()[0], (0.0, 1.0), nothing(), (INSIDE,), count=1, model=Growing())

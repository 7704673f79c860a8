"""A correction goes on to the slices beside it where the same error is, and stops where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.drawings import dice
from services.errors import InputRefused
from services.evaluation.real_scan import read_scan
from services.segmentation.promptable.carrying import carry
from services.segmentation.promptable.click_network import load_click_model
from services.segmentation.promptable.correcting import ClickPhase, correct, untouched_sha256
from services.segmentation.promptable.prompts import Click
from services.segmentation.promptable.simulated_clicks import next_click
from tests.conftest import real_data
from tests.services.segmentation.click_models import Growing, Stubborn, disc, vessel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.correcting import Corrected

SLICES, MIDDLE = 9, 4
ON_ORGAN = Click(40, 64, positive=False)


def leaking(first: int, last: int) -> tuple[NDArray[np.int16], NDArray[np.bool_], NDArray[np.bool_]]:
    """Nine equal slices; in some the mask leaks into the organ. The middle one is corrected already."""
    hounsfield, wanted = vessel()
    right = np.stack([wanted] * SLICES)
    mask = right.copy()
    mask[first : last + 1] |= disc((80, 80), (40, 62), 13)
    mask[MIDDLE] = wanted
    return np.stack([hounsfield] * SLICES), mask, right


def carried(first: int, last: int, *clicks: Click, reach: tuple[int, int] = (0, SLICES - 1)) -> dict[int, Corrected]:
    hounsfield, mask, _ = leaking(first, last)
    return carry(hounsfield, (1.0, 1.0), mask, MIDDLE, clicks, first=reach[0], last=reach[1], model=Growing())


def test_a_correction_goes_both_ways_as_far_as_the_same_error_goes() -> None:
    found = carried(2, 7, ON_ORGAN)
    _, _, right = leaking(2, 7)
    assert sorted(found) == [2, 3, 5, 6, 7]
    assert all((dice(one.mask, right[k]) or 0) > 0.97 for k, one in found.items())
    assert {one.phase for one in found.values()} == {ClickPhase.LOCAL}


def test_it_ends_at_the_slices_that_were_asked_for() -> None:
    assert sorted(carried(0, 8, ON_ORGAN, reach=(3, 6))) == [3, 5, 6]


def test_what_is_missing_is_carried_as_well_as_what_is_too_much() -> None:
    hounsfield, _, right = leaking(0, 0)
    mask = right.copy()
    mask[5:7, 40:] = False
    found = carry(hounsfield, (1.0, 1.0), mask, MIDDLE, (Click(46, 36),), first=0, last=8, model=Growing())
    assert sorted(found) == [5, 6]
    assert all((dice(one.mask, right[k]) or 0) > 0.97 for k, one in found.items())


def test_a_slice_without_the_error_ends_the_way_and_one_behind_it_is_not_reached() -> None:
    hounsfield, mask, right = leaking(0, 8)
    mask[6] = right[6]
    found = carry(hounsfield, (1.0, 1.0), mask, MIDDLE, (ON_ORGAN,), first=MIDDLE, last=8, model=Growing())
    assert sorted(found) == [5]


def test_a_rim_that_anatomy_explains_is_no_error() -> None:
    hounsfield, _, right = leaking(0, 0)
    mask = right.copy()
    mask[5] = disc((80, 80), (40, 36), 13)
    assert carry(hounsfield, (1.0, 1.0), mask, MIDDLE, (Click(40, 49),), first=0, last=8, model=Growing()) == {}


def test_where_the_network_does_not_agree_nothing_is_carried() -> None:
    hounsfield, mask, _ = leaking(2, 7)
    assert carry(hounsfield, (1.0, 1.0), mask, MIDDLE, (ON_ORGAN,), first=0, last=8, model=Stubborn()) == {}


def test_each_carried_slice_says_what_stayed_and_nothing_is_written_into_the_given_mask() -> None:
    hounsfield, mask, _ = leaking(2, 7)
    kept = mask.copy()
    found = carry(hounsfield, (1.0, 1.0), mask, MIDDLE, (ON_ORGAN,), first=0, last=8, model=Growing())
    np.testing.assert_array_equal(mask, kept)
    for k, one in found.items():
        change = one.mask ^ mask[k]
        assert one.changed == change.sum() > 0
        assert one.untouched_before == one.untouched_after == untouched_sha256(mask[k], change)


@pytest.mark.parametrize(("first", "last"), [(5, 8), (0, 3), (-1, 8), (0, 9)])
def test_a_range_that_does_not_hold_the_slice_or_leaves_the_scan_is_refused(first: int, last: int) -> None:
    with pytest.raises(InputRefused, match="around the corrected one"):
        carried(2, 7, ON_ORGAN, reach=(first, last))


def test_carrying_without_a_click_is_refused() -> None:
    with pytest.raises(InputRefused, match="0 clicks"):
        carried(2, 7)


@pytest.mark.real
@pytest.mark.parametrize("k", [24, 96])
@pytest.mark.parametrize("positive", [True, False], ids=["bite", "lump"])
def test_on_a_real_scan_one_click_mends_the_slices_beside_it_and_makes_none_worse(k: int, positive: bool) -> None:
    """A bite or a lump of 9 mm at the aorta's edge on nine slices; the shipped network corrects the middle one."""
    scan = read_scan(real_data())
    assert scan is not None
    right, hounsfield, spacing_mm = scan.aorta[k - 4 : k + 5], scan.hounsfield[k - 4 : k + 5], (1.5, 1.5)
    row, column = np.argwhere(right[4])[0]
    wrong = disc((right.shape[1], right.shape[2]), (row, column), 6)
    mask = right & ~wrong if positive else right | wrong
    click = next_click(mask[4], right[4], np.random.default_rng(0), (1, 3))
    assert click is not None
    model, kept = load_click_model(), mask.copy()
    mask[4] = correct(hounsfield[4], spacing_mm, mask[4], (click,), count=6, model=model).mask
    found = carry(hounsfield, spacing_mm, mask, 4, (click,), first=0, last=8, model=model)
    gains = [(dice(one.mask, right[at]) or 0) - (dice(kept[at], right[at]) or 0) for at, one in found.items()]
    assert len(gains) >= 4
    assert min(gains) > -0.01
    assert np.mean(gains) > 0.01

"""A scan outlined without a hand: where it lies, whichever way it lies, and with what was vetoed beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.segmentation.promptable.self_prompt_weights import Proposal
from services.segmentation.promptable.self_prompted import Unprompted, connected, looked_at, outline_unprompted, propose
from services.volume import slices_of
from tests.services.segmentation.promptable.bright import BrightInside

if TYPE_CHECKING:
    from numpy.typing import NDArray

AFFINE = np.array([[0, 0, 1.5, 0], [0, 1.5, 0, 0], [5, 0, 0, 0], [0, 0, 0, 1.0]])
"""(k, j, i) to LPS of a scan that stands: slices of 5 mm upwards."""


def prompt(embedding: NDArray[np.float16]) -> Proposal:
    """Inside where it is bright, vetoed where it is black."""
    values = embedding[0].astype(np.float32)
    return Proposal(20 * (values - 0.5), None, None, np.where(values > 0.1, 1, 0).astype(np.float32))


def a_scan() -> NDArray[np.int16]:
    """A body; in it a bright tube on slices 2 to 9, and a bright speck far from it on the last."""
    scan = np.zeros((12, 60, 50), dtype=np.int16)
    scan[:, :24] = -1000
    scan[2:10, 30:40, 12:22] = 480
    scan[11, 50:53, 40:43] = 480
    return scan


def outlined(scan: NDArray[np.int16], affine: NDArray[np.float64]) -> Unprompted:
    return outline_unprompted(scan, affine, BrightInside(), prompt)


def whole(found: Unprompted, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    mask[slices_of(found.outlined.region)] = found.outlined.mask > 0
    return mask


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def tube() -> NDArray[np.bool_]:
    bright: NDArray[np.bool_] = a_scan() == 480
    bright[11] = False
    return bright


def test_the_vessel_is_followed_from_the_surest_slice_and_a_speck_is_not() -> None:
    found = outlined(a_scan(), AFFINE)
    assert overlap(whole(found, tube().shape), tube()) > 0.85
    assert not whole(found, tube().shape)[11].any()
    assert found.outlined.parameters["prompt"]["slice"] in range(2, 10)
    (begun,) = found.parameters["begun_at"]
    assert begun["sureness"] == pytest.approx(1, abs=0.05)
    assert found.parameters["agreement"][0] > 0.85


@pytest.mark.parametrize("turned", ["upside down", "mirrored", "slices from the left"])
def test_however_a_scan_lies_the_vessel_is_found(turned: str) -> None:
    scan, expected, affine = a_scan(), tube(), AFFINE.copy()
    if turned == "slices from the left":
        scan, expected, affine = scan.transpose(2, 0, 1), expected.transpose(2, 0, 1), affine[:, [2, 0, 1, 3]]
    else:
        axis = 0 if turned == "upside down" else 2
        scan, expected = np.flip(scan, axis), np.flip(expected, axis)
        affine[:, 3] += affine[:, axis] * (scan.shape[axis] - 1)
        affine[:, axis] *= -1
    assert overlap(whole(outlined(scan, affine), scan.shape), expected) > 0.85


def test_what_was_vetoed_lies_around_the_vessel_and_not_on_it() -> None:
    """The air above is vetoed; body and vessel are not."""
    scan, found = a_scan(), outlined(a_scan(), AFFINE)
    vetoed = np.full(scan.shape, np.nan)
    vetoed[slices_of(found.region)] = found.vetoed
    assert not vetoed[5, 32:38, 14:20].any()
    assert (vetoed[5, 21:23, 14:20] == 1).all()
    assert np.isnan(vetoed[5, 0]).all()


def test_the_scan_is_only_read() -> None:
    scan = a_scan()
    outlined(scan, AFFINE)
    assert np.array_equal(scan, a_scan())


def test_of_thin_slices_not_all_are_looked_at_and_the_ends_always_are() -> None:
    assert looked_at(12, 5) == list(range(12))
    assert looked_at(11, 2.5) == [0, 2, 4, 6, 8, 10]
    assert looked_at(12, 1.6) == [0, 3, 6, 9, 11]


def test_between_slices_that_were_looked_at_maps_are_interpolated() -> None:
    thin = np.repeat(a_scan(), 2, axis=0)
    found = propose(thin, (2.5, 1.5, 1.5), BrightInside(), prompt)
    assert found.looked_at == 13
    between = found.probability[3].astype(int)
    assert np.abs(2 * between - found.probability[2] - found.probability[4]).max() <= 1


def test_a_scan_in_which_nothing_is_seen_gives_an_empty_mask_and_the_reason() -> None:
    found = outlined(np.zeros((6, 40, 40), np.int16), AFFINE)
    assert not found.outlined.mask.any()
    assert [stop["reason"] for stop in found.outlined.stops] == ["no slice looks like an aorta"]
    assert found.parameters["begun_at"] == []


def test_it_can_be_cancelled_at_the_next_slice() -> None:
    def cancel(_what: str, done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outline_unprompted(a_scan(), AFFINE, BrightInside(), prompt, progress=cancel)


def test_the_largest_piece_of_self_prompting_alone_leaves_the_speck_out() -> None:
    found = propose(a_scan(), (5.0, 1.5, 1.5), BrightInside(), prompt)
    assert overlap(connected(found), tube()) > 0.85

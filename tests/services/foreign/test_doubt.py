"""What imported members are made of before their doubt is computed: exclusive parts, within a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.records import Region
from services.imaging.foreign.doubt import Parts, box_around, doubt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LN2 = np.log(2)


def slabs(*channels: float, shape: tuple[int, int, int] = (4, 2, 2)) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """A member that says the same everywhere, in slabs of two slices."""
    for number, value in enumerate(channels):
        for first in range(0, shape[0], 2):
            yield number, first, np.full((2, *shape[1:]), value, dtype=np.float32)


def test_channels_of_one_part_are_added_and_others_are_the_rest() -> None:
    box = Region((1, 0, 0), (2, 2, 2))
    found = doubt_of([slabs(0.25, 0.25, 0.125, 0.375)], Parts(("lumen",), (frozenset({1, 2}),)), box)
    assert found.mean[:, 0, 0, 0].tolist() == [0.625, 0.375]
    assert found.mean.shape == (2, 2, 2, 2)


def test_of_regions_that_overlap_the_largest_counts() -> None:
    parts = Parts(("outer wall",), (frozenset({0, 1}),), overlap=True)
    found = doubt_of([slabs(0.75, 0.5)], parts, Region((0, 0, 0), (4, 2, 2)))
    assert found.mean[:, 0, 0, 0].tolist() == [0.25, 0.75]


def test_members_that_are_sure_of_different_things_disagree_by_ln_2() -> None:
    parts = Parts(("lumen", "thrombus"), (frozenset({1}), frozenset({2})))
    found = doubt_of([slabs(0, 1, 0), slabs(0, 0, 1)], parts, Region((0, 0, 0), (4, 2, 2)))
    assert found.mutual_information == pytest.approx(LN2)
    assert not found.expected_entropy.any()


def test_the_box_holds_what_any_member_marked_with_a_margin_inside_the_image() -> None:
    one, other = np.zeros((2, 40, 40, 40), dtype=np.uint8)
    one[20, 20, 20], other[22, 20, 20] = 1, 1
    assert box_around([one, other], (10.0, 2.0, 1.0)) == Region((17, 5, 0), (9, 31, 40))
    assert box_around([one * 0], (1.0, 1.0, 1.0)) is None

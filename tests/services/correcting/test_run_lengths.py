"""Masks as run lengths: a round trip for every mask, and nothing else is taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from services.correcting.run_lengths import decoded, encoded
from services.errors import InputRefused


def test_counts_begin_with_what_is_outside() -> None:
    assert encoded(np.array([[0, 0, 1], [1, 0, 1]], dtype=bool)) == [2, 2, 1, 1]
    assert encoded(np.array([[1, 0], [0, 0]], dtype=bool)) == [0, 1, 3]
    assert encoded(np.zeros((2, 2), dtype=bool)) == [4]
    assert encoded(np.ones((2, 2), dtype=bool)) == [0, 4]


@given(arrays(bool, some.tuples(some.integers(1, 9), some.integers(1, 9))))
def test_what_was_encoded_is_decoded(mask: np.ndarray) -> None:
    lengths = encoded(mask)
    assert sum(lengths) == mask.size
    assert (decoded(lengths, mask.shape) == mask).all()


def test_runs_of_nothing_are_allowed() -> None:
    assert decoded([1, 0, 1, 2], (2, 2)).tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize(
    "lengths",
    [None, "4", {"0": 4}, [], [3], [5], [-1, 5], [2.0, 2], [True, 3], ["4"], [0, 2**40], [0] * 9 + [4]],
    ids=lambda lengths: str(lengths)[:20],
)
def test_anything_else_is_refused(lengths: object) -> None:
    with pytest.raises(InputRefused, match="run lengths"):
        decoded(lengths, (2, 2))

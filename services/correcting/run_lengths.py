"""Masks as run lengths: how many voxels are outside, inside, outside, ... row by row; the first count may be 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def encoded(mask: NDArray[np.bool_]) -> list[int]:
    """The run lengths of a mask of any shape, in C order; they sum to its size."""
    flat = np.concatenate([[False], mask.ravel()])
    turns = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(np.concatenate([[0], turns, [mask.size]]))]


def decoded(lengths: object, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask (rows, columns) that these run lengths describe. Raises InputRefused where they do not fill it."""
    size = shape[0] * shape[1]
    if not isinstance(lengths, list) or len(lengths) > size + 1 or not all(map(_is_count, lengths)):
        raise _not_a_mask("something else.")
    if sum(lengths) != size:
        raise _not_a_mask(f"{min(sum(lengths), 10 * size):,} voxels instead of {size:,}.")
    return _filled(lengths).reshape(shape)


def _filled(lengths: Sequence[int]) -> NDArray[np.bool_]:
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _not_a_mask(found: str) -> InputRefused:
    return InputRefused("A mask must come as run lengths that fill its slice.", found, "Reload the page.")

"""Where an outline starts: a box or a click on a slice of any plane, as a page or the command line says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.records import Index3, Json

SMALLEST_BOX = 2.0
"""Voxels along each edge: less holds no vessel."""
PLANES = ("axial", "coronal", "sagittal")
"""As the viewer calls the planes across k, j and i."""


def checked(said: object, shape: Index3) -> dict[str, Any]:
    """A start that lies in an image of `shape` (k, j, i), with nothing in it that was not asked for.

    `axis` 0, 1 or 2 and `index` of the slice; then `box`, first row and column, last row and column, both included,
    or `click`, row and column, in voxels of that slice, whose rows and columns are the two other axes in their order.
    Raises InputRefused.
    """
    if not isinstance(said, dict):
        raise _not_a_start("no start.")
    axis, index = said.get("axis"), said.get("index")
    if axis not in (0, 1, 2) or isinstance(axis, bool):
        raise _not_a_start("another axis than 0, 1 or 2.")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < shape[axis]:
        raise _not_a_start("a slice that the image does not have.")
    plane = [size for number, size in enumerate(shape) if number != axis]
    if (said.get("box") is None) == (said.get("click") is None):
        raise _not_a_start("neither a box nor a click, or both.")
    start: dict[str, Any] = {"axis": axis, "index": index}
    if said.get("box") is not None:
        return start | {"box": _box(said["box"], plane)}
    return start | {"click": _place(said["click"], plane)}


def in_words(start: Json) -> str:
    """'one box on axial slice 88', slices counted from 1 as the viewer does."""
    axis, index = start["axis"], start["index"]
    what = "box" if "box" in start else "click"
    return f"one {what} on {PLANES[int(str(axis))]} slice {int(str(index)) + 1}"


def _box(said: object, plane: Sequence[int]) -> list[float]:
    """A box that reaches beyond the slice is cut at its edge."""
    numbers = _numbers(said, 4)
    first, last = numbers[:2], numbers[2:]
    first = [max(value, 0.0) for value in first]
    last = [min(value, size - 1.0) for value, size in zip(last, plane, strict=True)]
    if any(end - begin + 1 < SMALLEST_BOX for begin, end in zip(first, last, strict=True)):
        raise _not_a_start("a box that is smaller than two voxels, or lies outside.")
    return [*first, *last]


def _place(said: object, plane: Sequence[int]) -> list[float]:
    numbers = _numbers(said, 2)
    if not all(0 <= value <= size - 1 for value, size in zip(numbers, plane, strict=True)):
        raise _not_a_start("a click outside the slice.")
    return numbers


def _numbers(said: object, count: int) -> list[float]:
    if not isinstance(said, (list, tuple)) or len(said) != count or not all(map(_is_number, said)):
        raise _not_a_start("another list of numbers.")
    return [float(value) for value in said]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _not_a_start(found: str) -> InputRefused:
    return InputRefused(
        "An outline starts from one box or one click on a slice of the image.",
        found,
        "Draw a box around the vessel, or click into it.",
    )


def as_given(axis: str, number: int, numbers: Mapping[str, str]) -> dict[str, Any]:
    """A start from words of the command line: a plane, a slice counted from 1, and 'box' or 'click' as '1,2,3,4'.

    Raises InputRefused.
    """
    if axis not in PLANES:
        raise _not_a_start("another plane than axial, coronal or sagittal.")
    try:
        said = {name: [float(value) for value in text.split(",")] for name, text in numbers.items()}
    except ValueError:
        raise _not_a_start("something that is no list of numbers.") from None
    return {"axis": PLANES.index(axis), "index": number - 1, **said}

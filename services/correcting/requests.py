"""What a page asks for, checked: whatever is beyond the image, too long or of another kind is refused here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from services.correcting import run_lengths
from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from db.records import Index3

    Mask = NDArray[np.bool_]

MOST_CLICKS = 1000
"""Of one session."""
MOST_CARRIED = 60
"""Slices that one call may carry clicks to."""
MOST_SECONDS = 7 * 24 * 3600.0


class At(NamedTuple):
    """A click on a slice: voxels of the whole slice, counted from 0."""

    row: int
    column: int
    positive: bool


@dataclass(frozen=True)
class OnSlice:
    """Clicks on one slice, and its mask as it stands before the newest of them counts."""

    layer: int
    index: int
    mask: Mask
    """(rows, columns) of the whole slice: what lies inside the outer wall."""
    clicks: tuple[At, ...]
    """Of this slice, the newest last."""
    count: int
    """Clicks of the whole session, the newest among them."""


@dataclass(frozen=True)
class Carrying:
    """A corrected slice, and the slices to carry its clicks to."""

    on: OnSlice
    first: int
    last: int
    """Both included."""
    slices: Mapping[int, Mask]
    """Other slices that the session has changed already."""


class Noted(NamedTuple):
    """A click as it is kept."""

    slice_index: int
    row: int
    column: int
    positive: bool
    changed: int
    """Voxels that it changed."""


@dataclass(frozen=True)
class Saving:
    """A session's whole result."""

    layer: int
    slices: Mapping[int, Mask]
    clicks: tuple[Noted, ...]
    seconds: float


def layer_of(said: Mapping[str, Any]) -> int:
    """The number of the base layer; a page may say it as text. Raises InputRefused."""
    value = said.get("layer")
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else _whole(value, "layer")


def preparing(said: Mapping[str, Any], shape: Index3) -> tuple[int, int]:
    """The base layer and the slice that somebody is about to click on. Raises InputRefused."""
    return layer_of(said), _within(said.get("index"), shape[0], "slice")


def on_slice(said: Mapping[str, Any], shape: Index3) -> OnSlice:
    """Clicks on a slice of an image of `shape` (k, j, i). Raises InputRefused."""
    layer, index = preparing(said, shape)
    clicks = tuple(_at(one, shape) for one in _list(said.get("clicks"), MOST_CLICKS))
    if not clicks:
        raise _refused("A correction needs a click.", "none.")
    count = _within(said.get("count"), MOST_CLICKS + 1, "number of clicks")
    return OnSlice(layer, index, run_lengths.decoded(said.get("mask"), shape[1:]), clicks, max(count, len(clicks)))


def carrying(said: Mapping[str, Any], shape: Index3) -> Carrying:
    """A corrected slice and where to carry it. Raises InputRefused."""
    on = on_slice(said, shape)
    first, last = (_within(said.get(name), shape[0], "slice") for name in ("first", "last"))
    if not first <= on.index <= last:
        raise _refused("Slices to carry clicks to must lie around the corrected one.", "others.")
    if last - first > MOST_CARRIED:
        raise _refused(f"Clicks are carried to {MOST_CARRIED} slices at most.", f"{last - first}.")
    return Carrying(on, first, last, _slices(said.get("slices", {}), shape))


def saving(said: Mapping[str, Any], shape: Index3) -> Saving:
    """What is to be kept. Raises InputRefused, also where nothing was clicked."""
    slices = _slices(said.get("slices"), shape)
    clicks = tuple(_noted(one, shape) for one in _list(said.get("clicks"), MOST_CLICKS))
    if not clicks or not slices:
        raise _refused("A correction needs a click, and a slice that it changed.", "none.")
    seconds = said.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= MOST_SECONDS:
        raise _refused("A correction says how many seconds it took.", "another value.")
    return Saving(layer_of(said), slices, clicks, float(seconds))


def _slices(said: object, shape: Index3) -> dict[int, Mask]:
    if not isinstance(said, dict) or len(said) > shape[0]:
        raise _refused("Slices come by their number.", "something else.")
    try:
        numbers = {int(name): lengths for name, lengths in said.items()}
    except (TypeError, ValueError):
        raise _refused("Slices come by their number.", "another name.") from None
    return {
        _within(number, shape[0], "slice"): run_lengths.decoded(lengths, shape[1:])
        for number, lengths in numbers.items()
    }


def _at(said: object, shape: Index3) -> At:
    row, column, positive = _list(said, 3, 3)
    return At(*_place(row, column, shape), _yes_or_no(positive))


def _noted(said: object, shape: Index3) -> Noted:
    index, row, column, positive, changed = _list(said, 5, 5)
    place = _place(row, column, shape)
    most = shape[0] * shape[1] * shape[2] + 1
    return Noted(
        _within(index, shape[0], "slice"), *place, _yes_or_no(positive), _within(changed, most, "count of voxels")
    )


def _place(row: object, column: object, shape: Index3) -> tuple[int, int]:
    """Where a click hit, rounded to a voxel."""
    return _within(_rounded(row), shape[1], "row"), _within(_rounded(column), shape[2], "column")


def _rounded(value: object) -> object:
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def _yes_or_no(value: object) -> bool:
    if value not in (True, False):
        raise _refused("A click is positive or negative.", "something else.")
    return bool(value)


def _list(said: object, most: int, least: int = 0) -> list[Any]:
    if not isinstance(said, list) or not least <= len(said) <= most:
        raise _refused(f"A list must have {least} to {most} entries.", "another one.")
    return said


def _within(value: object, size: int, what: str) -> int:
    number = _whole(value, what)
    if not 0 <= number < size:
        raise _refused(f"A {what} must lie in the image.", "one beyond it.")
    return number


def _whole(value: object, what: str) -> int:
    if type(value) is not int:
        raise _refused(f"A {what} is a whole number.", "something else.")
    return value


def _refused(must: str, found: str) -> InputRefused:
    return InputRefused(must, found, "Reload the page.")

"""A robot that corrects one slice by clicks until it is nearly right, by one of several ways of taking a click over.

It clicks where a person would (`simulated_clicks`), a little off the middle, up to MOST_CLICKS times. Measured after
FocalClick (arXiv:2204.02574) and Clore (arXiv:2603.27625).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.drawings import dice
from services.segmentation.promptable.correcting import (
    GLOBAL_CLICKS,
    against,
    correct,
    outlined,
    place,
)
from services.segmentation.promptable.correction_views import around_piece, around_vessel
from services.segmentation.promptable.simulated_clicks import next_click
from services.segmentation.promptable.wrong_pieces import nearest_piece, piece_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.click_network import ClickModel
    from services.segmentation.promptable.prompts import Click

    Mask = NDArray[np.bool_]

MOST_CLICKS = 20
JITTER_VOXELS = (2.0, 4.0)
ENOUGH = 0.97
"""Dice at which the robot is content and clicks no more; the curve stays there."""
SEED = 20_261_125


@dataclass(frozen=True)
class Arm:
    """A way of taking clicks over."""

    name: str
    global_clicks: int
    """So many first clicks outline all around the vessel anew."""
    whole_box: bool = False
    """Later clicks paste the closer look whole into its square, as FocalClick does, and not one connected piece."""


ARMS = (
    Arm("global only", MOST_CLICKS),
    Arm("box merge", GLOBAL_CLICKS, whole_box=True),
    Arm("piece merge", GLOBAL_CLICKS),
    Arm("piece merge after 3", 3),
    Arm("piece merge after 1", 1),
    Arm("piece merge from the first", 0),
)
OURS = ARMS[2]


class Slice(NamedTuple):
    """What is corrected: a slice of a scan, and what is right on it."""

    scan: str
    """Which scan, by the name of its plan."""
    person: int
    slice_index: int
    hounsfield: NDArray[np.int16]
    spacing_mm: tuple[float, float]
    wanted: Mask


@dataclass(frozen=True)
class Clicked:
    """One correction, click by click."""

    dice: tuple[float, ...]
    """Before the first click, and after each."""
    changed: tuple[int, ...]
    """Voxels that each click turned over."""
    collateral: tuple[int, ...]
    """Of these, those that do not belong to the connected piece that holds the click."""
    spoilt: tuple[int, ...]
    """Of these, those that had been right."""
    milliseconds: tuple[float, ...]

    def clicks_to(self, target: float) -> int:
        """Clicks until Dice reaches a target, NoC; MOST_CLICKS where it never does. 0 where it begins there."""
        return next((number for number, value in enumerate(self.dice) if value >= target), MOST_CLICKS)

    def fails(self, target: float) -> bool:
        """Whether Dice never reaches a target, NoF."""
        return max(self.dice) < target

    def after(self, clicks: int) -> float:
        """Dice after so many clicks; that of the last one where the robot had stopped."""
        return self.dice[min(clicks, len(self.dice) - 1)]


def click_through(one: Slice, start: Mask, arm: Arm, model: ClickModel, seed: int = SEED) -> Clicked:
    """Correct a slice from a mask. The same slice, mask and seed begin with the same chance in every arm."""
    rng = np.random.default_rng([seed, one.slice_index, _number(one.scan)])
    mask: Mask = start
    clicks: tuple[Click, ...] = ()
    found: list[tuple[float, int, int, int, float]] = []
    first = _dice(mask, one.wanted)
    for count in range(1, MOST_CLICKS + 1):
        click = next_click(mask, one.wanted, rng, JITTER_VOXELS)
        if click is None or (found[-1][0] if found else first) >= ENOUGH:
            break
        clicks = (*clicks, click)
        begun = time.perf_counter()
        after = _after(one, mask, clicks, count, arm, model)
        taken = (time.perf_counter() - begun) * 1000
        found.append((_dice(after, one.wanted), *_altered(mask, after, one.wanted, click), taken))
        mask = after
    scores, changed, collateral, spoilt, taken_ms = zip(*found, strict=True) if found else ((),) * 5
    return Clicked((first, *scores), changed, collateral, spoilt, taken_ms)


def _after(one: Slice, mask: Mask, clicks: tuple[Click, ...], count: int, arm: Arm, model: ClickModel) -> Mask:
    if arm.whole_box and count > arm.global_clicks:
        return pasted(one.hounsfield, one.spacing_mm, mask, clicks, model)
    given = {"count": count, "global_clicks": arm.global_clicks}
    return correct(one.hounsfield, one.spacing_mm, mask, clicks, model=model, **given).mask


def pasted(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float],
    mask: Mask,
    clicks: tuple[Click, ...],
    model: ClickModel,
) -> Mask:
    """The mask with the closer look at what is wrong pasted whole into its square (FocalClick, arXiv:2204.02574).

    The square is the one that `correct` looks at: the two ways differ in the merging alone.
    """
    newest = clicks[-1]
    answer = outlined(hounsfield, mask, clicks, around_vessel(mask, clicks, spacing_mm, model.side), model)
    wrong = nearest_piece(against(answer, mask, positive=newest.positive), place(newest), spacing_mm)
    closer = around_piece(wrong, newest, spacing_mm, model.side)
    return outlined(hounsfield, mask, clicks, closer, model)


def _altered(before: Mask, after: Mask, wanted: Mask, click: Click) -> tuple[int, int, int]:
    """Voxels that a click turned over; of these, those apart from the piece that holds it; those that were right."""
    change = before ^ after
    apart = change & ~piece_at(change, *place(click))
    return int(change.sum()), int(apart.sum()), int((change & (before == wanted)).sum())


def _dice(mask: Mask, wanted: Mask) -> float:
    value = dice(mask, wanted)
    return 1.0 if value is None else value


def _number(name: str) -> int:
    """A number of a scan's name that is the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")

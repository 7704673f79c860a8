"""Flags: what in a case's masks asks for a second look, where, and in which words. Rules of our own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from db.records import Index3, NewFlag
from db.vocabulary import AuthorKind, FlagReason
from services.drawings import Drawing, Grid, dice, pairs_with_a_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

FRAGMENT_ML = 0.5
"""A second piece of an outer wall at least this large is a fragment and not a stray voxel."""
LOW_DICE = 0.85
"""Below this overlap with another author a model's outer wall asks for a second look."""
VERY_LOW_DICE = 0.7
CM2 = "cm\N{SUPERSCRIPT TWO}"


def flags_of(drawings: Sequence[Drawing], grid: Grid) -> list[NewFlag]:
    """Everything that asks for a second look, most severe first."""
    flags = [*_mask_flags(drawings, grid), *_disagreements(drawings, grid)]
    return sorted(flags, key=lambda flag: -flag.severity)


def _mask_flags(drawings: Sequence[Drawing], grid: Grid) -> Iterator[NewFlag]:
    for drawing in drawings:
        if drawing.kind is not AuthorKind.MODEL:
            continue
        if not drawing.wall.any():
            yield NewFlag(FlagReason.EMPTY_MASK, 3, f"{drawing.author} marks no aorta at all.")
            continue
        yield from _fragments(drawing, grid)
        yield from _edge(drawing, grid)
        yield from _gap(drawing, grid)


def _fragments(drawing: Drawing, grid: Grid) -> Iterator[NewFlag]:
    pieces = cc3d.connected_components(drawing.wall, connectivity=26)
    sizes = np.bincount(pieces.ravel())[1:]
    order = np.argsort(sizes)[::-1]
    large = [int(index) for index in order[1:] if sizes[index] * grid.voxel_ml >= FRAGMENT_ML]
    if large:
        place, slices = _place(pieces == large[0] + 1, grid)
        size = sizes[large[0]] * grid.voxel_ml
        count = f"{len(large) + 1} separate pieces"
        text = f"{drawing.author} marks {count}; the second largest has {size:.1f} mL in {said_slices(slices)}."
        yield NewFlag(FlagReason.FRAGMENTS, 2, text, place, slices)


def _edge(drawing: Drawing, grid: Grid) -> Iterator[NewFlag]:
    """Touching the first or last slice is how an aorta leaves a scan; touching a side is a cut."""
    touching = np.zeros_like(drawing.wall)
    for axis in (1, 2):
        for end in (0, grid.shape[axis] - 1):
            inside = end - grid.box.origin[axis]
            if 0 <= inside < grid.box.shape[axis]:
                index = [slice(None)] * 3
                index[axis] = slice(inside, inside + 1)
                touching[tuple(index)] = drawing.wall[tuple(index)]
    if touching.any():
        place, slices = _place(touching, grid)
        text = f"{drawing.author}'s outer wall is cut off at the side of the image in {said_slices(slices)}."
        yield NewFlag(FlagReason.CUT_AT_EDGE, 2, text, place, slices)


def _gap(drawing: Drawing, grid: Grid) -> Iterator[NewFlag]:
    marked = np.flatnonzero(drawing.wall.any(axis=(1, 2)))
    missing = np.setdiff1d(np.arange(marked[0], marked[-1]), marked)
    if missing.size:
        before = int(marked[marked < missing[0]][-1])
        place, _ = _place(drawing.wall[before : before + 1], grid, first=before)
        slices = (int(missing[0]) + grid.box.origin[0], int(missing[-1]) + grid.box.origin[0])
        text = f"{drawing.author} leaves out {missing.size} slices within the aorta, in {said_slices(slices)}."
        yield NewFlag(FlagReason.GAP, 2, text, (slices[0], place[1], place[2]), slices)


def _disagreements(drawings: Sequence[Drawing], grid: Grid) -> Iterator[NewFlag]:
    """One flag for each model that overlaps too little with somebody; it leads to the pair that is furthest apart.

    Of two models that differ, the one that also differs from more of the others is the one that is flagged.
    """
    low = [
        (first, second, value)
        for first, second in pairs_with_a_model(drawings)
        if (value := dice(first.wall, second.wall)) is not None and value < LOW_DICE
    ]
    often = Counter(author for first, second, _ in low for author in (first.author, second.author))
    odd: dict[str, list[tuple[Drawing, Drawing, float]]] = {}
    for first, second, value in low:
        swap = second.kind is AuthorKind.MODEL and often[second.author] > often[first.author]
        model, other = (second, first) if swap else (first, second)
        odd.setdefault(model.author, []).append((model, other, value))
    for pairs in odd.values():
        yield _disagreement_flag(sorted(pairs, key=lambda pair: pair[2]), grid)


def _disagreement_flag(pairs: Sequence[tuple[Drawing, Drawing, float]], grid: Grid) -> NewFlag:
    """`pairs`: one model with everybody whom it overlaps too little with, the least overlap first."""
    model, other, value = pairs[0]
    apart = model.wall ^ other.wall
    areas = apart.sum(axis=(1, 2)) * grid.pixel_cm2
    worst = int(areas.argmax())
    slices = _around(areas, worst, grid)
    place, _ = _place(apart[worst : worst + 1], grid, first=worst)
    further = f" It differs from {', '.join(author.author for _, author, _ in pairs[1:])} too." if pairs[1:] else ""
    text = (
        f"{model.author} and {other.author} differ most in {said_slices(slices)}: {areas[worst]:.1f} {CM2}"
        f" of outer wall on slice {place[0] + 1} (Dice {value:.2f} over the whole scan).{further}"
    )
    return NewFlag(FlagReason.DISAGREEMENT, 3 if value < VERY_LOW_DICE else 2, text, place, slices)


def _around(areas: NDArray[np.float64], worst: int, grid: Grid) -> tuple[int, int]:
    """The run of slices around the worst one where the difference is at least half as large."""
    large = areas >= areas[worst] / 2
    first = last = worst
    while first > 0 and large[first - 1]:
        first -= 1
    while last + 1 < len(areas) and large[last + 1]:
        last += 1
    return first + grid.box.origin[0], last + grid.box.origin[0]


def _place(mask: NDArray[np.bool_], grid: Grid, *, first: int = 0) -> tuple[Index3, tuple[int, int]]:
    """See `place_in`; the mask begins at slice `first` of the grid's box."""
    k, j, i = grid.box.origin
    return place_in(mask, (k + first, j, i))


def place_in(mask: NDArray[np.bool_], origin: Index3) -> tuple[Index3, tuple[int, int]]:
    """The voxel of a mask nearest to its centre, and its first and last slice, in the whole image. Never empty."""
    voxels = np.argwhere(mask)
    centre = voxels.mean(axis=0)
    k, j, i = (int(value) for value in voxels[np.abs(voxels - centre).sum(axis=1).argmin()])
    start, end = int(voxels[0, 0]) + origin[0], int(voxels[-1, 0]) + origin[0]
    return (k + origin[0], j + origin[1], i + origin[2]), (start, end)


def said_slices(slices: tuple[int, int]) -> str:
    """'slice 5' or 'slices 5 to 9', counted from 1."""
    return f"slice {slices[0] + 1}" if slices[0] == slices[1] else f"slices {slices[0] + 1} to {slices[1] + 1}"

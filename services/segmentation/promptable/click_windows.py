"""What the network behind corrections learns from: squares of generated scans, and wrong masks on them.

Squares come from the training scans through the same random looks as those of the shipped models (`randomisation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
from scipy import ndimage

from services.phantom.structures import INSIDE_THE_WALL, Structure
from services.segmentation.promptable.click_network import SIDE
from services.segmentation.promptable.wrong_pieces import largest_piece
from services.segmentation.randomisation import AIR, Looks, draw_window
from services.segmentation.recipes import GRID_MM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.training_set import Scanned

Kind = TypeVar("Kind", bound=np.generic)
PIXELS_MM = (0.5, 1.9)
"""Smallest and largest pixel of a square."""
SLICES = 3
"""So many are drawn, of which the middle one is kept: blur and thick slices need neighbours."""
WIDE_HU = (AIR, 1500.0)
OTHERS = (
    Structure.INFERIOR_VENA_CAVA, Structure.KIDNEYS, Structure.VERTEBRA, Structure.ILIAC_ARTERIES, Structure.SPLEEN,
    Structure.HEART, Structure.BOWEL,
)  # fmt: skip
OTHER_SHARE = 0.25
"""Of samples whose target is a piece of one of OTHERS, so that clicks say what is wanted and not the network."""
EMPTY_SHARE = 0.4
"""Of samples that begin without a mask; the others begin with a wrong one."""
FURTHEST_WRONG_MM = 14.0
FEWEST_PIXELS = 30


class Squares(NamedTuple):
    """Squares that were drawn, all of SIDE pixels."""

    hounsfield: NDArray[np.int16]
    """(square, row, column)."""
    structures: NDArray[np.uint8]
    """(square, row, column), values of `Structure`."""
    pixels_mm: NDArray[np.float32]
    """(square)."""


class Sample(NamedTuple):
    """One square with what is wanted on it, and a mask to begin from."""

    hounsfield: NDArray[np.float32]
    wanted: NDArray[np.bool_]
    mask: NDArray[np.bool_]


def draw_squares(scans: Sequence[Scanned], seed: int, count: int, *, progress: Tell) -> Squares:
    """So many squares around the aorta of scans that are taken in turn."""
    drawn = []
    for number in range(count):
        drawn.append(_square(scans[number % len(scans)], np.random.default_rng([seed, number])))
        progress("squares drawn", number + 1, count)
    hounsfield, structures, pixels = zip(*drawn, strict=True)
    return Squares(np.stack(hounsfield), np.stack(structures), np.array(pixels, np.float32))


def kept_squares(path: Path, scans: Sequence[Scanned], seed: int, count: int, *, progress: Tell) -> Squares:
    """As `draw_squares`, from a file that is written the first time."""
    if not path.exists():
        draft = path.with_suffix(".unfinished.npz")
        np.savez(draft, **draw_squares(scans, seed, count, progress=progress)._asdict())
        draft.rename(path)
    with np.load(path) as kept:
        return Squares(**{name: kept[name] for name in Squares._fields})


def draw_sample(squares: Squares, rng: np.random.Generator) -> Sample:
    """One square, turned and mirrored by chance, with its target and the mask that a correction begins from."""
    number = int(rng.integers(len(squares.pixels_mm)))
    turned, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    hounsfield, structures = (
        _placed(array[number], turned, mirrored=mirrored) for array in (squares.hounsfield, squares.structures)
    )
    pixel_mm = float(squares.pixels_mm[number])
    wanted = _wanted(structures, pixel_mm, rng)
    empty = rng.random() < EMPTY_SHARE
    mask = np.zeros_like(wanted) if empty else wrong_mask(wanted, pixel_mm, rng)
    return Sample(hounsfield.astype(np.float32), wanted, mask)


def wrong_mask(wanted: NDArray[np.bool_], pixel_mm: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A mask as a model might draw it: its edge moved by a smooth random field, a bite taken or a lump added."""
    outside, inside = ndimage.distance_transform_edt(~wanted), ndimage.distance_transform_edt(wanted)
    field = ndimage.zoom(rng.standard_normal((5, 5)), np.array(wanted.shape) / 5, order=3, mode="nearest")
    moved = field * rng.uniform(0, FURTHEST_WRONG_MM / 2) + rng.normal(0, 1.5)
    mask: NDArray[np.bool_] = (outside - inside) * pixel_mm < moved
    if rng.random() < 0.5:
        edge = np.argwhere((outside + inside) * pixel_mm < 0.4 * FURTHEST_WRONG_MM)
        if len(edge):
            middle = edge[rng.integers(len(edge))]
            far = np.hypot(*(np.indices(wanted.shape) - middle[:, None, None])) * pixel_mm
            lump = far < rng.uniform(2, FURTHEST_WRONG_MM)
            mask = mask | lump if rng.random() < 0.5 else mask & ~lump
    return mask


def _square(scan: Scanned, rng: np.random.Generator) -> tuple[NDArray[np.int16], NDArray[np.uint8], float]:
    inside = np.flatnonzero(np.isin(scan.labels[::4, ::2, ::2], INSIDE_THE_WALL))
    chosen = np.unravel_index(int(inside[rng.integers(len(inside))]), scan.labels[::4, ::2, ::2].shape)
    pixel_mm = float(np.exp(rng.uniform(*np.log(PIXELS_MM))))
    off = np.array([0, *rng.normal(0, 0.12 * SIDE * pixel_mm / GRID_MM, 2)])
    centre = np.array(chosen) * (4, 2, 2) + off
    drawn = draw_window(
        scan,
        rng,
        centre=[float(value) for value in centre],
        patch=(SLICES, SIDE, SIDE),
        step=pixel_mm / GRID_MM,
        spacing_mm=GRID_MM,
        window_hu=WIDE_HU,
        looks=Looks(),
    )
    low, high = WIDE_HU
    middle = SLICES // 2
    hounsfield = (drawn.image[middle] * (high - low) + low).round().to(torch.int16).numpy()
    return hounsfield, drawn.structures[middle].to(torch.uint8).numpy(), pixel_mm


def _placed(array: NDArray[Kind], turned: int, *, mirrored: bool) -> NDArray[Kind]:
    placed = np.rot90(array, turned)
    return np.ascontiguousarray(placed[:, ::-1] if mirrored else placed)


def _wanted(structures: NDArray[np.uint8], pixel_mm: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The largest piece of the aorta, or now and then of something else; its edge not as coarse as the scan's grid."""
    chosen: Sequence[Structure] = INSIDE_THE_WALL
    if rng.random() < OTHER_SHARE:
        there = [one for one in OTHERS if np.count_nonzero(structures == one) >= FEWEST_PIXELS]
        chosen = (there[int(rng.integers(len(there)))],) if there else INSIDE_THE_WALL
    whole = np.isin(structures, chosen)
    smooth = ndimage.gaussian_filter(whole.astype(np.float32), 0.5 * GRID_MM / pixel_mm) > 0.5
    piece = largest_piece(smooth)
    return smooth if piece is None else piece

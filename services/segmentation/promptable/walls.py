"""The outer wall of an aneurysm, where a model saw the lumen alone: thrombus is looked for around it.

A box around the lumen of a sac is answered with the lumen, however good the answer; one around the wall is answered
with the wall. So where tissue darker than the outline lies beside it, larger boxes are asked, as large as that tissue
reaches. An answer is the wall where all that it adds is such tissue. Our own design (docs/methods.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.segmentation.promptable import shapes
from services.segmentation.promptable.boxes import box_of
from services.segmentation.promptable.edges import BEYOND_MM
from services.segmentation.promptable.plausible import radius_mm
from services.segmentation.promptable.prompts import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from services.segmentation.promptable.asking import Seen

    Mask = NDArray[np.bool_]
    Hounsfield = NDArray[np.float32]
    Spacing = tuple[float, float]

FLUID_HU, BRIGHTEST_HU = -20.0, 120.0
"""Thrombus is brighter than fat, and darker than a vein with contrast agent."""
LUMEN_PART, DARKER_HU = 50, 25.0
"""It is darker by so much than what this percentage of the outline lies below; one of more thrombus is believed."""
BLOOD_PART, MUCH_DARKER_HU, THROMBUS_PART = 90, 80.0, 0.2
"""Blood is what a tenth of a sac is brighter than; it holds thrombus where so large a part is so much darker."""
EDGE_MM, THICK_MM = 1.6, 4.0
"""Tissue nearer to an outline than the first is its blurred edge; less than the second on every side is no thrombus."""
REACHES_MM, MARGIN_MM = (8.0, 16.0, 32.0), 3.0
"""How far the boxes that are asked follow the tissue at most, and what lies between them and the wall."""
QUALITY, LESS = 0.88, 0.06
"""The model must think well of its answer: this well, and at most so much less than of the lumen."""
HOLDS, LIKE, OPEN, ROUND = 0.9, 0.7, 0.55, 0.7
"""Parts: of the lumen inside the wall; of what is new that is thrombus-like; of what lies just outside that looks the
same; of the wall's area that its largest circle fills."""
MORE, WIDEST_MM, AGAIN_IOU = 1.25, 55.0, 0.85
"""How much larger than the outline a wall is at least; the radius of the largest sac. Asked with its own box, the wall
must be found again."""


class Walled(NamedTuple):
    """A wall around a lumen."""

    seen: Seen
    mask: Mask


def around(
    seen: Seen, mask: Mask, smooth: Hounsfield, spacing_mm: Spacing, ask: Callable[[Box], tuple[Seen, Mask | None]]
) -> Walled | None:
    """The wall around an outline (rows, columns) that may be a lumen; None where it has none that is thicker.

    Args:
        seen: the answer that the outline is of.
        mask: the outline, not empty.
        smooth: HU of the slice without its noise.
        spacing_mm: of rows and columns.
        ask: what the model sees in a box of this slice, and the part of it that goes on from the outline.
    """
    tissue = like_thrombus(mask, smooth)
    least = max(QUALITY, seen.quality - LESS)
    for box in _boxes(mask, tissue, spacing_mm):
        more, larger = ask(box)
        if larger is None or more.quality < least or not _is_wall(mask, larger, tissue, spacing_mm):
            continue
        again, same = ask(_with_margin(box_of(larger), (MARGIN_MM,) * 4, spacing_mm))
        if same is not None and shapes.agree(larger, same, AGAIN_IOU):
            return Walled(again, same)
    return None


def like_thrombus(mask: Mask, smooth: Hounsfield) -> Mask:
    """Voxels of a slice that could be thrombus beside a lumen; hardly any where the outline holds thrombus already."""
    blood = float(np.percentile(smooth[mask], LUMEN_PART))
    dark: Mask = (smooth > FLUID_HU) & (smooth < min(blood - DARKER_HU, BRIGHTEST_HU))
    return dark


def holds_thrombus(mask: Mask, smooth: Hounsfield) -> bool:
    """Whether an outline that is not empty holds blood and thrombus: what is bright beyond it is not its blood."""
    blood = float(np.percentile(smooth[mask], BLOOD_PART))
    dark = mask & (smooth > FLUID_HU) & (smooth < min(blood - MUCH_DARKER_HU, BRIGHTEST_HU))
    return shapes.share(mask, shapes.opened(dark)) > THROMBUS_PART


def reaches_mm(mask: Mask, tissue: Mask, spacing_mm: Spacing) -> tuple[float, float, float, float]:
    """How far tissue reaches from an outline to the first row, first column, last row and last column of a slice.

    Along the lines that cross the middle half of the outline's box, beginning at its edge: their median.
    """
    first, second = (_ways(*turned) for turned in ((mask, tissue, spacing_mm), (mask.T, tissue.T, spacing_mm[::-1])))
    return first[0], second[0], first[1], second[1]


def _ways(mask: Mask, tissue: Mask, spacing_mm: Spacing) -> tuple[float, float]:
    """Towards the first and the last row."""
    _, left, _, right = (int(edge) for edge in box_of(mask))
    quarter = (right - left) // 4
    lines = np.arange(left + quarter, right - quarter + 1)
    up = [_run(tissue[:row, line][::-1], spacing_mm[0]) for line, row in zip(lines, _tops(mask, lines), strict=True)]
    last = len(mask) - 1 - _tops(mask[::-1], lines)
    down = [_run(tissue[row + 1 :, line], spacing_mm[0]) for line, row in zip(lines, last, strict=True)]
    return float(np.median(up)), float(np.median(down))


def _tops(mask: Mask, lines: NDArray[np.intp]) -> NDArray[np.intp]:
    rows: NDArray[np.intp] = mask[:, lines].argmax(axis=0)
    return rows


def _run(onwards: Mask, mm: float) -> float:
    """Length of the tissue that begins at the edge of an outline or just beyond it."""
    skipped = onwards[int(np.ceil(EDGE_MM / mm)) :]
    length = len(skipped) if skipped.all() else int(skipped.argmin())
    return (length + int(np.ceil(EDGE_MM / mm))) * mm if length else 0.0


def _boxes(mask: Mask, tissue: Mask, spacing_mm: Spacing) -> Iterator[Box]:
    """Ever larger boxes around an outline and the tissue beside it; none where there is too little."""
    reaches = reaches_mm(mask, tissue, spacing_mm)
    if max(reaches) < THICK_MM:
        return
    asked = {tuple(min(reach, most) + MARGIN_MM for reach in reaches): None for most in REACHES_MM}
    yield from (_with_margin(box_of(mask), by, spacing_mm) for by in asked)


def _with_margin(box: Box, by_mm: tuple[float, ...], spacing_mm: Spacing) -> Box:
    """The box with every side moved outwards."""
    outwards = np.array([-1, -1, 1, 1]) * by_mm / np.array([*spacing_mm, *spacing_mm])
    return Box(*(float(edge) for edge in np.array(box) + outwards))


def _is_wall(lumen: Mask, wall: Mask, tissue: Mask, spacing_mm: Spacing) -> bool:
    """Whether an outline adds thrombus to a lumen, and nothing else."""
    new = wall & ~shapes.dilated(lumen, EDGE_MM, spacing_mm)
    if shapes.share(lumen, wall) < HOLDS or wall.sum() < MORE * lumen.sum() or shapes.is_oblong(wall, spacing_mm):
        return False
    radius = radius_mm(wall, spacing_mm)
    area = float(wall.sum()) * spacing_mm[0] * spacing_mm[1]
    ring = shapes.dilated(wall, BEYOND_MM, spacing_mm) & ~shapes.dilated(wall, EDGE_MM, spacing_mm)
    bounded = shapes.share(ring, tissue) < OPEN
    return bool(
        shapes.share(new, tissue) > LIKE and bounded and radius < WIDEST_MM and np.pi * radius**2 > ROUND * area
    )

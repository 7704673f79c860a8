"""How well one click, or an example from ten slices away, outlines the aorta of one slice of the real CTA.

What a point prompt gives by itself stands beside it. Agreement with software labels, not accuracy.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.drawings import dice
from services.segmentation.promptable import clicking, exemplar
from services.segmentation.promptable.embeddings import Embedded
from services.segmentation.promptable.frames import whole
from services.segmentation.promptable.prompts import Click, Exemplar, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from services.evaluation.real_scan import RealScan
    from services.imaging.progress import Tell
    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Promptable

SLICES = tuple(range(10, 151, 10))
CLICKS = 3
"""On each slice: the middle of the larger part of the aorta, and beside it by chance."""
SPREAD = 0.3
"""Standard deviation of that chance, in radii of a circle of the part's area."""
AWAY = 10
"""Slices between an example and where it is looked for."""
OUTSIDE = -9.0
POINT, CLICK, EXAMPLE = "one click as a point prompt", "one click as a box", "an example ten slices away"


@dataclass(frozen=True)
class Row:
    """One answer."""

    arm: str
    slice_index: int
    dice: float | None
    agreement: float | None = None
    """See `clicking.Settled`; None where there is none."""


def measure(model: Promptable, scan: RealScan, windows: Sequence[tuple[float, float]], tell: Tell) -> list[Row]:
    """Every arm on every slice; about a second a slice to encode, on two cores."""
    spacing = [float(np.linalg.norm(scan.affine[:3, axis])) for axis in range(3)]
    frame = whole(scan.hounsfield.shape[1:], (spacing[1], spacing[2]), model.side)
    looked = _Looked(Embedded(model, scan.hounsfield, windows), frame, scan.aorta)
    rows: list[Row] = []
    for number, index in enumerate(SLICES):
        tell("slices prompted", number, len(SLICES))
        rows += looked.clicked(index)
        rows += looked.shown(index)
    tell("slices prompted", len(SLICES), len(SLICES))
    return rows


def summary(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Of each arm: how many answers, median and worst Dice, share below 0.7."""
    lines: list[dict[str, object]] = []
    for arm in dict.fromkeys(row.arm for row in rows):
        values = np.array([row.dice or 0.0 for row in rows if row.arm == arm])
        low = float((values < 0.7).mean())
        figures = {"median": float(np.median(values)), "worst": float(values.min()), "below_0.7": low}
        lines.append({"arm": arm, "n": len(values)} | {name: round(value, 4) for name, value in figures.items()})
    return lines


def parameters() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "slices": list(SLICES),
        "clicks": CLICKS,
        "spread": SPREAD,
        "away": AWAY,
        "clicking": clicking.VERSION,
        "exemplar": exemplar.VERSION,
        "sizes_mm": list(clicking.SIZES_MM),
        "seeds": "(slice, click)",
    }


def as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows as JSON keeps them."""
    return [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
        for row in rows
    ]


@dataclass(frozen=True)
class _Looked:
    """One volume, its reference, and the frame of its axial slices."""

    embedded: Embedded
    frame: Frame
    aorta: NDArray[np.bool_]

    def clicked(self, index: int) -> Iterator[Row]:
        embedding, part = self.embedded.embedding(0, index, self.frame), _larger_part(self.aorta[index])
        for number in range(CLICKS):
            click = self.frame.click(_click(part, index, number))
            point = self.embedded.model.answer(embedding, Prompt(clicks=(click,)))
            yield Row(POINT, index, self._dice(point.logits, part))
            settled = clicking.box_from_click(self.embedded.model, embedding, click, self.frame.pixel_mm)
            yield self._row(CLICK, index, settled, [part])

    def shown(self, index: int) -> Iterator[Row]:
        """The slices AWAY from it, which have the aorta in one part or two: the part that fits better counts."""
        mask = self.frame.on_picture(_larger_part(self.aorta[index]).astype(np.float32)) > 0.5
        example = Exemplar(self.embedded.embedding(0, index, self.frame), mask)
        for there in (index - AWAY, index + AWAY):
            if 0 <= there < len(self.aorta) and self.aorta[there].any():
                embedding = self.embedded.embedding(0, there, self.frame)
                pixel_mm = self.frame.pixel_mm
                settled = exemplar.box_from_exemplar(self.embedded.model, embedding, example, pixel_mm)
                yield self._row(EXAMPLE, there, settled, _parts(self.aorta[there]))

    def _row(self, arm: str, index: int, settled: clicking.Settled | None, parts: Sequence[NDArray[np.bool_]]) -> Row:
        if settled is None:
            return Row(arm, index, 0.0)
        best = max(self._dice(settled.answer.logits, part) or 0.0 for part in parts)
        return Row(arm, index, best, settled.agreement)

    def _dice(self, logits: NDArray[np.float32], part: NDArray[np.bool_]) -> float | None:
        return dice(self.frame.on_slice(logits, OUTSIDE, self.aorta.shape[1:]) > 0, part)


def _parts(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    labels, count = ndimage.label(mask)
    return [labels == number for number in range(1, count + 1)]


def _larger_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return max(_parts(mask), key=lambda part: int(part.sum()))


def _click(part: NDArray[np.bool_], index: int, number: int) -> Click:
    """The middle of a part first, then places beside it that lie in the part."""
    middle, radius = np.array(ndimage.center_of_mass(part)), np.sqrt(part.sum() / np.pi)
    rng = np.random.default_rng([index, number])
    while True:
        place = middle + rng.normal(0, SPREAD * radius, 2) * (number > 0)
        row, column = np.rint(place).astype(int)
        if number == 0 or (0 <= row < part.shape[0] and 0 <= column < part.shape[1] and part[row, column]):
            return Click(float(place[0]), float(place[1]))

"""Which windows a slice should be shown through: one box each on slices of the real CTA, through every setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from services.drawings import dice
from services.segmentation.promptable.asking import OUTSIDE
from services.segmentation.promptable.boxes import box_of, widened
from services.segmentation.promptable.frames import whole
from services.segmentation.promptable.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from services.evaluation.one_box import Scene
    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Box, Promptable

SOFT, VESSELS, WIDE = (-160.0, 240.0), (-100.0, 500.0), (-500.0, 1000.0)
SETTINGS = {"soft tissue": (SOFT,), "vessels": (VESSELS,), "wide": (WIDE,), "three as channels": (SOFT, VESSELS, WIDE)}
TOGETHER = "mean logit of three"
"""Three encodings instead of one: the ensemble of the first three settings."""
MARGINS_MM = (0.0, 1.5, 3.0)
LEAST_VOXELS = 40


def table(scene: Scene, model: Promptable) -> list[dict[str, Any]]:
    """Dice of the slice for boxes around every part of the reference, by setting: median, mean and worst."""
    found: dict[str, list[float]] = {name: [] for name in (*SETTINGS, TOGETHER)}
    for index in scene.starts:
        for name, value in _on_slice(scene, index, model):
            found[name].append(value)
    return [
        {
            "windows": name,
            "boxes": len(values),
            "median": round(float(np.median(values)), 4),
            "mean": round(float(np.mean(values)), 4),
            "worst": round(min(values), 4),
        }
        for name, values in found.items()
    ]


def _on_slice(scene: Scene, index: int, model: Promptable) -> Iterator[tuple[str, float]]:
    row_mm, column_mm = (float(mm) for mm in np.linalg.norm(scene.affine[:3, 1:3], axis=0))
    slice_hu = scene.hounsfield[index]
    rows, columns = slice_hu.shape
    frame = whole((rows, columns), (row_mm, column_mm), model.side)
    seen = {name: model.embed(frame.picture(slice_hu, windows)) for name, windows in SETTINGS.items()}
    for part in _parts(scene.reference[index]):
        for margin in MARGINS_MM:
            box = widened(box_of(part), margin, (row_mm, column_mm), (True,) * 4)
            logits = {name: _asked(model, one, frame, box, part.shape) for name, one in seen.items()}
            logits[TOGETHER] = np.mean([logits[name] for name in list(SETTINGS)[:3]], axis=0)
            yield from ((name, dice(one > 0, part) or 0.0) for name, one in logits.items())


def _parts(reference: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    labels, count = ndimage.label(reference)
    parts = (labels == number for number in range(1, count + 1))
    yield from (part for part in parts if part.sum() >= LEAST_VOXELS)


def _asked(
    model: Promptable, embedding: NDArray[np.float16], frame: Frame, box: Box, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    rows, columns = shape
    logits = model.answer(embedding, Prompt(box=frame.box(box))).logits
    return frame.on_slice(logits, OUTSIDE, (rows, columns))

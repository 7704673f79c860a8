"""Does LiteMedSAM understand clicks and masks, and how far do clicks go that are put to it as boxes?

SECONDLOOK_REAL_DATA=... python -m scripts.clicks_as_boxes: a minute on one core. Writes
docs/results/clicks_as_boxes.json, which decision 20 quotes. The real CTA's labels are a program's: agreement.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.drawings import dice
from services.evaluation.real_scan import read_scan
from services.evaluation.robot import JITTER_VOXELS, SEED
from services.segmentation.promptable.frames import whole
from services.segmentation.promptable.lite_medsam import LiteMedSam
from services.segmentation.promptable.prompts import Box, Prompt
from services.segmentation.promptable.simulated_clicks import next_click
from services.segmentation.promptable.wrong_pieces import largest_piece

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Click

    Mask = NDArray[np.bool_]

ROOT = Path(__file__).parents[1]
SLICES, CLICKS, SIDE = range(6, 150, 6), 8, 256
WINDOW_HU = (-160.0, 240.0)
ALIKE_HU, FARTHEST_MM, MARGIN, ROOM = 50.0, 45.0, 1, 3
LOGIT = 8.0
SHIFT = 6
"""Pixels by which a mask prompt is moved, to see whether it is followed."""


def main() -> None:
    """Measure, print and keep."""
    scan = read_scan(Path(os.environ["SECONDLOOK_REAL_DATA"]))
    if scan is None:
        raise SystemExit("SECONDLOOK_REAL_DATA must hold cta_dissection.")
    model, rows = LiteMedSam(), []
    spacing_mm = float(np.linalg.norm(scan.affine[:3, 1])), float(np.linalg.norm(scan.affine[:3, 2]))
    for k in SLICES:
        wanted = largest_piece(scan.aorta[k])
        if wanted is not None:
            rows.append(_one(scan.hounsfield[k], spacing_mm, wanted, model, np.random.default_rng([SEED, k])))
    curves = {name: np.mean([row[name] for row in rows], axis=0).round(3).tolist() for name in rows[0]}
    means = {name: curve if len(curve) > 1 else curve[0] for name, curve in curves.items()}
    failing = float(np.mean([max(row["clicks as boxes"]) < 0.85 for row in rows]))
    kept = {
        "measured": datetime.now(UTC).date().isoformat(),
        "command": "python -m scripts.clicks_as_boxes",
        "model": model.identity,
        "slices": len(rows),
        "mean Dice": means,
        "share of slices that never reach 0.85": round(failing, 3),
    }
    (ROOT / "docs" / "results" / "clicks_as_boxes.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(kept, indent=1))


def _one(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float],
    wanted: Mask,
    model: LiteMedSam,
    rng: np.random.Generator,
) -> dict[str, list[float]]:
    """Dice by kind of prompt: one click, masks, a true box, both, and clicks that become boxes."""
    frame = whole((wanted.shape[0], wanted.shape[1]), spacing_mm, SIDE)
    embedding = model.embed(frame.picture(hounsfield, (WINDOW_HU,)))

    def answered(prompt: Prompt) -> Mask:
        return frame.on_slice(model.answer(embedding, prompt).logits, -LOGIT, frame.shape) > 0

    def scored(prompt: Prompt) -> list[float]:
        return [dice(answered(prompt), wanted) or 0.0]

    first = next_click(np.zeros_like(wanted), wanted, rng, JITTER_VOXELS)
    assert first is not None
    true = np.where(frame.on_picture(wanted.astype(np.float32)) > 0.5, LOGIT, -LOGIT).astype(np.float32)
    moved = np.roll(true, SHIFT, axis=1)
    box = frame.box(_box_of(wanted))
    found: dict[str, list[float]] = {
        "one click": scored(Prompt(clicks=(frame.click(first),))),
        "true mask": scored(Prompt(mask=true)),
        "true box": scored(Prompt(box=box)),
        "true box and mask": scored(Prompt(box=box, mask=true)),
        "true box, moved mask": scored(Prompt(box=box, mask=moved)),
    }
    curve, asked = [], _box_of(_grown(hounsfield, first, spacing_mm))
    for _ in range(CLICKS):
        mask = answered(Prompt(box=frame.box(asked)))
        curve.append(dice(mask, wanted) or 0.0)
        click = next_click(mask, wanted, rng, JITTER_VOXELS)
        asked = asked if click is None else _changed(asked, click)
    return found | {"clicks as boxes": curve}


def _grown(hounsfield: NDArray[np.int16], click: Click, spacing_mm: tuple[float, float]) -> Mask:
    """What is about as bright as the click, connected to it and near."""
    smooth = ndimage.gaussian_filter(hounsfield.astype(np.float32), 1)
    at = int(click.row), int(click.column)
    pieces, _ = ndimage.label(ndimage.binary_opening(np.abs(smooth - smooth[at]) < ALIKE_HU, iterations=2))
    down, across = np.indices(hounsfield.shape)
    far = np.hypot((down - at[0]) * spacing_mm[0], (across - at[1]) * spacing_mm[1])
    grown: Mask = (pieces == pieces[at]) & (far < FARTHEST_MM)
    return grown if pieces[at] else np.asarray(far < FARTHEST_MM / 4)


def _box_of(mask: Mask) -> Box:
    rows, columns = np.nonzero(mask)
    return Box(rows.min() - MARGIN, columns.min() - MARGIN, rows.max() + MARGIN, columns.max() + MARGIN)


def _changed(box: Box, click: Click) -> Box:
    """Stretched to hold a positive click; cut on the side that loses least for a negative one."""
    top, left, bottom, right = box
    row, column = click.row, click.column
    if click.positive:
        return Box(min(top, row - ROOM), min(left, column - ROOM), max(bottom, row + ROOM), max(right, column + ROOM))
    cuts = {
        row - top: Box(row + 1, left, bottom, right),
        column - left: Box(top, column + 1, bottom, right),
        bottom - row: Box(top, left, row - 1, right),
        right - column: Box(top, left, bottom, column - 1),
    }
    return cuts[min(cuts)]


if __name__ == "__main__":
    main()

"""Vessels as simple as can be, 1.5 mm voxels, and a model that sees what is bright in its box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable.prompts import Answer
from tests.services.segmentation.promptable.bright import BrightInside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Prompt

MM = 1.5
BLOOD, THROMBUS, AROUND = 300, 60, -60
COUNT, SIDE = 40, 64
BLOOD_SHOWN = 0.9
"""In the first window blood is brighter than this, and thrombus is not."""
AFFINE = np.array([[0, 0, MM, 0], [0, MM, 0, 0], [MM, 0, 0, 0], [0, 0, 0, 1.0]])
"""(k, j, i) to LPS: slices upwards, rows backwards, columns to the left."""


class SureOfItself(BrightInside):
    """The same with one quality for every answer that is not empty."""

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        logits, _ = super().answer(embedding, prompt)
        return Answer(logits, 0.9 if (logits > 0).any() else 0.0)


class LumenFirst(SureOfItself):
    """Sees blood alone in a box that cuts the wall, as LiteMedSAM does in a sac: what is darker only with a margin."""

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        logits, quality = super().answer(embedding, prompt)
        assert prompt.box is not None
        top, left, bottom, right = (round(edge) for edge in prompt.box)
        inside = np.zeros(logits.shape, bool)
        inside[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
        if ((logits > 0) & ~inside).any():
            logits = np.where(embedding[0] > BLOOD_SHOWN, logits, -8.0).astype(np.float32)
        return Answer(logits, quality)


def tube(radii: NDArray[np.float64], centre: tuple[float, float] = (32, 30)) -> NDArray[np.bool_]:
    """A vessel along k, radii in voxels slice by slice, (k, SIDE, SIDE)."""
    row, column = np.ogrid[:SIDE, :SIDE]
    apart = (row - centre[0]) ** 2 + (column - centre[1]) ** 2
    inside: NDArray[np.bool_] = apart[None] <= np.square(radii)[:, None, None]
    return inside


def straight(radius: float = 8.0) -> NDArray[np.bool_]:
    return tube(np.full(COUNT, radius))


def arch(radius: float = 6.0, bend: float = 13.0, top: float = 18.0) -> NDArray[np.bool_]:
    """Two limbs along k, `bend` voxels to both sides of the middle row, joined by half a ring above `top`."""
    k, j, i = np.mgrid[:COUNT, :SIDE, :SIDE].astype(float)
    sideways, up = j - SIDE / 2, k - top
    ring = np.abs(np.hypot(sideways, np.maximum(up, 0)) - bend)
    inside: NDArray[np.bool_] = np.hypot(np.where(up > 0, ring, np.abs(np.abs(sideways) - bend)), i - 30) <= radius
    return inside


def scan(vessel: NDArray[np.bool_], blood: int = BLOOD) -> NDArray[np.int16]:
    """HU, with a little noise of one seed."""
    noise = np.random.default_rng(1).normal(0, 5, vessel.shape)
    return (np.where(vessel, blood, AROUND) + noise).astype(np.int16)

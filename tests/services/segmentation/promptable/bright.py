"""A promptable model that anybody can follow: the bright pixels in a box, or connected with a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from services.segmentation.promptable.prompts import Answer, Prompt, require_a_say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BEYOND = 3
"""Pixels by which an answer may leave its box."""


class BrightInside:
    """Its embedding is the picture, and its quality how well the box fits the answer."""

    side = 64
    key = "Bright inside@1"

    def __init__(self, weights: str = "b" * 64) -> None:
        self.identity = {"model": self.key, "weights_sha256": [weights], "engine": "NumPy"}
        self.encoded = 0

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        self.encoded += 1
        return picture.astype(np.float16)

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        require_a_say(prompt)
        bright = embedding[0] > 0.5
        inside = np.zeros_like(bright)
        if prompt.box is not None:
            top, left, bottom, right = (round(edge) for edge in prompt.box)
            inside[max(top - BEYOND, 0) : bottom + BEYOND + 1, max(left - BEYOND, 0) : right + BEYOND + 1] = True
        for click in prompt.clicks:
            parts, _ = ndimage.label(bright)
            inside |= parts == parts[round(click.row), round(click.column)]
        mask = bright & inside
        logits = np.where(mask, 8.0, -8.0).astype(np.float32)
        return Answer(logits, _fit(mask, prompt))

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        return [self.answer(embedding, prompt) for prompt in prompts]


def _fit(mask: NDArray[np.bool_], prompt: Prompt) -> float:
    """1 where the answer does not reach over the box, less where it is cut or small in it."""
    if prompt.box is None or not mask.any():
        return 0.0
    top, left, bottom, right = (round(edge) for edge in prompt.box)
    box = np.zeros_like(mask)
    box[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
    return float((mask & box).sum() / (mask | box).sum())


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> NDArray[np.bool_]:
    row, column = np.ogrid[: shape[0], : shape[1]]
    inside: NDArray[np.bool_] = (row - centre[0]) ** 2 + (column - centre[1]) ** 2 <= radius**2
    return inside


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice."""
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))

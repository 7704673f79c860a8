"""Small things to prompt oneself with: random embeddings of 16 x 16 cells in which a disc can be seen."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from services.segmentation.promptable import package
from services.segmentation.promptable.self_prompt_set import Encoded
from services.segmentation.promptable.self_prompting import CELLS_TO_PIXELS, CHANNELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 16


@cache
def prompt_encoder() -> Any:
    """LiteMedSAM's own."""
    return package.network().prompt_encoder


def examples(count: int, seed: int = 0) -> Encoded:
    """Noise; within a disc, eight channels are higher. Every fourth has none."""
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(0, 0.1, (count, CHANNELS, CELLS, CELLS))
    walls = np.stack([disc(rng) if number % 4 else np.zeros((64, 64), bool) for number in range(count)])
    cells = walls[:, ::CELLS_TO_PIXELS, ::CELLS_TO_PIXELS]
    embeddings[:, :8] += 0.5 * cells[:, None]
    return Encoded(embeddings.astype(np.float16), walls.astype(np.uint8))


def disc(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Somewhere on 64 x 64 pixels."""
    row, column = np.mgrid[:64, :64]
    middle, radius = rng.uniform(20, 44, 2), rng.uniform(8, 14)
    inside: NDArray[np.bool_] = np.hypot(row - middle[0], column - middle[1]) < radius
    return inside

"""Engines whose answer is known: formulas of the window instead of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.card import Format, Member, ModelCard
from services.segmentation.engine import FromLogits
from services.segmentation.heads import heads_of

if TYPE_CHECKING:
    from pathlib import Path

SURE = 40.0
"""A logit that leaves nothing to the others."""


class ByIntensity(FromLogits):
    """Lumen above 200 HU, thrombus from 0 to 200 HU, for certain; less certain with a smaller `logit`."""

    name = "by intensity"

    def __init__(self, logit: float = SURE) -> None:
        self.logit = logit

    def logits(self, windows: np.ndarray) -> np.ndarray:
        hounsfield = windows * 700 - 200
        lumen, thrombus = hounsfield > 200, (hounsfield > 0) & (hounsfield <= 200)
        classes = np.concatenate([~(lumen | thrombus), lumen, thrombus], axis=1)
        return (classes * self.logit).astype(np.float32)


class ByTwoHeads(FromLogits):
    """The hard head as `ByIntensity`; the soft head tosses a coin between background and lumen; a known spread."""

    name = "by two heads"
    heads = heads_of(3)

    def __init__(self, spread: float) -> None:
        self.spread = np.log(np.expm1(spread))

    def logits(self, windows: np.ndarray) -> np.ndarray:
        hard = ByIntensity().logits(windows)
        soft = np.zeros_like(hard)
        soft[:, 2] = -SURE
        return np.concatenate([hard, soft, np.full_like(hard[:, :1], self.spread)], axis=1)


class LowestHalf(FromLogits):
    """Lumen in the lower half of a window, whatever it shows: an answer that knows up from down."""

    name = "lowest half"

    def logits(self, windows: np.ndarray) -> np.ndarray:
        logits = np.zeros((len(windows), 3, *windows.shape[2:]), dtype=np.float32)
        logits[:, 1, : windows.shape[2] // 2] = SURE
        logits[:, 0, windows.shape[2] // 2 :] = SURE
        return logits


class BrightIsAorta(FromLogits):
    """A locator: aorta above 200 HU."""

    name = "bright is aorta"

    def logits(self, windows: np.ndarray) -> np.ndarray:
        aorta = windows * 700 - 200 > 200
        return SURE * np.concatenate([~aorta, aorta], axis=1).astype(np.float32)


def card_of(
    folder: Path,
    members: int,
    *,
    spacing: float = 2.0,
    patch: int = 16,
    classes: tuple[str, ...] = ("lumen", "thrombus"),
) -> ModelCard:
    """A card for engines that read no file."""
    return ModelCard(
        name="known" if len(classes) > 1 else "locator",
        version="1",
        format=Format.UNET,
        classes=dict(enumerate(classes, 1)),
        spacing_mm=(spacing, spacing, spacing),
        window_hu=(-200.0, 500.0),
        patch=(patch, patch, patch),
        members=tuple(Member(f"{number}", f"{number}" * 64, number) for number in range(members)),
        folder=folder,
    )

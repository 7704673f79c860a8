"""From the card of a promptable model to one that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.segmentation.promptable.card import LITE_MEDSAM
from services.segmentation.promptable.lite_medsam import LiteMedSam
from services.segmentation.promptable.sam_onnx import SamOnnx

if TYPE_CHECKING:
    from services.segmentation.promptable.card import PromptableCard
    from services.segmentation.promptable.prompts import Promptable


def load(card: PromptableCard, threads: int = 0) -> Promptable:
    """Ready to answer; takes some seconds. `threads`: of OpenVINO, 0 for all cores. Raises InputRefused."""
    return LiteMedSam(threads) if card is LITE_MEDSAM else SamOnnx(card, threads)

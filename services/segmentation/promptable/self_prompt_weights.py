"""The weights of self-prompting as they are kept: float16 safetensors beside a card, one file an arm."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from services.errors import InputRefused
from services.segmentation.promptable.self_prompting import CELLS_TO_PIXELS, Arm, SelfPrompting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.segmentation.promptable.self_prompting import PromptEncoder

NAMES = {Arm.GATED: "gated", Arm.SOFT: "soft", Arm.NO_PROMPT: "no-prompt"}
SEEDS = (1, 2, 3)
"""Of the trainings. The gated arm of the first is the product's; the others are there to be compared with."""


class Proposal(NamedTuple):
    """What an arm says about one picture, without a hand. All (side, side) float32."""

    logits: NDArray[np.float32]
    """Of the outline; the sigmoid is the probability."""
    foreground: NDArray[np.float32] | None
    """Logits of the foreground prompt; None without a generator."""
    background: NDArray[np.float32] | None
    gate: NDArray[np.float32] | None
    """0 vetoed by the background, 1 let through; None without one."""


class SelfPrompter:
    """An arm with its weights, ready to propose. Holds no state between pictures."""

    def __init__(self, path: Path, arm: Arm, prompt_encoder: PromptEncoder) -> None:
        """Raises InputRefused where the file does not hold this arm's weights."""
        self._network = SelfPrompting(arm, prompt_encoder).eval()
        try:
            self._network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
        except (RuntimeError, OSError) as error:
            raise InputRefused(
                "The weights of self-prompting must be those that came with this program.",
                f"others ({type(error).__name__}).",
                "Install this program again.",
            ) from error

    def propose(self, embedding: NDArray[np.float16]) -> Proposal:
        """What the embedding (256, cells, cells) of a picture shows of the outer wall."""
        with torch.inference_mode():
            found = self._network(torch.from_numpy(embedding.astype(np.float32))[None])
        on_pixels = (_on_pixels(part) for part in (found.foreground, found.background, found.gate))
        return Proposal(found.mask[0, 0].numpy(), *on_pixels)


def file_of(arm: Arm, seed: int) -> str:
    """Name of the file beside the card."""
    return f"{NAMES[arm]}-{seed}.safetensors"


def save(network: SelfPrompting, path: Path, about: Mapping[str, str]) -> str:
    """Keep an arm's own weights with a few words about them. Returns the file's SHA-256."""
    kept = {name: value.to(torch.float16).contiguous() for name, value in network.state_dict().items()}
    save_file(kept, path, metadata={"arm": network.arm.value, **about})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _on_pixels(cells: torch.Tensor | None) -> NDArray[np.float32] | None:
    """(1, 1, cells, cells) to (side, side), bilinear."""
    if cells is None:
        return None
    spread = functional.interpolate(cells, scale_factor=CELLS_TO_PIXELS, mode="bilinear", align_corners=False)
    values: NDArray[np.float32] = spread[0, 0].numpy()
    return values

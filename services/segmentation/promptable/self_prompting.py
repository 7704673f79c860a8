"""Outlining without a prompt: networks that prompt a frozen promptable model themselves, from its own embedding.

After IP-SAM (Zhang et al. 2026, arXiv:2603.27250). A generator gives logits of foreground and background; both pass the
frozen prompt encoder as masks, not thresholded; the background may only take away from the foreground; a decoder of our
own reads the image and what is left. Ours: all sizes, one gate a place for all channels, what the gate begins with, and
LiteMedSAM in place of SAM2.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    PromptEncoder = Callable[..., tuple[torch.Tensor, torch.Tensor]]
    """SAM's: points, boxes and masks (n, 1, side, side) to sparse and dense embeddings."""

CHANNELS = 256
"""Of an image's and of a mask's embedding."""
CELLS_TO_PIXELS = 4
"""Pixels of the picture along an edge of a cell of the embedding."""
GENERATOR_WIDTH, DECODER_WIDTH, FINE_WIDTH = 64, 64, 32
DROPPED = 0.1
"""Share of the embedding's channels that are left out of a training step."""
SURE, VETO = 6.0, 2.0
"""A new gate's sigmoid takes the logit VETO where a background of SURE was encoded, -VETO where one of -SURE was."""


class Arm(StrEnum):
    """What the decoder is told beside the image; each is trained on its own."""

    NO_PROMPT = "no prompt"
    SOFT = "soft logits"
    GATED = "soft logits with gate"


class Prompted(NamedTuple):
    """What one pass gives. Cells are places of the embedding; a gate of 0 vetoes, 1 lets through."""

    mask: torch.Tensor
    """Logits (n, 1, side, side)."""
    foreground: torch.Tensor | None
    """Logits (n, 1, cells, cells); None without a generator."""
    background: torch.Tensor | None
    gate: torch.Tensor | None
    """(n, 1, cells, cells), 0 to 1; None without one."""


class SelfPrompting(nn.Module):
    """One arm. The prompt encoder is used and neither trained nor kept: it is no part of `state_dict`."""

    def __init__(self, arm: Arm, prompt_encoder: PromptEncoder) -> None:
        """New weights, from torch's generator as it stands."""
        super().__init__()
        self.arm = arm
        self._frozen = (prompt_encoder,)  # in a tuple, which torch does not look into
        self.generator = None if arm is Arm.NO_PROMPT else Generator()
        self.gate = nn.Conv2d(CHANNELS, 1, 1) if arm is Arm.GATED else None
        self.decoder = Decoder()
        if self.gate is not None:
            self._begin_as_a_veto(self.gate)

    def forward(self, embedding: torch.Tensor) -> Prompted:
        """Embeddings (n, 256, cells, cells) float32 to masks, and how they came to be."""
        seen = functional.dropout2d(embedding, DROPPED, self.training)
        if self.generator is None:
            _, dense = self._frozen[0](points=None, boxes=None, masks=None)
            return Prompted(self.decoder(seen, dense[..., :1, :1].expand_as(embedding)), None, None, None)
        foreground, background = self.generator(seen).split(1, dim=1)
        wanted = self._encoded(foreground)
        if self.gate is None:
            return Prompted(self.decoder(seen, wanted), foreground, background, None)
        gate = 1 - torch.sigmoid(self.gate(self._encoded(background)))
        return Prompted(self.decoder(seen, wanted * gate), foreground, background, gate)

    def _begin_as_a_veto(self, gate: nn.Conv2d) -> None:
        """A gate of small weights would have to find out first what a sure background looks like once encoded. Ours."""
        with torch.no_grad():
            ends = [self._encoded(torch.full((1, 1, 8, 8), sure))[0, :, 4, 4] for sure in (-SURE, SURE)]
            apart = ends[1] - ends[0]
            weight = 2 * VETO * apart / apart.square().sum()
            gate.weight.copy_(weight[None, :, None, None])
            cast("torch.Tensor", gate.bias).copy_(-VETO - weight @ ends[0])

    def _encoded(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits of cells as the frozen prompt encoder sees a mask: a dense embedding (n, 256, cells, cells)."""
        pixels = functional.interpolate(logits, scale_factor=CELLS_TO_PIXELS, mode="bilinear", align_corners=False)
        return self._frozen[0](points=None, boxes=None, masks=pixels)[1]


class Generator(nn.Sequential):
    """An embedding to logits (n, 2, cells, cells): foreground, background. It looks 7 cells far, 24 mm."""

    def __init__(self) -> None:
        """New weights."""
        blocks = [Residual(GENERATOR_WIDTH, dilation) for dilation in (1, 2, 4)]
        norm = nn.GroupNorm(8, GENERATOR_WIDTH)
        super().__init__(
            nn.Conv2d(CHANNELS, GENERATOR_WIDTH, 1), *blocks, norm, nn.GELU(), nn.Conv2d(GENERATOR_WIDTH, 2, 1)
        )


class Decoder(nn.Module):
    """Image and dense prompt to a mask: two blocks on cells, then pixels in two steps of two."""

    def __init__(self) -> None:
        """New weights."""
        super().__init__()
        self.of_image = nn.Conv2d(CHANNELS, DECODER_WIDTH, 1)
        self.of_prompt = nn.Conv2d(CHANNELS, DECODER_WIDTH, 1)
        self.on_cells = nn.Sequential(Residual(DECODER_WIDTH, 1), Residual(DECODER_WIDTH, 2))
        self.to_halves = nn.Sequential(nn.Conv2d(DECODER_WIDTH, 4 * FINE_WIDTH, 1), nn.PixelShuffle(2))
        self.on_halves = nn.Sequential(Residual(FINE_WIDTH, 1), nn.GroupNorm(8, FINE_WIDTH), nn.GELU())
        self.to_pixels = nn.Sequential(nn.Conv2d(FINE_WIDTH, 4, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, embedding: torch.Tensor, dense: torch.Tensor) -> torch.Tensor:
        """Both (n, 256, cells, cells); logits (n, 1, side, side)."""
        cells = self.on_cells(self.of_image(embedding) + self.of_prompt(dense))
        return cast("torch.Tensor", self.to_pixels(self.on_halves(self.to_halves(cells))))


class Residual(nn.Module):
    """Norm, activation, one 3 x 3 convolution, beside the way past them. He et al. 2016, arXiv:1603.05027."""

    def __init__(self, width: int, dilation: int) -> None:
        """New weights."""
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.convolution = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(n, width, rows, columns), the same out."""
        return cast("torch.Tensor", values + self.convolution(functional.gelu(self.norm(values))))

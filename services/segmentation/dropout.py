"""A network that goes on leaving values out when it infers, as it did while it learnt. Heavy: loads torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from services.errors import InputRefused
from services.segmentation import loading
from services.segmentation.engine import TorchEngine, has_gpu

if TYPE_CHECKING:
    from services.segmentation.card import Member, ModelCard


class SeededDropout(nn.Module):
    """Each value is left out with a chance, the others grow to the same mean; drawn from a generator of its own."""

    def __init__(self, chance: float, generator: torch.Generator) -> None:
        super().__init__()
        self.chance, self.generator = chance, generator

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The same shape; drawn on the CPU, so that every device leaves out the same."""
        kept = torch.empty(values.shape).bernoulli_(1 - self.chance, generator=self.generator)
        return values * kept.to(values.device) / (1 - self.chance)


def dropping_engine(card: ModelCard, member: Member, seed: int) -> TorchEngine:
    """A member as an engine that leaves out other values for every window that it sees.

    The same seed and the same windows in the same order give the same answers, whatever the process drew before.
    Raises InputRefused for a network that never left any out.
    """
    if card.layout is None or card.layout.dropout == 0:
        raise InputRefused(
            "A network for Monte Carlo dropout must have learnt with dropout.",
            f"{card.key}, which did not.",
            "Ask the network with two heads.",
        )
    network, generator = loading.torch_module(card, member), torch.Generator().manual_seed(seed)
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Dropout) and module.p > 0:
            parent, _, own = name.rpartition(".")
            network.get_submodule(parent).add_module(own, SeededDropout(module.p, generator))
    return TorchEngine(network, "cuda" if has_gpu() else "cpu", card.heads)

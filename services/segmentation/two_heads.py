"""One network for both doubts: a hard head, a soft head and the spread of an ensemble, all from one body.

Our own design. The body and both heads begin as a member of ensemble A; the hard head goes on with exact labels, the
soft head with the readers' shares, and the spread learns how far the members of A lie apart on the same window
(the idea of distilling an ensemble's distribution: Malinin et al. 2020, arXiv:1905.00076; ours is a plain regression).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from services.segmentation.heads import heads_of
from services.segmentation.lessons import Outlines
from services.segmentation.networks import build
from services.segmentation.soft_lessons import soft_labels, soft_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from services.segmentation.lessons import Begin
    from services.segmentation.randomisation import Window
    from services.segmentation.recipes import Recipe

NO_SPREAD = 0.01
"""Where members lie no further apart than this, nothing is to be learnt of the spread."""
UP, CONVOLUTION = "model.2.0.conv", "model.2.1.conv.unit0.conv"
"""The last level of MONAI's U-Net with one residual unit: transposed (in, out, 3, 3, 3), and (out, in, 3, 3, 3)."""
FIRST_SPREAD = -4.0
"""The spread begins small everywhere: softplus(-4) = 0.02."""


class TwoHeads:
    """Dice and cross-entropy of the hard head, cross-entropy of the soft one, and `spread_loss`."""

    def __init__(self, recipe: Recipe, begin: Begin, members: Sequence[nn.Module]) -> None:
        """`begin`: the member of a seed, as it was trained; `members`: the whole ensemble, ready to infer."""
        self._outlines, self._begin, self._members = Outlines(recipe), begin, members
        self._layout, self._classes = recipe.layout, len(recipe.classes) + 1
        self._heads = heads_of(self._classes)

    def begin(self, seed: int) -> nn.Module:
        """See `Lesson`."""
        torch.manual_seed(seed)
        network = build(self._layout, self._heads.outputs)
        network.load_state_dict(widened(self._begin(seed).state_dict(), network.state_dict(), self._classes))
        return network

    def loss(self, logits: torch.Tensor, drawn: Window) -> torch.Tensor:
        """See `Lesson`."""
        hard, soft, spread = self._heads
        wanted = spread_of(self._members, drawn.image)
        return (
            self._outlines.loss(logits[:, hard], drawn)
            + soft_loss(logits[:, soft], soft_labels(drawn, self._classes))
            + spread_loss(functional.softplus(logits[0, spread]), wanted)
        )


def spread_loss(spread: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Squared error by the sum of squares of what is wanted: 1 for a spread of 0, whatever part of a window is unsure.

    Both (k, j, i), 0 or more. NO_SPREAD everywhere is added to the sum, for windows where all members agree.
    """
    return (spread - wanted).square().sum() / (wanted.square().sum() + NO_SPREAD**2 * wanted.numel())


def spread_of(members: Sequence[nn.Module], image: torch.Tensor) -> torch.Tensor:
    """(k, j, i) float32: the square root of the members' variance (ddof 0) summed over classes.

    image: [k, j, i], 0 to 1.
    """
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        said = torch.stack([member(image[None, None])[0].float().softmax(0) for member in members])
    return said.var(dim=0, correction=0).sum(0).sqrt()


def widened(trained: dict[str, torch.Tensor], fresh: dict[str, torch.Tensor], classes: int) -> dict[str, torch.Tensor]:
    """Weights of a network with two heads that says the same in both as the trained network of `classes` channels.

    Only the last level has other shapes. Its channels of one head read none of the other's. The spread is FIRST_SPREAD
    everywhere: its convolution takes away what the residual unit adds, and the channel that it reads besides is fresh.
    """
    wide = {name: values.clone() for name, values in trained.items()}
    for layer in (UP, CONVOLUTION):
        wide |= {name: fresh[name].clone() for name in (f"{layer}.weight", f"{layer}.bias")}
    heads = heads_of(classes)
    for head in (heads.hard, heads.soft):
        wide[f"{UP}.weight"][:, head] = trained[f"{UP}.weight"]
        wide[f"{UP}.bias"][head] = trained[f"{UP}.bias"]
        wide[f"{CONVOLUTION}.weight"][head] = 0.0
        wide[f"{CONVOLUTION}.weight"][head, head] = trained[f"{CONVOLUTION}.weight"]
        wide[f"{CONVOLUTION}.bias"][head] = trained[f"{CONVOLUTION}.bias"]
    wide[f"{CONVOLUTION}.weight"][heads.spread] = 0.0
    wide[f"{CONVOLUTION}.weight"][heads.spread, heads.spread, 1, 1, 1] = -1.0
    wide[f"{CONVOLUTION}.bias"][heads.spread] = FIRST_SPREAD
    return wide

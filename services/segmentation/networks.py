"""Our 3D U-Net: MONAI's, built from a card's layout; its weights are float16 safetensors.

Residual U-Net after Kerfoot et al. 2019, doi:10.1007/978-3-030-12029-0_40 (MONAI `UNet`); instance normalisation, so
that a window's result depends on that window alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from monai.networks.nets.unet import UNet
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from services.segmentation.card import Layout


def build(layout: Layout, classes: int) -> nn.Module:
    """A network with new weights: (n, 1, k, j, i) to logits (n, classes, k, j, i); background counts as a class.

    Where the layout leaves values out in training, it does so at no voxel of the last level: those are nearly logits.
    """
    network = UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=classes,
        channels=layout.channels,
        strides=layout.strides,
        num_res_units=layout.residual_units,
        norm="INSTANCE",
        dropout=layout.dropout,
    )
    if layout.residual_units:
        cast("torch.nn.Dropout", network.model[2][0].adn.D).p = 0.0  # type: ignore[index]
    return cast("nn.Module", network)


def save_weights(network: nn.Module, path: Path) -> None:
    """Keep the weights as float16 safetensors."""
    save_file({name: value.to(torch.float16).contiguous() for name, value in network.state_dict().items()}, path)


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Put kept weights into a network, in float32, ready to infer. Raises RuntimeError where they do not fit."""
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return network.eval()

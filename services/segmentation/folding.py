"""The last level of our U-Net on half the grid: the same numbers from fewer, fuller vectors.

At full resolution only as many channels are left as there are classes, so that a processor's vectors are nearly empty
and OpenVINO spends half its time there. Here every 2x2x2 block of voxels becomes one voxel with eight channels a class:
the transposed convolution turns into a plain one with kernel 2 (Shi et al. 2016, arXiv:1609.05158), and so does the
last convolution when its blocks begin half a block later than those that it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from services.segmentation.card import Layout

PHASES = 8
"""Voxels of a block."""


def folded(network: nn.Module, layout: Layout) -> nn.Module:
    """A network that gives the same logits and shares the weights; the same network where its last level is another.

    network: as `networks.build` makes it from this layout, ready to infer.
    """
    if layout.strides[0] != 2 or layout.residual_units != 1:
        return network
    first, inner, last = cast("nn.Sequential", network.model)
    return nn.Sequential(first, inner, FoldedLevel(last)).eval()


class FoldedLevel(nn.Module):
    """Transposed convolution, instance norm, PReLU, convolution and residual, each over blocks of eight voxels."""

    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        up, norm, activation = last[0].conv, last[0].adn.N, last[0].adn.A  # type: ignore[index]
        convolution = last[1].conv.unit0.conv  # type: ignore[index]
        self.classes, self.eps, self.slope = convolution.out_channels, norm.eps, activation.weight.detach()
        self.up_weight, self.up_bias = _upsampling(up.weight.detach()), _of_blocks(up.bias)
        self.weight, self.bias = _convolving(convolution.weight.detach()), _of_blocks(convolution.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, channels, k, j, i) to logits (n, classes, 2k, 2j, 2i)."""
        blocks = functional.conv3d(functional.pad(features, (0, 1, 0, 1, 0, 1)), self.up_weight, self.up_bias)
        blocks = blocks - self._class_mean(blocks)
        blocks = blocks * torch.rsqrt(self._class_mean(blocks * blocks) + self.eps)
        blocks = functional.prelu(blocks, self.slope)
        return self._unfolded(functional.conv3d(blocks, self.weight, self.bias, padding=1))

    def _class_mean(self, blocks: torch.Tensor) -> torch.Tensor:
        """Over all voxels of a class, given to each of its channels."""
        means = blocks.mean((2, 3, 4)).reshape(-1, self.classes, PHASES).mean(2, keepdim=True)
        return means.expand(-1, -1, PHASES).reshape(-1, PHASES * self.classes, 1, 1, 1)

    def _unfolded(self, blocks: torch.Tensor) -> torch.Tensor:
        """Blocks that begin one voxel before the image, as voxels of the image."""
        _, _, k, j, i = blocks.shape
        voxels = blocks.reshape(-1, self.classes, 2, 2, 2, k, j, i).permute(0, 1, 5, 2, 6, 3, 7, 4)
        return voxels.reshape(-1, self.classes, 2 * k, 2 * j, 2 * i)[:, :, 1:-1, 1:-1, 1:-1]


def _of_blocks(bias: torch.Tensor) -> torch.Tensor:
    return bias.detach().repeat_interleave(PHASES)


def _upsampling(weight: torch.Tensor) -> torch.Tensor:
    """Kernel 3, stride 2, padding 1, transposed (in, class, 3, 3, 3), as kernel 2 (8 class, in, 2, 2, 2).

    Along an axis voxel 2x is tap 1 of input x; voxel 2x + 1 is tap 2 of input x and tap 0 of input x + 1.
    """
    taps = weight.new_zeros(2, 2, 3)  # voxel of the block, input of the kernel, tap
    taps[0, 0, 1] = taps[1, 0, 2] = taps[1, 1, 0] = 1
    kernel = torch.einsum("ncxyz,apx,bqy,dsz->cabdnpqs", weight, taps, taps, taps)
    return kernel.reshape(PHASES * weight.shape[1], weight.shape[0], 2, 2, 2)


def _convolving(weight: torch.Tensor) -> torch.Tensor:
    """Kernel 3 (out, in, 3, 3, 3) plus the residual's identity, as kernel 2 (8 out, 8 in, 2, 2, 2).

    Blocks of the output begin one voxel after those of the input, and read from one voxel before themselves: along an
    axis tap t of the output's voxel a is voxel a + t of two input blocks.
    """
    taps = weight.new_zeros(2, 2, 2, 3)  # voxel of the output's block, of the input's block, which block, tap
    for voxel in range(2):
        for tap in range(3):
            taps[voxel, (voxel + tap) % 2, (voxel + tap) // 2, tap] = 1
    with_residual = weight.clone()
    with_residual[:, :, 1, 1, 1] += torch.eye(len(weight))
    kernel = torch.einsum("ocxyz,aepx,bfqy,dgsz->oabdcefgpqs", with_residual, taps, taps, taps)
    return kernel.reshape(PHASES * weight.shape[0], PHASES * weight.shape[1], 2, 2, 2)

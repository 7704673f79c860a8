"""What a segmentation model says about itself: a TOML file beside its weights. Read, checked, never executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CARD = "card.toml"


class Format(StrEnum):
    """How the weights of a member are kept."""

    UNET = "unet"
    """Our own 3D U-Net, float16 safetensors; its layout stands under [network]."""
    TORCH_EXPORT = "torch.export"
    ONNX = "onnx"


@dataclass(frozen=True)
class Layout:
    """MONAI's `UNet`: channels of each level, strides between them, convolutions of a residual unit."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    residual_units: int = 1


@dataclass(frozen=True)
class Member:
    """One network of an ensemble: a file beside the card, and its SHA-256."""

    file: str
    sha256: str
    seed: int | None = None


@dataclass(frozen=True)
class ModelCard:
    """A model: what goes in, what comes out, and which files hold it.

    In: HU on a grid of `spacing_mm` (k, j, i), clipped to `window_hu` and scaled to 0 to 1, float32 (n, 1, *patch).
    Out: logits (n, 1 + len(classes), *patch); channel 0 is the background, channel c is `classes[c]`.
    """

    name: str
    version: str
    format: Format
    classes: Mapping[int, str]
    spacing_mm: tuple[float, float, float]
    window_hu: tuple[float, float]
    patch: tuple[int, int, int]
    members: tuple[Member, ...]
    folder: Path
    layout: Layout | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the card says beyond: training data, seeds, licence, intended use."""

    @property
    def key(self) -> str:
        """Name and version, as tables and the command line write it."""
        return f"{self.name}@{self.version}"

"""Models with the shipped layout, or a smaller one, and weights that nobody trained."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch

from services.segmentation.card import Format, Layout, Member, ModelCard
from services.segmentation.heads import heads_of
from services.segmentation.networks import build, save_weights

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Layout(channels=(4, 8), strides=(2,))
SHIPPED = Layout(channels=(16, 32, 64, 112, 80), strides=(2, 2, 2, 2))


def random_model(
    folder: Path,
    *,
    layout: Layout = SMALL,
    members: int = 2,
    patch: int = 16,
    spacing: float = 2.0,
    classes: tuple[str, ...] = ("lumen", "thrombus"),
    kind: Format = Format.UNET,
) -> ModelCard:
    """A card with so many members, whose files lie in `folder`; as a companion where it has two heads."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = heads_of(1 + len(classes)).outputs if kind is Format.TWO_HEADS else 1 + len(classes)
    return ModelCard(
        name="random",
        version="0",
        format=kind,
        classes=dict(enumerate(classes, 1)),
        spacing_mm=(spacing, spacing, spacing),
        window_hu=(-200.0, 500.0),
        patch=(patch, patch, patch),
        members=tuple(_member(folder, layout, outputs, seed) for seed in range(members)),
        folder=folder,
        layout=layout,
        companion_of="ensemble@0" if kind is Format.TWO_HEADS else "",
    )


def _member(folder: Path, layout: Layout, classes: int, seed: int) -> Member:
    path = folder / f"member{seed}.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_weights(build(layout, classes), path)
    return Member(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), seed)

"""Folders with a model as a user would have made them: a tiny network, exported, and its card."""

from __future__ import annotations

import hashlib
import json
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from services.segmentation.card import CARD, Layout
from services.segmentation.networks import build, save_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATCH = (8, 16, 16)
CLASSES = {1: "lumen", 2: "thrombus"}
LAYOUT = Layout((2, 4, 4), (2, 2), 1)


class Scaled(nn.Module):
    """Logits are the image times (0, 1, 2), plus (0, 0.5, -0.5): known by hand. Has a parameter and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.times = nn.Parameter(torch.arange(3.0).reshape(1, 3, 1, 1, 1))
        self.register_buffer("plus", torch.tensor([0, 0.5, -0.5]).reshape(1, 3, 1, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * self.times + self.plus


def export(network: nn.Module, path: Path, patch: tuple[int, ...] = PATCH) -> Path:
    """The network as a file, in the format that the file's name says."""
    example = torch.zeros(1, 1, *patch)
    if path.suffix == ".onnx":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter that needs no other package says that it is the older one
            torch.onnx.export(network.eval(), (example,), path, dynamo=False)
    elif path.suffix == ".pt2":
        torch.export.save(torch.export.export(network.eval(), (example,)), path)
    else:
        save_weights(network, path)
    return path


def unet(classes: int = 3, layout: Layout = LAYOUT) -> nn.Module:
    """Our own network, small, always with the same weights."""
    torch.manual_seed(4)
    return build(layout, classes)


def card_of(*files: Path, **changes: object) -> dict[str, Any]:
    """What the card of these files says, with `changes`; a change to None leaves a key away."""
    formats = {".onnx": "onnx", ".pt2": "torch.export", ".safetensors": "unet"}
    format_ = formats[files[0].suffix]
    said = {
        "name": "Tiny",
        "version": "1",
        "format": format_,
        "spacing_mm": [2.0, 2.0, 2.0],
        "window_hu": [-200, 500],
        "patch": list(PATCH),
        "classes": {str(value): name for value, name in CLASSES.items()},
        "network": {"channels": [2, 4, 4], "strides": [2, 2], "residual_units": 1} if format_ == "unet" else None,
        "member": [{"file": one.name, "sha256": digest(one), "seed": number} for number, one in enumerate(files)],
    } | changes
    return {key: value for key, value in said.items() if value is not None}


def write_card(folder: Path, said: Mapping[str, Any]) -> Path:
    """A card as TOML, values as JSON writes them: for words, numbers and lists of these TOML writes the same."""
    plain = {key: value for key, value in said.items() if not _is_table(value)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for key, value in said.items():
        tables = value if isinstance(value, list) else [value]
        for table in tables if _is_table(value) else ():
            lines.append(f"[[{key}]]" if isinstance(value, list) else f"[{key}]")
            lines += [f"{json.dumps(name)} = {json.dumps(one)}" for name, one in table.items()]
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def model(folder: Path, network: nn.Module, *names: str, **changes: object) -> Path:
    """A folder with a card and the network under each of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_card(folder, card_of(*(export(network, folder / name) for name in names), **changes))


def two_heads(folder: Path, companion_of: str) -> Path:
    """A folder with a card and a network with two heads, a companion."""
    folder.mkdir(parents=True, exist_ok=True)
    file = export(unet(7), folder / "light.safetensors")
    return write_card(folder, card_of(file, format="unet-two-heads", name="Light", companion_of=companion_of))


def digest(path: Path) -> str:
    """SHA-256 of a file, as a card names it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))

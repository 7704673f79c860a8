"""A folder with a tiny model of the SAM family as a user would have exported it; its answers are known by hand."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from tests.services.segmentation.model_folders import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SIDE, POOLED = 64, 4
INPUTS = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input"]
OUTPUTS = ["masks", "iou_predictions", "low_res_masks"]


class Pooled(nn.Module):
    """The embedding is the picture, four pixels each way in one place."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return avg_pool2d(picture, POOLED)


class Decoder(nn.Module):
    """Bright and between the corners of the box; a given mask is added; the first coordinate tells the quality."""

    def forward(
        self,
        image_embeddings: torch.Tensor,
        point_coords: torch.Tensor,
        point_labels: torch.Tensor,
        mask_input: torch.Tensor,
        has_mask_input: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        bright = interpolate(image_embeddings[:, :1], scale_factor=4, mode="nearest") - 0.5
        first = (point_coords * (point_labels == 2)[..., None]).sum(1)
        last = (point_coords * (point_labels == 3)[..., None]).sum(1)
        x, y = torch.arange(SIDE)[None, None, None, :], torch.arange(SIDE)[None, None, :, None]
        inside = (x >= first[:, :1]) & (x <= last[:, :1]) & (y >= first[:, 1:]) & (y <= last[:, 1:])
        logits = torch.where(inside, 16 * bright, -8.0) + mask_input * has_mask_input
        quality = point_coords[:, :1, 0] / 100
        return logits, quality, logits


class ThreeMasks(Decoder):
    """Three answers, of which the second has the best quality; asks for the picture's size as SAM's own export does."""

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        *usual, size = given
        logits, _, _ = super().forward(*usual)
        low = torch.cat([logits * 0 - 1, logits, -logits], dim=1)
        rows = size[0].to(torch.int64)
        return low[:, :, :rows], torch.tensor([[0.1, 0.9, 0.5]]), low


def export(folder: Path, decoder: nn.Module | None = None, inputs: list[str] = INPUTS, side: int = SIDE) -> Path:
    """encoder.onnx and decoder.onnx in a new folder."""
    folder.mkdir()
    embedding = torch.zeros(1, 3, SIDE // POOLED, SIDE // POOLED)
    given = (embedding, torch.zeros(1, 2, 2), torch.zeros(1, 2), torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1))
    if len(inputs) > len(given):
        given = (*given, torch.tensor([float(SIDE), float(SIDE)]))
    points = {1: "points"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no other package says that it is the older one
        torch.onnx.export(Pooled().eval(), (torch.zeros(1, 3, side, side),), folder / "encoder.onnx", dynamo=False)
        torch.onnx.export(
            (decoder or Decoder()).eval(),
            given,
            folder / "decoder.onnx",
            dynamo=False,
            input_names=inputs,
            output_names=OUTPUTS,
            dynamic_axes={inputs[1]: points, inputs[2]: points},
        )
    return folder


def write_card(folder: Path, **changes: object) -> Path:
    """The card of an exported pair, with `changes`; a change to None leaves a key away."""
    said: dict[str, Any] = {
        "name": "Tiny SAM",
        "version": "1",
        "format": "sam-onnx",
        "side": SIDE,
        "windows_hu": [[-100, 500]],
        "mean": [0.0, 0.5, 0.5],
        "std": [1.0, 0.5, 2.0],
        "encoder": {"file": "encoder.onnx", "sha256": digest(folder / "encoder.onnx")},
        "decoder": {"file": "decoder.onnx", "sha256": digest(folder / "decoder.onnx")},
        "about": {"licence": "Apache-2.0"},
    } | changes
    (folder / "card.toml").write_text("".join(_lines(said)))
    return folder


def _lines(said: Mapping[str, Any]) -> list[str]:
    plain = [f"{key} = {json.dumps(value)}\n" for key, value in said.items() if _is_plain(value)]
    for key, table in said.items():
        if isinstance(table, dict):
            plain += [f"[{key}]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in table.items())]
    return plain


def _is_plain(value: object) -> bool:
    return value is not None and not isinstance(value, dict)

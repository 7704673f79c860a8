"""From a card to networks that infer. Only the worker and the command line load these: torch and OpenVINO are heavy.

No file is trusted: safetensors and ONNX are data; how .pt2 is read stands in exported. Nothing is unpickled.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import openvino
import torch
from safetensors import SafetensorError

from services.errors import InputRefused
from services.imaging.progress import Tell, silent
from services.segmentation import exported
from services.segmentation.card import Format, require_content
from services.segmentation.converting import converted
from services.segmentation.folding import folded
from services.segmentation.networks import build, load_weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from services.segmentation.card import Layout, Member, ModelCard

TODO = "Correct the card, or export the network anew: docs/how-to/add-a-model.md."
ROUNDING = 1e-4
"""How far from 1 the sum of float32 probabilities may be."""


def torch_module(card: ModelCard, member: Member) -> nn.Module:
    """A member as a PyTorch module on the CPU, ready to infer: float32 (n, 1, k, j, i) to logits (n, c, k, j, i).

    A network of torch.export takes n = 1 only. Do not call `eval` on it: PyTorch refuses that, and it is done already.
    Raises InputRefused where the file is not what the card says, and for ONNX, which PyTorch does not read.
    """
    path = require_content(card, member)
    if card.format is Format.SELF_PROMPT:
        raise InputRefused(
            "A model must be a network that outlines by itself.",
            "weights that prompt LiteMedSAM, which work with that model alone.",
            "Use the ones that came with this program: secondlook models list.",
        )
    if card.format is Format.ONNX:
        raise InputRefused(
            "A model for PyTorch must be of the format unet or torch.export.",
            "an ONNX file, which PyTorch does not read.",
            "Infer it with OpenVINO, on the CPU.",
        )
    if card.format is Format.TORCH_EXPORT:
        program = exported.load(path)
        _require_patch(card, member, exported.image_shape(program))
        return program.module()
    return _unet(card, path)


def openvino_model(card: ModelCard, member: Member) -> openvino.Model:
    """A member as an OpenVINO model of static shape (1, 1, *patch) to (1, 1 + classes, *patch), not compiled yet.

    A `unet` may be reshaped to more windows at a time; the other formats are as they were exported. Raises InputRefused
    where the file is not what the card says.
    """
    try:
        model = _read_onnx(card, member) if card.format is Format.ONNX else _converted(card, member)
        ports = len(model.inputs), len(model.outputs)
        if ports != (1, 1):
            raise _wrong(member, "must take one image and give logits", f"{ports[0]} inputs and {ports[1]} outputs")
        _require_patch(card, member, model.inputs[0].partial_shape)
        model.reshape([1, 1, *card.patch])
    except RuntimeError as error:
        raise _wrong(member, "must be one that OpenVINO can infer", f"a {type(error).__name__} on its way") from error
    _require_shape(card, member, model)
    return model


def probe(card: ModelCard, tell: Tell = silent) -> None:
    """Run a patch of zeros through every member. Raises InputRefused where what comes out is not what the card says."""
    core = openvino.Core()
    for number, member in enumerate(card.members):
        tell("networks tried", number, len(card.members))
        compiled = core.compile_model(openvino_model(card, member), "CPU")
        logits = compiled(np.zeros((1, 1, *card.patch), np.float32))[0]
        _require_logits(member, np.asarray(logits))
    tell("networks tried", len(card.members), len(card.members))


def _unet(card: ModelCard, path: Path) -> nn.Module:
    layout: Layout | None = card.layout
    if layout is None:
        raise InputRefused("A U-Net's card must have a table [network].", "none.", TODO)
    try:
        return load_weights(build(layout, card.outputs), path)
    except (RuntimeError, SafetensorError) as error:
        raise InputRefused(
            f"The weights in {path.name} must fit the card's [network] and number of classes.",
            f"others ({type(error).__name__}).",
            TODO,
        ) from error


def _read_onnx(card: ModelCard, member: Member) -> openvino.Model:
    """OpenVINO reads weights in files of their own from the card's folder alone, where the store keeps members only."""
    return openvino.Core().read_model(require_content(card, member))


def _converted(card: ModelCard, member: Member) -> openvino.Model:
    """From PyTorch."""
    network = torch_module(card, member)
    if card.layout is not None:
        network = folded(network, card.layout)
    strides = card.layout.strides if card.layout else ()
    edges = [2 * math.prod(strides)] * 3 if strides else card.patch  # all sizes of a U-Net follow from the input's
    return converted(network, torch.zeros(1, 1, *edges))


def _require_patch(card: ModelCard, member: Member, found: openvino.PartialShape | tuple[int, ...]) -> None:
    expected = openvino.PartialShape([1, 1, *card.patch])
    if not openvino.PartialShape(found).compatible(expected):
        raise _wrong(member, f"must take the card's patch, {expected}", str(openvino.PartialShape(found)))


def _require_shape(card: ModelCard, member: Member, model: openvino.Model) -> None:
    expected = (1, card.outputs, *card.patch)
    found = model.outputs[0].partial_shape
    if found.is_dynamic or tuple(found.to_shape()) != expected:
        must = f"must give logits {expected}: background and {len(card.classes)} classes, on the card's patch"
        raise _wrong(member, must, str(found))


def _require_logits(member: Member, logits: np.ndarray) -> None:
    if not np.isfinite(logits).all():
        raise _wrong(member, "must give finite logits for an image of zeros", "infinite ones or nan")
    if logits.min() >= 0 and np.abs(logits.sum(axis=1) - 1).max() < ROUNDING:
        raise _wrong(member, "must give logits, whose softmax is taken here", "probabilities that sum to 1")


def _wrong(member: Member, must: str, found: str) -> InputRefused:
    return InputRefused(f"The network in {member.file} {must}.", f"{found}.", TODO)

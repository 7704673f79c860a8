"""Another model of the SAM family, from two ONNX files and a card: encoder and decoder through OpenVINO on the CPU.

The decoder's interface is the one of `segment-anything`'s own export (github.com/facebookresearch/segment-anything,
scripts/export_onnx_model.py): the corners of a box are points with the labels 2 and 3, and -1 is a point that pads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from services.errors import InputRefused
from services.segmentation.card import require_content
from services.segmentation.promptable.prompts import Answer, Box, Prompt, require_a_say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import openvino
    from numpy.typing import NDArray

    from services.segmentation.card import Member
    from services.segmentation.promptable.card import PromptableCard

NEEDED = {"image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input"}
OPTIONAL = {"orig_im_size"}
MASKS, QUALITY = ("low_res_masks", "masks"), "iou_predictions"
UPSCALING = 4
"""A mask that is given has this many rows for one of the embedding."""
FIRST_CORNER, LAST_CORNER, PADDING = 2.0, 3.0, -1.0
TODO = "Correct the card, or export the model anew: docs/how-to/add-a-model.md."


class SamOnnx:
    """See `Promptable`."""

    def __init__(self, card: PromptableCard, threads: int = 0) -> None:
        """Load and compile; `threads`: of OpenVINO, 0 for all cores.

        Raises InputRefused where a file is not the one that the card names, or has another interface.
        """
        import openvino  # noqa: PLC0415 -- heavy: only who prompts needs it

        self.side, self.key = card.side, card.key
        encoder, decoder = card.members
        self._encoder = _compiled(card, encoder, threads)
        self._decoder = _compiled(card, decoder, threads)
        self._mean, self._std = (np.array(value, np.float32)[:, None, None] for value in (card.mean, card.std))
        self._inputs = _require_interface(self._encoder, encoder, self._decoder, decoder, card.side)
        engine = f"OpenVINO {openvino.__version__.split('-')[0]}, CPU, float32"
        hashes = [member.sha256 for member in card.members]
        self.identity = {"model": self.key, "weights_sha256": hashes, "engine": engine}

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        """See `Promptable`."""
        scaled = ((picture - self._mean) / self._std)[None]
        embedding: NDArray[np.float16] = self._encoder(scaled)[0][0].astype(np.float16)
        return embedding

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        """See `Promptable`. Of several masks the one that the model thinks best of."""
        require_a_say(prompt)
        given = _given(embedding, prompt, self.side)
        outputs = self._decoder({name: given[name] for name in self._inputs})
        named = {name: value for port, value in outputs.items() for name in port.names}
        masks, quality = next(named[name] for name in MASKS if name in named)[0], named[QUALITY][0]
        best = int(np.argmax(quality))
        return Answer(_resized(masks[best], self.side), float(quality[best]))

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        """See `Promptable`. One after the other: the export takes one prompt at a time."""
        return [self.answer(embedding, prompt) for prompt in prompts]


def probe(card: PromptableCard) -> None:
    """Outline a box in a black picture. Raises InputRefused where what comes out is not what it must be."""
    model = SamOnnx(card)
    encoder, decoder = card.members
    embedding = model.embed(np.zeros((3, card.side, card.side), np.float32))
    if not np.isfinite(embedding).all():
        raise _wrong(encoder, "must give finite numbers of half precision for a black picture", "others")
    try:
        answer = model.answer(embedding, Prompt(box=Box(8, 8, card.side - 9, card.side - 9)))
    except RuntimeError as error:
        raise _wrong(decoder, "must take what the encoder gives", f"a {type(error).__name__} on its way") from error
    if not np.isfinite(answer.logits).all() or not np.isfinite(answer.quality):
        raise _wrong(decoder, "must give finite logits and qualities", "infinite ones or nan")


def _compiled(card: PromptableCard, member: Member, threads: int) -> openvino.CompiledModel:
    import openvino  # noqa: PLC0415 -- heavy: only who prompts needs it

    core = openvino.Core()
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    try:
        return core.compile_model(core.read_model(require_content(card, member)), "CPU", settings)
    except RuntimeError as error:
        raise _wrong(member, "must be one that OpenVINO can infer", f"a {type(error).__name__} on its way") from error


def _require_interface(
    encoder: openvino.CompiledModel, first: Member, decoder: openvino.CompiledModel, second: Member, side: int
) -> set[str]:
    """The names of the decoder's inputs, once both files have the interface that they must have."""
    ports = len(encoder.inputs), len(encoder.outputs)
    if ports != (1, 1):
        raise _wrong(first, "must take one picture and give one embedding", f"{ports[0]} inputs and {ports[1]} outputs")
    _require_shapes(encoder, first, side)
    inputs = {next(iter(NEEDED & port.names), port.any_name) for port in decoder.inputs}
    if not inputs - OPTIONAL == NEEDED:
        raise _wrong(second, f"must have the inputs {', '.join(sorted(NEEDED))}", ", ".join(sorted(inputs)))
    outputs = {name for port in decoder.outputs for name in port.names}
    if QUALITY not in outputs or not outputs & set(MASKS):
        must = f"must have the outputs {QUALITY} and {' or '.join(MASKS)}"
        raise _wrong(second, must, ", ".join(sorted(outputs)))
    return inputs


def _require_shapes(encoder: openvino.CompiledModel, member: Member, side: int) -> None:
    import openvino  # noqa: PLC0415 -- heavy: only who prompts needs it

    taken, expected = encoder.inputs[0].partial_shape, openvino.PartialShape([1, 3, side, side])
    if not taken.compatible(expected):
        raise _wrong(member, f"must take the card's picture, {expected}", str(taken))
    given = encoder.outputs[0].partial_shape
    if given.rank.is_dynamic or given.rank.get_length() != expected.rank.get_length():
        raise _wrong(member, "must give an embedding (1, channels, rows, columns)", str(given))


def _given(embedding: NDArray[np.float16], prompt: Prompt, side: int) -> dict[str, NDArray[np.float32]]:
    """A prompt as the decoder takes it: x before y, and a point that pads where there is no box."""
    points = [(click.column, click.row, float(click.positive)) for click in prompt.clicks]
    if prompt.box is not None:
        top, left, bottom, right = prompt.box
        points += [(left, top, FIRST_CORNER), (right, bottom, LAST_CORNER)]
    else:
        points.append((0.0, 0.0, PADDING))
    rows = embedding.shape[1] * UPSCALING
    mask = np.zeros((rows, rows), np.float32) if prompt.mask is None else _resized(prompt.mask, rows)
    said = np.array(points, np.float32)[None]
    return {
        "image_embeddings": embedding[None].astype(np.float32),
        "point_coords": said[:, :, :2],
        "point_labels": said[:, :, 2],
        "mask_input": mask[None, None],
        "has_mask_input": np.array([prompt.mask is not None], np.float32),
        "orig_im_size": np.array([side, side], np.float32),
    }


def _resized(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Square values on another number of pixels, bilinear by their centres."""
    if values.shape == (side, side):
        return np.array(values, np.float32)
    scale = side / np.array(values.shape)
    resized: NDArray[np.float32] = ndimage.zoom(values, scale, order=1, mode="nearest", grid_mode=True)
    return resized


def _wrong(member: Member, must: str, found: str) -> InputRefused:
    return InputRefused(f"The network in {member.file} {must}.", f"{found}.", TODO)

"""LiteMedSAM: MedSAM (Ma et al. 2024, doi:10.1038/s41467-024-44824-z) distilled to a TinyViT encoder, 9.79 M weights.

It was distilled with boxes alone. A click means nothing to it: on a real CTA one click gave Dice 0.00 where a box gave
0.97. `clicking` makes a box of a click.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from services.segmentation.converting import converted
from services.segmentation.promptable.package import VERSION, WEIGHTS_SHA256, is_installed, network
from services.segmentation.promptable.prompts import Answer, require_a_say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Prompt

__all__ = ["KEY", "SIDE", "LiteMedSam", "is_installed"]

KEY = f"LiteMedSAM@{VERSION}"
SIDE = 256
MOST_TOGETHER = 4
"""Prompts decoded in one go. More gained nothing, and each takes memory."""


class LiteMedSam:
    """Encoder and mask decoder through OpenVINO on the CPU in float32, the small prompt encoder in PyTorch.

    One call at a time.
    """

    side = SIDE
    key = KEY

    def __init__(self, threads: int = 0, *, precision: str = "f32") -> None:
        """Load and convert; takes some seconds. `threads`: of OpenVINO, 0 for all cores.

        precision: what OpenVINO may compute in; 'bf16' is quicker, and good enough to train on alone.
        Raises InputRefused where the package or its weights are not there.
        """
        import openvino  # noqa: PLC0415 -- heavy: only who prompts needs it
        import torch  # noqa: PLC0415 -- as above

        built = network()
        settings = {"INFERENCE_PRECISION_HINT": precision} | ({"INFERENCE_NUM_THREADS": threads} if threads else {})
        core = openvino.Core()
        self._prompts = built.prompt_encoder
        picture = torch.zeros(1, 3, SIDE, SIDE)
        self._encoder = core.compile_model(converted(built.image_encoder, picture), "CPU", settings)
        self._decoder = core.compile_model(_converted_decoder(built), "CPU", settings)
        versions = openvino.__version__.split("-")[0], torch.__version__.split("+")[0]
        engine = "OpenVINO {}, prompts by PyTorch {}, CPU, float32".format(*versions)
        self.identity = {"model": KEY, "weights_sha256": [WEIGHTS_SHA256], "engine": engine}

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        """See `Promptable`."""
        embedding: NDArray[np.float16] = self._encoder(picture[None])[0][0].astype(np.float16)
        return embedding

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        """See `Promptable`."""
        return self.answers(embedding, [prompt])[0]

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        """See `Promptable`. Prompts of the same number of points are decoded together."""
        encoded = [self._encoded(prompt) for prompt in prompts]
        image = embedding[None].astype(np.float32)
        answered: dict[int, Answer] = {}
        for batch in _batches([sparse.shape[1] for sparse, _ in encoded]):
            sparse, dense = (np.concatenate([encoded[number][part] for number in batch]) for part in (0, 1))
            logits, quality = self._decoder([image, sparse, dense]).values()
            for row, number in enumerate(batch):
                answered[number] = Answer(logits[row, 0].copy(), float(quality[row, 0]))
        return [answered[number] for number in range(len(prompts))]

    def _encoded(self, prompt: Prompt) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sparse (1, points, channels) and dense (1, channels, rows, columns) embedding of a prompt."""
        import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

        require_a_say(prompt)
        with torch.inference_mode():
            sparse, dense = self._prompts(**_asked(prompt))
        return sparse.numpy(), dense.numpy()


def _batches(points: list[int]) -> list[list[int]]:
    """Numbers of prompts, those with as many points together, at most MOST_TOGETHER."""
    alike: dict[int, list[int]] = {}
    for number, count in enumerate(points):
        alike.setdefault(count, []).append(number)
    steps = ((group, range(0, len(group), MOST_TOGETHER)) for group in alike.values())
    return [group[start : start + MOST_TOGETHER] for group, starts in steps for start in starts]


def _converted_decoder(built: Any) -> Any:  # noqa: ANN401 -- see `network`
    """The mask decoder for any number of prompts about one image, with the positions of the image's pixels inside."""
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    class Decoder(torch.nn.Module):
        """Its first mask: the one for a prompt that means one thing."""

        def __init__(self) -> None:
            super().__init__()
            self.decoder = built.mask_decoder
            self.register_buffer("positions", built.prompt_encoder.get_dense_pe())

        def forward(
            self, image: torch.Tensor, sparse: torch.Tensor, dense: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            logits, quality = self.decoder(image, self.positions, sparse, dense, multimask_output=False)
            return logits, quality

    _, channels, rows, columns = built.prompt_encoder.get_dense_pe().shape
    image, dense = torch.zeros(1, channels, rows, columns), torch.zeros(2, channels, rows, columns)
    return converted(Decoder().eval(), image, torch.zeros(2, 2, channels), dense)


def _asked(prompt: Prompt) -> dict[str, Any]:
    """The prompt as SAM's prompt encoder takes it: x before y, boxes as two corners."""
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    asked: dict[str, Any] = {"points": None, "boxes": None, "masks": None}
    if prompt.box is not None:
        top, left, bottom, right = prompt.box
        asked["boxes"] = torch.tensor([[[left, top, right, bottom]]], dtype=torch.float32)
    if prompt.clicks:
        where = torch.tensor([[[click.column, click.row] for click in prompt.clicks]], dtype=torch.float32)
        asked["points"] = where, torch.tensor([[int(click.positive) for click in prompt.clicks]])
    if prompt.mask is not None:
        asked["masks"] = torch.from_numpy(np.ascontiguousarray(prompt.mask, dtype=np.float32))[None, None]
    return asked

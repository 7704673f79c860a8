"""What computes a network's logits: OpenVINO on the CPU, PyTorch on a GPU. Both in float32, so that they agree.

torch and OpenVINO are loaded when the first engine is made, in the worker and on the command line only.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from scipy.special import softmax

from services.segmentation.card import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import openvino
    import torch
    from numpy.typing import NDArray

    from services.segmentation.card import Member, ModelCard
    from services.segmentation.heads import Heads


MOST_STREAMS = 4
"""Windows that the CPU computes at the same time, however many cores there are: each takes about 40 MB."""


class Engine(Protocol):
    """One network, ready to infer."""

    name: str
    """Program, version, device and precision, as a result's parameters keep it."""

    def probabilities(self, windows: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Windows (1, 1, k, j, i), scaled as the card says, to probabilities (1 + classes, k, j, i), in their order.

        A network with two heads gives (outputs, k, j, i): the probabilities of both, then the spread. An answer may be
        written to, and holds until the next one is asked for: nothing is copied.
        """


class FromLogits:
    """An engine that knows logits: what each window's say, one window after the other."""

    heads: Heads | None = None

    def logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Windows (n, 1, k, j, i) to logits (n, outputs, k, j, i)."""
        raise NotImplementedError

    def probabilities(self, windows: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """See `Engine`."""
        for window in windows:
            yield answered(self.logits(window)[0], self.heads)


def answered(logits: NDArray[np.float32], heads: Heads | None) -> NDArray[np.float32]:
    """Logits (outputs, k, j, i) of one window to what an engine answers."""
    if heads is None:
        probability: NDArray[np.float32] = softmax(logits, axis=0)
        return probability
    spread = np.logaddexp(0, logits[heads.spread :])
    both = (softmax(logits[one], axis=0) for one in (heads.hard, heads.soft))
    return np.concatenate([*both, spread]).astype(np.float32, copy=False)


Engines: TypeAlias = "Callable[[ModelCard, Member], Engine]"
"""Makes the engine of a member; `KeptNetworks` is one."""


class OpenVinoEngine:
    """On the CPU. Cores compute windows of their own, since in a shared one they wait after every layer."""

    def __init__(self, model: openvino.Model, heads: Heads | None = None) -> None:
        """Compile a model of static shape (1, 1, *patch); takes about 0.1 s and 80 MB, given back with the engine."""
        import openvino  # noqa: PLC0415 -- heavy: see above

        cores = _cores()
        streams = min(cores, MOST_STREAMS)
        self.name = f"OpenVINO {openvino.__version__.split('-')[0]}, CPU, float32"
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": cores,
            "ENABLE_CPU_PINNING": True,
        }
        compiled = openvino.Core().compile_model(_answering(model, heads), "CPU", settings)
        self._requests = [compiled.create_infer_request() for _ in range(streams + 1)]

    def probabilities(self, windows: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """See `Engine`. One window waits while the others are computed; one call at a time."""
        idle = list(self._requests)
        busy: deque[tuple[openvino.InferRequest, NDArray[np.float32]]] = deque()
        try:
            for window in windows:
                if not idle:
                    yield _answer(busy[0][0])
                    idle.append(busy.popleft()[0])
                busy.append((idle.pop(), window))
                busy[-1][0].start_async([window], share_inputs=True)
            while busy:
                yield _answer(busy[0][0])
                busy.popleft()
        finally:  # whoever stops early frees no window that is still being read
            for request, _ in busy:
                request.wait()


def _answering(model: openvino.Model, heads: Heads | None) -> openvino.Model:
    """The model with what `answered` does behind its logits."""
    import openvino  # noqa: PLC0415 -- heavy: see above
    from openvino import opset13  # noqa: PLC0415

    logits = model.output(0).get_node().input_value(0)
    if heads is None:
        return openvino.Model([opset13.softmax(logits, axis=1)], model.get_parameters())
    classes = heads.hard.stop
    hard, soft, spread = opset13.variadic_split(logits, 1, [classes, classes, 1]).outputs()
    both = [opset13.softmax(one, axis=1) for one in (hard, soft)]
    return openvino.Model([opset13.concat([*both, opset13.softplus(spread)], axis=1)], model.get_parameters())


def _answer(request: openvino.InferRequest) -> NDArray[np.float32]:
    request.wait()
    answer: NDArray[np.float32] = request.get_output_tensor(0).data[0]
    return answer


class TorchEngine(FromLogits):
    """On a GPU, or on the CPU to compare with."""

    def __init__(self, network: torch.nn.Module, device: str, heads: Heads | None = None) -> None:
        """`device` as PyTorch names it: cuda, cpu."""
        import torch  # noqa: PLC0415 -- heavy: see above

        self._network = network.to(device)
        self._device = device
        self.heads = heads
        self.name = f"PyTorch {torch.__version__.split('+')[0]}, {device}, float32"

    def logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `FromLogits`. TensorFloat-32 is off: its ten bits are too few for the same probabilities as a CPU's."""
        import torch  # noqa: PLC0415 -- heavy: see above

        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            answer = self._network(torch.from_numpy(np.ascontiguousarray(windows)).to(self._device))
        return np.asarray(answer.cpu().numpy(), dtype=np.float32)


class KeptNetworks:
    """Makes engines, and keeps the networks that it loaded, so that the next case does not wait for them.

    Loading takes a second or two a network. Kept are the weights (6 MB for ours); the engine too where it is a model's
    only one, since the memory of an ensemble's would add up.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, ...], Any] = {}

    def __call__(self, card: ModelCard, member: Member) -> Engine:
        """The engine of a member: PyTorch where there is a GPU that can run it, else OpenVINO."""
        name = str(card.folder), card.key, member.file, member.sha256
        if len(card.members) > 1:
            return self._engine(card, member, name)
        engine: Engine = self._kept(("engine", *name), lambda: self._engine(card, member, name))
        return engine

    def _engine(self, card: ModelCard, member: Member, name: tuple[str, ...]) -> Engine:
        from services.segmentation import loading  # noqa: PLC0415 -- heavy: see above

        if card.format is not Format.ONNX and has_gpu():
            network = self._kept(("torch", *name), lambda: loading.torch_module(card, member))
            return TorchEngine(network, "cuda", card.heads)
        return OpenVinoEngine(self._kept(("openvino", *name), lambda: loading.openvino_model(card, member)), card.heads)

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

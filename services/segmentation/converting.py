"""From a PyTorch network to OpenVINO, with nobody told. torch and OpenVINO are heavy: imported where this is needed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino
    import torch


def converted(network: torch.nn.Module, *examples: torch.Tensor) -> openvino.Model:
    """The network as an OpenVINO model, traced on `examples`; sizes that it takes from its input stay free.

    `openvino.convert_model` does the same, and reports every network to a server on the internet.
    """
    import torch  # noqa: PLC0415 -- heavy: see above
    from openvino.frontend import FrontEndManager  # noqa: PLC0415
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of branches on sizes, which are the same for every input
        traced = torch.jit.trace(network, examples, check_trace=False)  # type: ignore[no-untyped-call]
    decoder = TorchScriptPythonDecoder(traced, shared_memory=False)  # must live until the conversion is done
    frontend = FrontEndManager().load_by_framework("pytorch")
    return frontend.convert(frontend.load(decoder))

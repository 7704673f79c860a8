"""The small network behind corrections: what it sees of a slice and of clicks, and how it is read from the disk.

It sees squares of SIDE pixels: CT in three windows, a disc for each positive and each negative click, and the mask of
before (after RITM: Sofiiuk, Petrov and Konushin 2021, arXiv:2102.06583). It learnt from generated scans alone.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from services.errors import InputRefused
from services.segmentation.promptable import clicked_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

SIDE = 96
WINDOWS_HU = ((-160.0, 240.0), (-100.0, 500.0), (-500.0, 1000.0))
DISC_PIXELS = 3.0
"""Radius of a click on the network's input."""
CHANNELS, STRIDES, RESIDUAL_UNITS = (16, 32, 64, 96, 128), (2, 2, 2, 2), 1
SHIPPED = Path(__file__).parents[1] / "weights" / "clicks"
CARD, NAME = "network.toml", "Phantom clicks"
"""Not a `card.toml`: those are models that outline by themselves."""


class ClickModel(Protocol):
    """What says, to clicks, where the thing that they point at is."""

    side: int
    """Rows and columns of the squares that it sees."""
    identity: Mapping[str, object]
    """What a result's parameters keep: model, version, SHA-256 of the weights, engine."""

    def predict(
        self,
        hounsfield: NDArray[np.float32],
        positive: NDArray[np.bool_],
        negative: NDArray[np.bool_],
        previous: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Probability, 0 to 1, of each pixel. All (side, side): HU, discs around clicks, and the mask of before."""


class ClickNetwork:
    """The network that is shipped, in PyTorch on the CPU: some hundredths of a second a square."""

    side = SIDE

    def __init__(self, network: nn.Module, identity: Mapping[str, object]) -> None:
        self._network, self.identity = network.eval(), identity

    def predict(
        self,
        hounsfield: NDArray[np.float32],
        positive: NDArray[np.bool_],
        negative: NDArray[np.bool_],
        previous: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """See `ClickModel`."""
        import torch  # noqa: PLC0415 -- heavy: only who corrects needs it

        seen = torch.from_numpy(network_input(hounsfield, positive, negative, previous))
        with torch.inference_mode():
            probability: NDArray[np.float32] = torch.sigmoid(self._network(seen[None]))[0, 0].numpy()
        return probability


def network_input(
    hounsfield: NDArray[np.float32],
    positive: NDArray[np.bool_],
    negative: NDArray[np.bool_],
    previous: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """(6, side, side) float32, 0 to 1: windows of WINDOWS_HU, discs that add, discs that remove, the mask of before."""
    windows = [np.clip((hounsfield - low) / (high - low), 0, 1) for low, high in WINDOWS_HU]
    return np.stack([*windows, positive, negative, previous]).astype(np.float32)


def discs(rows: NDArray[np.float64], columns: NDArray[np.float64], side: int = SIDE) -> NDArray[np.bool_]:
    """(side, side): what lies within DISC_PIXELS of one of the places, in pixels; nothing where there are none."""
    return clicked_view.discs((side, side), rows, columns, (DISC_PIXELS, DISC_PIXELS))


def new_network() -> nn.Module:
    """A network with new weights: (n, 6, side, side) to logits (n, 1, side, side). MONAI's residual U-Net, in 2D."""
    from monai.networks.nets.unet import UNet  # noqa: PLC0415 -- heavy: only who corrects or trains needs it

    network = UNet(
        spatial_dims=2,
        in_channels=len(WINDOWS_HU) + 3,
        out_channels=1,
        channels=CHANNELS,
        strides=STRIDES,
        num_res_units=RESIDUAL_UNITS,
        norm="INSTANCE",
    )
    return cast("nn.Module", network)


def load_click_model(folder: Path = SHIPPED) -> ClickNetwork:
    """The network of a folder with CARD; takes seconds the first time. Raises InputRefused where it is not whole."""
    import torch  # noqa: PLC0415 -- heavy: only who corrects needs it

    from services.segmentation.networks import load_weights  # noqa: PLC0415 -- loads torch and MONAI

    card = _card(folder)
    network = load_weights(new_network(), folder / str(card["file"]))
    engine = f"PyTorch {torch.__version__.split('+')[0]}, CPU, float32"
    key = f"{card['name']}@{card['version']}"
    return ClickNetwork(network, {"model": key, "weights_sha256": [card["sha256"]], "engine": engine})


def _card(folder: Path) -> dict[str, Any]:
    """What the folder says of its weights, if they are those."""
    must = "The network for corrections must lie in its folder as it was shipped."
    try:
        card = tomllib.loads((folder / CARD).read_text(encoding="utf-8"))
        found = hashlib.sha256((folder / card["file"]).read_bytes()).hexdigest()
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise InputRefused(must, "no such file, or another one.", "Install Second Look again.") from error
    if found != card["sha256"]:
        raise InputRefused(must, "weights of another SHA-256.", "Install Second Look again.")
    return card

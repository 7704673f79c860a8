"""A model whose answer is known: what is bright is lumen, what is grey is thrombus, and its two members differ there.

The members agree on lumen and background. One is sure that grey voxels are thrombus, the other that they are background:
there all doubt is disagreement, ln 2 nats, and the mean is a half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.segmentation.card import Format, Member, ModelCard
from services.segmentation.registry import SHIPPED
from services.uncertainty.decomposition import Decomposition
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.imaging.progress import Tell

CARD = ModelCard(
    name="tube finder",
    version="1",
    format=Format.UNET,
    classes={1: "lumen", 2: "thrombus"},
    spacing_mm=(2.0, 2.0, 2.0),
    window_hu=(-200.0, 500.0),
    patch=(96, 96, 96),
    members=(Member("a.safetensors", "a" * 64, 1), Member("b.safetensors", "b" * 64, 2)),
    folder=SHIPPED / "tube",
)
OTHER_WEIGHTS = replace(CARD, members=(Member("a.safetensors", "c" * 64, 1), CARD.members[1]))
LUMEN_HU, THROMBUS_HU = 200, 20


@dataclass(frozen=True)
class Known:
    """What the model says, as services/segmentation/inference.py says it."""

    region: Region
    probability: NDArray[np.float32]
    predictive_entropy: NDArray[np.float32]
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    mask: NDArray[np.uint8]
    members: int
    spacing_mm: tuple[float, float, float]
    parameters: Mapping[str, object]


def predict(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    card: ModelCard,
    *,
    locator: ModelCard | None,
    progress: Tell,
) -> Known:
    """Two members' answer on the box around everything that is not background."""
    region = bounding_region(hounsfield > THROMBUS_HU) or Region((0, 0, 0), (1, 1, 1))
    part = hounsfield[slices_of(region)]
    lumen, grey = part > LUMEN_HU, (part > THROMBUS_HU) & (part <= LUMEN_HU)
    sums = Decomposition()
    for number in range(2):
        progress("members", number, 2)
        thrombus = grey & (number == 0)
        sums.add(np.stack([~(lumen | thrombus), lumen, thrombus]).astype(np.float32))
    progress("members", 2, 2)
    found = sums.result()
    mask = (lumen * 1 + grey * 2).astype(np.uint8)
    entropies = (found.predictive_entropy, found.expected_entropy, found.mutual_information)
    return Known(region, found.mean, *entropies, mask, 2, (2.0, 2.0, 2.0), {"members": 2, "seeds": "1, 2"})


def broken(*_: object, **__: object) -> Known:
    """A model that ends with an error nobody thought of."""
    raise RuntimeError("Meier^Anna")

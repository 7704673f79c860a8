"""All formats give the same logits, in PyTorch and in OpenVINO; a card that is wrong about its network is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
import pytest
import torch
from torch import nn

from services.errors import InputRefused
from services.segmentation import loading
from services.segmentation.card import read_card
from tests.services.segmentation.model_folders import PATCH, Scaled, card_of, export, model, unet, write_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("a.pt2", "a.onnx", "a.safetensors")


class Changed(nn.Module):
    """A known network, and what is done to its logits."""

    def __init__(self, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.known = Scaled()
        self._change = change

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self._change(self.known(image))


def image(count: int = 1) -> torch.Tensor:
    return torch.rand(count, 1, *PATCH, generator=torch.Generator().manual_seed(2))


def by_openvino(found: openvino.Model, windows: torch.Tensor) -> Any:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return openvino.Core().compile_model(found, "CPU", settings)(windows.numpy())[0]


def probe_of(folder: Path) -> str:
    with pytest.raises(InputRefused) as refused:
        loading.probe(read_card(folder))
    return f"{refused.value.must} {refused.value.found}"


@pytest.mark.parametrize("name", NAMES)
def test_openvino_gives_what_the_network_gave_before_it_was_stored(name: str, tmp_path: Path) -> None:
    network = unet() if name == "a.safetensors" else Scaled()
    card = read_card(model(tmp_path, network, name))
    with torch.inference_mode():
        expected = network.eval()(image()).numpy()
    found = by_openvino(loading.openvino_model(card, card.members[0]), image())
    np.testing.assert_allclose(found, expected, atol=5e-3)  # weights in float16 differ by 5e-4 of their size


@pytest.mark.parametrize("name", ["a.pt2", "a.safetensors"])
def test_pytorch_and_openvino_agree(name: str, tmp_path: Path) -> None:
    card = read_card(model(tmp_path, unet(), name))
    with torch.inference_mode():
        expected = loading.torch_module(card, card.members[0])(image()).numpy()
    found = by_openvino(loading.openvino_model(card, card.members[0]), image())
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_unet_may_be_given_several_windows(tmp_path: Path) -> None:
    card = read_card(model(tmp_path, unet(), "a.safetensors"))
    found = loading.openvino_model(card, card.members[0])
    alone = by_openvino(found, image(3)[1:2])
    found.reshape([3, 1, *PATCH])
    np.testing.assert_allclose(by_openvino(found, image(3))[1:2], alone, atol=1e-5)


def test_pytorch_does_not_read_onnx_and_says_so(tmp_path: Path) -> None:
    card = read_card(model(tmp_path, Scaled(), "a.onnx"))
    with pytest.raises(InputRefused, match="OpenVINO, on the CPU"):
        loading.torch_module(card, card.members[0])


def test_a_member_that_changed_after_its_card_was_read_is_not_loaded(tmp_path: Path) -> None:
    card = read_card(model(tmp_path, Scaled(), "a.onnx"))
    (tmp_path / "a.onnx").write_bytes(b"another")
    with pytest.raises(InputRefused, match="SHA-256"):
        loading.openvino_model(card, card.members[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_right_card_passes_the_probe_and_says_how_far_it_is(name: str, tmp_path: Path) -> None:
    network = unet() if name == "a.safetensors" else Scaled()
    told: list[tuple[str, int, int]] = []
    loading.probe(read_card(model(tmp_path, network, name)), lambda *words: told.append(words))
    assert told == [("networks tried", 0, 1), ("networks tried", 1, 1)]


@pytest.mark.parametrize("name", ["a.pt2", "a.onnx"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": {"1": "liver", "2": "spleen", "3": "stomach"}}, "background and 3 classes"),
        ({"classes": {"1": "liver"}}, "background and 1 classes"),
        ({"patch": [8, 16, 32]}, "patch"),
    ],
)
def test_a_card_with_other_classes_or_another_patch_is_refused(
    name: str, changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    assert words in probe_of(model(tmp_path, Scaled(), name, **changes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda logits: logits / 0, "finite logits"),
        (lambda logits: logits.softmax(1), "probabilities that sum to 1"),
        (lambda logits: logits[:, :, ::2], "on the card's patch"),
        (lambda logits: (logits, logits), "2 outputs"),
    ],
)
def test_what_is_no_logits_is_refused(
    change: Callable[[torch.Tensor], torch.Tensor], words: str, tmp_path: Path
) -> None:
    assert words in probe_of(model(tmp_path, Changed(change), "a.onnx"))


def test_weights_of_another_layout_are_refused(tmp_path: Path) -> None:
    network = {"channels": [2, 4, 8], "strides": [2, 2]}
    weights = export(unet(), tmp_path / "a.safetensors")
    assert "must fit the card's [network]" in probe_of(write_card(tmp_path, card_of(weights, network=network)))


def test_nobody_is_told_which_networks_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr("openvino_telemetry.utils.sender.TelemetrySender.send", lambda *said: sent.append(said))
    found = read_card(model(tmp_path, Scaled(), "a.pt2"))
    loading.openvino_model(found, found.members[0])
    assert sent == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"no network")
    assert name in probe_of(write_card(tmp_path, card_of(tmp_path / name)))


def test_weights_of_onnx_outside_its_file_are_refused(tmp_path: Path) -> None:
    """Such a file is not named by the card, may be any file, and is not among those that a store keeps."""
    onnx = pytest.importorskip("onnx")
    network = onnx.load(export(Scaled(), tmp_path / "a.onnx"))
    (tmp_path / "elsewhere").mkdir()
    onnx.save(network, tmp_path / "elsewhere" / "a.onnx", save_as_external_data=True, size_threshold=0, location="w")
    (tmp_path / "w").write_bytes((tmp_path / "elsewhere" / "w").read_bytes())
    folder = tmp_path / "kept"
    folder.mkdir()
    (tmp_path / "elsewhere" / "a.onnx").rename(folder / "a.onnx")
    assert "a.onnx" in probe_of(write_card(folder, card_of(folder / "a.onnx")))

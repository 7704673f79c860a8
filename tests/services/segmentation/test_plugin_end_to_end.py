"""One's own network, from training's end to an outline, as the how-to says: its code and its card are run here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
import pytest
import torch
from torch import nn

from services.segmentation import loading, registry
from services.segmentation.inference import predict
from tests.services.segmentation.model_folders import digest

if TYPE_CHECKING:
    from tests.services.conftest import Run

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-model.md"


def block(language: str) -> str:
    """The how-to's first block in this language."""
    found, *_ = re.findall(rf"^```{language}\n(.*?)^```", HOW_TO.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nn.Module]:
    """A folder with what the how-to's code exports, both ways, and the network that it exported."""
    folder = tmp_path_factory.mktemp("networks")
    said: dict[str, Any] = {}
    torch.manual_seed(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.warns(DeprecationWarning, match="TorchScript"):
            exec(compile(block("python"), HOW_TO.name, "exec"), said)
    return folder, said["network"]


@pytest.fixture(params=["fold-1.pt2", "fold-1.onnx"])
def folder(request: pytest.FixtureRequest, exported: tuple[Path, nn.Module], tmp_path: Path) -> Path:
    """The model's folder as the user has it: one network, and the how-to's card, with what the user fills in."""
    name, weights = request.param, exported[0] / request.param
    (tmp_path / name).write_bytes(weights.read_bytes())
    card = re.sub("<sha256sum .*>", digest(weights), block("toml")).replace("fold-1.pt2", name)
    if name.endswith(".onnx"):
        card = card.replace('"torch.export"', '"onnx"', 1)
    (tmp_path / "card.toml").write_text(card)
    return tmp_path


def test_a_network_of_ones_own_outlines_what_it_outlined_before(
    folder: Path, exported: tuple[Path, nn.Module], run: Run, home: Path
) -> None:
    code, out, error = run("models", "add", folder, "--json")
    assert code == 0, error
    card = registry.find(json.loads(out)["model"], home)
    (folder / "card.toml").unlink()  # the store has its own
    patch = np.random.default_rng(5).random((1, 1, *card.patch), dtype=np.float32)
    with torch.inference_mode():
        before = exported[1](torch.from_numpy(patch)).numpy()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(loading.openvino_model(card, card.members[0]), "CPU", settings)
    np.testing.assert_allclose(compiled(patch)[0], before, atol=1e-4)
    assert (card.key, card.about["licence"]) == ("My aorta@1", "CC-BY-4.0")


def test_a_network_of_ones_own_segments_a_scan(
    folder: Path, exported: tuple[Path, nn.Module], run: Run, home: Path
) -> None:
    """On a scan that lies on the network's own grid and fits one patch, what is found is the network's own softmax."""
    assert run("models", "add", folder)[0] == 0
    card = registry.find("My aorta@1", home)
    hounsfield = np.random.default_rng(6).integers(-300, 600, card.patch).astype(np.int16)
    affine = np.array([[0, 0, 2, -60], [0, 2, 0, -60], [2, 0, 0, 10], [0, 0, 0, 1]], dtype=float)
    found = predict(hounsfield, affine, card)
    image = (np.clip(hounsfield, -200, 500) + 200) / np.float32(700)
    with torch.inference_mode():
        expected = exported[1](torch.from_numpy(image[None, None])).softmax(1)[0].numpy()
    np.testing.assert_allclose(found.probability, expected, atol=1e-3)
    assert (found.region.shape, found.members) == (card.patch, 1)
    assert "mutual information" in found.missing

"""Real networks, tiny ones with weights by chance, from the command line to what is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch

from services import shelf, workflow
from services.segmentation.networks import build
from tests.services.segmentation import model_folders

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from services.desk import Desk
    from tests.services.conftest import Run


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return build(model_folders.LAYOUT, 3)


def test_the_command_stores_what_an_ensemble_says_and_the_second_time_nothing(
    run: Run, desk: Desk, keys: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    files = [model_folders.export(network(seed), folder / f"{seed}.safetensors") for seed in range(2)]
    shelf.add(desk, model_folders.write_card(folder, model_folders.card_of(*files)))
    for what in ("analysed", "before"):
        code, out, error = run("analyse", keys[0], "--model", "Tiny@1", "--json")
        assert (code, json.loads(out)[what]) == (0, [keys[0]]), error
    layers = [layer.spec for layer in workflow.case_page(desk, keys[0]).layers if layer.spec.author == "Tiny"]
    assert len(layers) == 8
    doubt = {spec.name: desk.store.blobs.get(spec.image.digest)[0] * spec.slope for spec in layers}
    assert 0 < float(doubt["predictive entropy"].max()) <= np.log(3)
    assert 0 < float(doubt["mutual information"].max()) <= np.log(2) + 3e-4
    assert layers[0].parameters["seeds"] == [0, 1]

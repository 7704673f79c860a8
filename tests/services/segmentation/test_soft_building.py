"""The commands that train networks of doubt, for two steps, from the shipped ensemble."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from services.segmentation import installed
from services.segmentation.card import Format, read_card
from services.segmentation.loading import torch_module
from services.segmentation.soft_building import Ensemble

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.card import ModelCard
    from tests.services.conftest import Run

SHORT = ("--steps", "2", "--scans", "1", "--members", "1", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that its one scan is generated once."""
    return tmp_path_factory.mktemp("training")


def trained(run: Run, folder: Path, *words: str) -> tuple[str, ModelCard]:
    """What the command printed, and the card that it wrote."""
    code, out, err = run("train", words[0], folder, *words[1:], *SHORT)
    assert code == 0, err
    [one] = json.loads(out)
    assert (one["seed"], one["steps"]) == (1, 2)
    return out, read_card(folder / one["weights"].split("-")[0])


def test_soft_trains_members_further_and_goes_on_where_it_ended(folder: Path, run: Run) -> None:
    out, card = trained(run, folder, "soft")
    assert (card.key, card.format, card.companion_of) == ("Phantom ensemble soft@1", Format.UNET, "Phantom ensemble@1")
    assert "simulated readers (SYNTHETIC)" in card.about["training_data"]
    assert trained(run, folder, "soft") == (out, card)
    before, after = (torch_module(one, one.members[0]).state_dict() for one in (installed.aorta(), card))
    largest = max(float((after[name] - before[name]).abs().max()) for name in before)
    assert 0 < largest < 0.01, "two steps of 5e-4 and less"


def test_a_control_is_another_model_that_is_no_companion(folder: Path, run: Run) -> None:
    card = trained(run, folder, "soft", "--target", "exact")[1]
    assert (card.key, card.companion_of) == ("Phantom ensemble exact@1", "")
    assert "readers" not in card.about["training_data"]


def test_light_trains_one_network_with_two_heads(folder: Path, run: Run) -> None:
    card = trained(run, folder, "light")[1]
    assert (card.key, card.format, card.companion_of) == (
        "Phantom ensemble light@1",
        Format.TWO_HEADS,
        "Phantom ensemble@1",
    )
    with torch.inference_mode():
        said = torch_module(card, card.members[0])(torch.zeros(1, 1, 32, 32, 32))
    assert said.shape == (1, 7, 32, 32, 32)
    assert torch.isfinite(said).all()


def test_a_target_belongs_to_members_that_are_trained_further(tmp_path: Path, run: Run) -> None:
    code, _, err = run("train", "light", tmp_path, "--target", "exact")
    assert code == 2
    assert "secondlook train soft" in err


def test_a_network_begins_as_a_member_that_is_there() -> None:
    with pytest.raises(ValueError, match="no member of seed 9"):
        Ensemble(installed.aorta()).member(9)

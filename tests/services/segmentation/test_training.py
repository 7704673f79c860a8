"""A short training: it learns, and gives the same weights again, whether it was interrupted or not."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from services.phantom.cohort import COHORT_SEED
from services.phantom.painted.cohort import EXTERNAL_SEED
from services.segmentation import training_set
from services.segmentation.networks import build, load_weights
from services.segmentation.recipes import RECIPES
from services.segmentation.training import Trainer
from tests.services.segmentation.tiny import tiny_recipe, tiny_scan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.conftest import Run

MEGABYTES_3 = 3 * 2**20


def trainer(*steps: int) -> Trainer:
    return Trainer(tiny_recipe(*steps), 1, [tiny_scan(0), tiny_scan(1)])


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def weights(of: Trainer, path: Path) -> dict[str, torch.Tensor]:
    of.save_weights(path)
    return load_file(path)


def test_a_short_training_learns_and_repeats_itself_to_the_bit(tmp_path: Path) -> None:
    first, second = trainer(), trainer()
    first.run(tmp_path / "first", progress=silent)
    second.run(tmp_path / "second", progress=silent)
    assert sum(first.losses[-4:]) < 0.8 * sum(first.losses[:4])
    assert first.losses == second.losses
    one, other = (weights(t, tmp_path / f"{n}.safetensors") for n, t in enumerate((first, second)))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("interrupted_after", [3, 4, 5])
def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path: Path, interrupted_after: int) -> None:
    """Within a cycle of the learning rate, and at its end."""
    whole, early = trainer(4, 4), trainer(4, 4)
    whole.run(tmp_path / "whole", progress=silent)
    for _ in range(interrupted_after):
        early.advance()
    early.save(tmp_path / "early")
    resumed = trainer(4, 4)
    resumed.run(tmp_path / "early", progress=silent)
    assert resumed.losses == whole.losses
    one, other = (weights(t, tmp_path / f"{n}.safetensors") for n, t in enumerate((whole, resumed)))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_seed_begins_elsewhere() -> None:
    one, other = (Trainer(tiny_recipe(), seed, [tiny_scan()]).network.state_dict() for seed in (1, 2))
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    trainer(1).run(tmp_path / "kept", progress=silent)
    with pytest.raises(ValueError, match="belongs to another recipe"):
        trainer(2).run(tmp_path / "kept", progress=silent)


def test_kept_weights_are_float16_and_give_the_network_again(tmp_path: Path) -> None:
    one = trainer()
    kept = weights(one, tmp_path / "kept.safetensors")
    assert {value.dtype for value in kept.values()} == {torch.float16}
    again = load_weights(build(one.recipe.layout, 3), tmp_path / "kept.safetensors")
    image = torch.rand(1, 1, 32, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(again(image), one.average.module.eval()(image), atol=0.02)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.folder)
def test_no_network_takes_more_than_3_megabytes_as_float16(recipe: object) -> None:
    count = sum(value.numel() for value in build(recipe.layout, len(recipe.classes) + 1).parameters())  # type: ignore[attr-defined]
    assert 2 * count <= MEGABYTES_3


def test_training_scans_share_no_seed_with_a_test_cohort() -> None:
    """The command generates at most 999 scans of a cohort."""
    firsts = sorted((COHORT_SEED, EXTERNAL_SEED, training_set.TRAINING_SEED, training_set.VALIDATION_SEED))
    assert all(later - earlier > 999 for earlier, later in pairwise(firsts))
    plans = [training_set.training_plan(training_set.TRAINING_SEED, number, 2.0) for number in range(40)]
    assert len({plan.seed for plan in plans}) == 40
    assert len({factor for plan in plans for factor in plan.factors}) == 9, "all but thick slices"


def test_the_command_trains_writes_a_card_and_goes_on(tmp_path: Path, run: Run) -> None:
    words = ("train", "locator", tmp_path, "--steps", "2", "--scans", "1", "--json")
    code, out, err = run(*words)
    assert code == 0, err
    [trained] = json.loads(out)
    assert trained["steps"] == 2
    before = (tmp_path / "locator" / trained["weights"]).read_bytes()
    assert run(*words)[:2] == (0, out)
    assert (tmp_path / "locator" / trained["weights"]).read_bytes() == before
    assert 'name = "Phantom locator"' in (tmp_path / "locator" / "card.toml").read_text()

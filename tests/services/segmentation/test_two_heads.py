"""One network with two heads: what it says before its first step, the spread that it learns, and its training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from services.segmentation.folding import folded
from services.segmentation.heads import heads_of
from services.segmentation.networks import build
from services.segmentation.training import Trainer
from services.segmentation.two_heads import FIRST_SPREAD, UP, TwoHeads, spread_loss, spread_of
from tests.services.segmentation.tiny import read_tiny_scan, tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.recipes import Recipe


class Says(nn.Module):
    """The same logits everywhere, whatever the image shows."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = torch.tensor(logits).reshape(1, -1, 1, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(1, -1, *image.shape[2:])


def member(seed: int) -> nn.Module:
    """A tiny network that stands for a trained one."""
    with torch.random.fork_rng():
        torch.manual_seed(100 + seed)
        return build(tiny_recipe().layout, 3).eval()


def light(*steps: int) -> Recipe:
    plain = tiny_recipe(*steps)
    return replace(plain, layout=replace(plain.layout, dropout=0.1))


def trainer(*steps: int) -> Trainer:
    recipe = light(*steps)
    return Trainer(recipe, 1, [read_tiny_scan()], lesson=TwoHeads(recipe, member, [member(1), member(2)]))


def test_before_the_first_step_both_heads_say_what_the_member_says_and_the_spread_is_small() -> None:
    network, image = trainer().network.eval(), torch.rand(1, 1, 32, 32, 32)
    hard, soft, spread = heads_of(3)
    with torch.inference_mode():
        said, expected = network(image), member(1)(image)
    torch.testing.assert_close(said[:, hard], expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(said[:, soft], expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(said[:, spread], torch.full((1, 32, 32, 32), FIRST_SPREAD), atol=1e-5, rtol=0)


def test_the_last_level_is_where_the_weights_are_widened() -> None:
    names = build(light().layout, 7).state_dict()
    assert names[f"{UP}.weight"].shape[1] == names[f"{UP}.bias"].shape[0] == 7


@pytest.mark.parametrize(
    ("logits", "spread"),
    [
        (((50.0, 0.0, 0.0), (0.0, 50.0, 0.0)), 0.5**0.5),  # variances 1/4, 1/4 and 0
        (((50.0, 0.0, 0.0), (50.0, 0.0, 0.0)), 0.0),
        (((50.0, 0.0, 0.0), (0.0, 50.0, 0.0), (0.0, 0.0, 50.0)), (2 / 3) ** 0.5),  # 2/9 three times
    ],
)
def test_the_spread_is_the_root_of_the_variance_summed_over_classes(
    logits: tuple[tuple[float, ...], ...], spread: float
) -> None:
    found = spread_of([Says(*one) for one in logits], torch.zeros(2, 3, 4))
    torch.testing.assert_close(found, torch.full((2, 3, 4), spread))


@pytest.mark.parametrize(
    ("spread", "wanted", "loss"),
    [
        ((0.0, 0.0), (0.3, 0.4), 0.25 / (0.25 + 2e-4)),  # all of it is missed
        ((0.3, 0.4), (0.3, 0.4), 0.0),
        ((0.3, 0.0), (0.3, 0.4), 0.16 / (0.25 + 2e-4)),
        ((0.01, 0.01), (0.0, 0.0), 1.0),  # members agree: a hundredth everywhere is as wrong as seeing nothing
    ],
)
def test_the_loss_of_the_spread_is_the_share_that_is_missed(
    spread: tuple[float, float], wanted: tuple[float, float], loss: float
) -> None:
    found = spread_loss(torch.tensor(spread).reshape(2, 1, 1), torch.tensor(wanted).reshape(2, 1, 1))
    assert found.item() == pytest.approx(loss, rel=1e-5)


def test_it_learns() -> None:
    one = trainer(24)
    losses = [one.advance() for _ in range(24)]
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])


def test_an_interrupted_training_ends_as_if_it_had_not_been_for_all_its_dropout(tmp_path: Path) -> None:
    whole, early, resumed = trainer(4), trainer(4), trainer(4)
    whole.run(tmp_path / "whole", progress=lambda *_: None)
    early.advance()
    early.save(tmp_path / "early")
    torch.rand(100)
    resumed.run(tmp_path / "early", progress=lambda *_: None)
    assert resumed.losses == whole.losses
    torch.testing.assert_close(resumed.average.state_dict(), whole.average.state_dict(), atol=0, rtol=0)


def test_a_step_leaves_the_random_numbers_of_others_alone() -> None:
    one = trainer()
    before = torch.get_rng_state()
    one.advance()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_last_level_may_still_be_folded() -> None:
    one, image = trainer().network.eval(), torch.rand(1, 1, 16, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(folded(one, light().layout)(image), one(image), atol=2e-5, rtol=1e-4)

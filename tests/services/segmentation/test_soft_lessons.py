"""What members learn further from readers: targets worked by hand, and a training that begins where they ended."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.experts import soft_labels as experts
from services.experts.consensus import majority
from services.experts.votes import count_votes
from services.phantom.structures import Structure
from services.segmentation.networks import build
from services.segmentation.randomisation import Window
from services.segmentation.readings import READERS, packed
from services.segmentation.recipes import AORTA, Target, trained_further
from services.segmentation.soft_lessons import Further, shares, soft_labels, soft_loss
from services.segmentation.training import Trainer
from tests.services.segmentation.tiny import read_tiny_scan, tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from services.segmentation.recipes import Recipe

EXACT = int(Structure.THROMBUS)
ANY = arrays(np.uint8, (READERS, 3, 4, 3), elements=st.integers(0, 2))


def window(drawn: NDArray[np.uint8]) -> Window:
    """A window whose readers drew this, (reader, k, j, i), and whose truth is thrombus everywhere."""
    together = torch.from_numpy(packed(list(drawn)).astype(np.int64))
    return Window(torch.zeros(together.shape), torch.full(together.shape, EXACT), together)


def voxel(*labels: int) -> Window:
    return window(np.array(labels, np.uint8).reshape(READERS, 1, 1, 1))


def further(target: Target, recipe: Recipe = AORTA) -> Further:
    return Further(recipe, target, member)


def member(seed: int) -> nn.Module:
    """A tiny network that stands for a trained one."""
    with torch.random.fork_rng():
        torch.manual_seed(100 + seed)
        return build(tiny_recipe().layout, 3)


def test_shares_are_how_many_of_the_readers_gave_each_class() -> None:
    assert shares(voxel(1, 1, 2, 0), 3).flatten().tolist() == [0.25, 0.5, 0.25]


@given(ANY)
def test_soft_labels_are_those_that_experts_get_and_sum_to_one(drawn: NDArray[np.uint8]) -> None:
    found = soft_labels(window(drawn), 3)
    np.testing.assert_allclose(found.numpy(), experts.svls(drawn, classes=3), atol=1e-6)
    np.testing.assert_allclose(found.sum(0).numpy(), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("target", "labels", "expected"),
    [
        (Target.FIRST_READER, (2, 1, 1, 1), 2),
        (Target.MAJORITY, (2, 1, 1, 1), 1),
        (Target.MAJORITY, (2, 2, 1, 1), 1),
        (Target.MAJORITY, (0, 0, 1, 2), 0),
        (Target.EXACT, (0, 0, 0, 0), 2),
    ],
)
def test_a_hard_target_is_one_reader_most_readers_or_the_truth(
    target: Target, labels: tuple[int, ...], expected: int
) -> None:
    assert further(target).hard(voxel(*labels)).item() == expected


@given(ANY)
def test_the_majority_is_the_one_of_the_consensus(drawn: NDArray[np.uint8]) -> None:
    votes = count_votes(drawn, classes=3)
    expected = votes.on_voxels(majority(votes).labels)
    np.testing.assert_array_equal(further(Target.MAJORITY).hard(window(drawn)).numpy(), expected)


def test_shares_are_no_hard_label() -> None:
    with pytest.raises(ValueError, match="needs a hard target"):
        further(Target.SOFT).hard(voxel(0, 0, 0, 0))


def test_a_window_that_nobody_read_teaches_nothing() -> None:
    unread = Window(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1, dtype=torch.long))
    with pytest.raises(ValueError, match="must have readers"):
        shares(unread, 3)


def test_the_loss_of_soft_labels_is_cross_entropy_with_the_shares() -> None:
    """With three readers against one, between two classes: ln 2 for half and half, H(3/4) = 0.5623 at its least."""
    soft = torch.tensor([0.75, 0.25]).reshape(2, 1, 1, 1)
    even = torch.zeros(1, 2, 1, 1, 1)
    assert soft_loss(even, soft).item() == pytest.approx(log(2))
    assert soft_loss(soft.log()[None], soft).item() == pytest.approx(0.75 * log(4 / 3) + 0.25 * log(4))


def test_the_loss_of_a_hard_target_is_small_for_that_target_alone() -> None:
    drawn = window(np.stack([np.full((4, 4, 4), label, np.uint8) for label in (1, 2, 2, 2)]))
    says_1 = torch.zeros(1, 3, 4, 4, 4)
    says_1[:, 1] = 20.0
    assert further(Target.FIRST_READER).loss(says_1, drawn).item() < 0.01
    assert all(further(target).loss(says_1, drawn).item() > 1 for target in (Target.MAJORITY, Target.EXACT))


@pytest.mark.parametrize("target", Target)
def test_training_begins_as_the_member_and_learns(target: Target) -> None:
    recipe = tiny_recipe(12)
    trainer = Trainer(recipe, 1, [read_tiny_scan()], lesson=further(target, recipe))
    torch.testing.assert_close(dict(trainer.network.state_dict()), dict(member(1).state_dict()), atol=0, rtol=0)
    losses = [trainer.advance() for _ in range(12)]
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    recipe = tiny_recipe(4)
    whole, early, resumed = (
        Trainer(recipe, 1, [read_tiny_scan()], lesson=further(Target.SOFT, recipe)) for _ in range(3)
    )
    whole.run(tmp_path / "whole", progress=lambda *_: None)
    early.advance()
    early.save(tmp_path / "early")
    resumed.run(tmp_path / "early", progress=lambda *_: None)
    assert resumed.losses == whole.losses
    torch.testing.assert_close(resumed.average.state_dict(), whole.average.state_dict(), atol=0, rtol=0)


def test_all_targets_are_learnt_alike_and_kept_apart() -> None:
    recipes = [trained_further(target) for target in Target]
    assert len({recipe.folder for recipe in recipes}) == len({recipe.name for recipe in recipes}) == len(Target)
    assert len({repr(replace(recipe, name="", folder="")) for recipe in recipes}) == 1
    assert recipes[0].members == AORTA.members

"""Networks that prompt LiteMedSAM themselves: what a gate may do, what stays frozen, and that training learns."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from services.errors import InputRefused
from services.segmentation.promptable.self_prompt_training import Course, SelfPromptTrainer, loss_of
from services.segmentation.promptable.self_prompt_weights import SelfPrompter, save
from services.segmentation.promptable.self_prompting import Arm, Prompted, SelfPrompting
from tests.services.segmentation.promptable.self_prompts import CELLS, examples, prompt_encoder

if TYPE_CHECKING:
    from pathlib import Path

COURSE = Course(steps=24, batch=4, rate=4e-3)


def trainer(arm: Arm = Arm.GATED, course: Course = COURSE) -> SelfPromptTrainer:
    return SelfPromptTrainer(arm, prompt_encoder(), examples(16), course)


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def digest(module: torch.nn.Module) -> str:
    values = (value.detach().numpy().tobytes() for value in module.state_dict().values())
    return hashlib.sha256(b"".join(values)).hexdigest()


def an_embedding(seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 1, (1, 256, CELLS, CELLS)).astype(np.float32))


@settings(max_examples=8, deadline=None)
@given(seed=some.integers(0, 1000), bias=some.floats(-8, 8), steep=some.floats(-3, 3))
def test_the_gate_can_only_take_away(seed: int, bias: float, steep: float) -> None:
    """Whatever it has learnt: what the decoder is told is nowhere more than the foreground prompt alone."""
    torch.manual_seed(seed)
    network, told = SelfPrompting(Arm.GATED, prompt_encoder()).eval(), []
    assert network.gate is not None
    torch.nn.init.constant_(network.gate.weight, steep)
    assert network.gate.bias is not None
    torch.nn.init.constant_(network.gate.bias, bias)
    network.decoder.of_prompt.register_forward_pre_hook(lambda _, given: told.append(given[0]))
    with torch.inference_mode():
        found = network(an_embedding(seed))
        alone = network._encoded(found.foreground)
    assert ((found.gate >= 0) & (found.gate <= 1)).all()
    assert (told[0].abs() <= alone.abs()).all()


def test_a_new_gate_closes_where_a_sure_background_was_encoded_and_opens_where_its_opposite_was() -> None:
    network = SelfPrompting(Arm.GATED, prompt_encoder()).eval()
    assert network.gate is not None
    background = torch.full((1, 1, CELLS, CELLS), 6.0)
    background[..., 4:12, 4:12] = -6
    with torch.inference_mode():
        gate = 1 - torch.sigmoid(network.gate(network._encoded(background)))
    assert gate[0, 0, 8, 8] > 0.85
    assert gate[0, 0, 1, 1] < 0.15


def test_without_a_gate_the_foreground_prompt_reaches_the_decoder_whole() -> None:
    network, told = SelfPrompting(Arm.SOFT, prompt_encoder()).eval(), []
    network.decoder.of_prompt.register_forward_pre_hook(lambda _, given: told.append(given[0]))
    with torch.inference_mode():
        found = network(an_embedding(1))
        assert torch.equal(told[0], network._encoded(found.foreground))
    assert found.gate is None


def test_the_mask_has_the_picture_s_pixels_and_prompts_lie_on_cells() -> None:
    for arm in Arm:
        found = SelfPrompting(arm, prompt_encoder()).eval()(an_embedding(2))
        assert found.mask.shape == (1, 1, 4 * CELLS, 4 * CELLS)
        assert (found.foreground is None) == (arm is Arm.NO_PROMPT)


@pytest.mark.parametrize("arm", list(Arm))
def test_a_short_training_learns_and_repeats_itself_to_the_bit(arm: Arm, tmp_path: Path) -> None:
    first, second = trainer(arm), trainer(arm)
    first.run(tmp_path / "first", progress=silent)
    second.run(tmp_path / "second", progress=silent)
    assert sum(first.losses[-4:]) < 0.7 * sum(first.losses[:4])
    assert first.losses == second.losses
    assert digest(first.network) == digest(second.network)


def test_another_seed_gives_other_weights() -> None:
    assert digest(trainer().network) != digest(trainer(course=replace(COURSE, seed=2)).network)


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, early, resumed = trainer(), trainer(), trainer()
    whole.run(tmp_path / "whole", progress=silent)
    for _ in range(7):
        early.advance()
    early.save(tmp_path / "early")
    resumed.run(tmp_path / "early", progress=silent)
    assert digest(resumed.network) == digest(whole.network)


def test_a_checkpoint_of_another_course_is_refused(tmp_path: Path) -> None:
    trainer().save(tmp_path / "other")
    with pytest.raises(ValueError, match="belongs to another course"):
        trainer(course=replace(COURSE, steps=9)).load(tmp_path / "other")


def test_the_prompt_encoder_is_the_same_after_training_and_is_not_kept(tmp_path: Path) -> None:
    before = digest(prompt_encoder())
    trained = trainer()
    for _ in range(3):
        trained.advance()
    save(trained.network, tmp_path / "gated.safetensors", {})
    assert digest(prompt_encoder()) == before
    assert {name.split(".")[0] for name in trained.network.state_dict()} == {"generator", "gate", "decoder"}


def test_every_example_is_seen_once_before_any_is_seen_again() -> None:
    one = trainer()
    seen = []
    for one.step in range(8):
        seen += one._numbers()
    assert sorted(seen[:16]) == sorted(seen[16:]) == list(range(16))
    assert seen[:16] != seen[16:]


def test_a_sure_and_right_answer_costs_nothing_and_a_wrong_one_much() -> None:
    inside = torch.zeros(2, 1, 64, 64)
    inside[0, :, 16:32, 16:32] = 1
    cells = torch.nn.functional.avg_pool2d(inside, 4)
    right = Prompted(40 * inside - 20, 40 * cells - 20, 20 - 40 * cells, None)
    assert loss_of(right, inside).item() == pytest.approx(0, abs=1e-3)
    assert loss_of(Prompted(-right.mask, None, None, None), inside).item() > 10


def test_kept_weights_give_what_the_trained_network_gives(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = SelfPrompting(Arm.GATED, prompt_encoder()).eval()
    save(network, tmp_path / "gated.safetensors", {"seed": "1"})
    kept = SelfPrompter(tmp_path / "gated.safetensors", Arm.GATED, prompt_encoder())
    embedding = examples(1).embeddings[0]
    with torch.inference_mode():
        whole = network(torch.from_numpy(embedding.astype(np.float32))[None])
    found = kept.propose(embedding)
    np.testing.assert_allclose(found.logits, whole.mask[0, 0].numpy(), atol=0.02)
    assert found.gate is not None
    assert found.gate.shape == found.logits.shape == (4 * CELLS, 4 * CELLS)


def test_weights_of_another_arm_are_refused(tmp_path: Path) -> None:
    save(SelfPrompting(Arm.SOFT, prompt_encoder()), tmp_path / "soft.safetensors", {})
    with pytest.raises(InputRefused, match="must be those that came with this program"):
        SelfPrompter(tmp_path / "soft.safetensors", Arm.GATED, prompt_encoder())

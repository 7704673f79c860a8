"""What is shipped to prompt LiteMedSAM: small files, a card that says where they come from, and nothing else."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors import safe_open

from services.errors import InputRefused
from services.segmentation import loading, registry
from services.segmentation.card import CARD, Format, read_card
from services.segmentation.promptable.package import WEIGHTS_SHA256
from services.segmentation.promptable.self_prompt_building import FOLDER, TrainedArm, card_text
from services.segmentation.promptable.self_prompt_training import Course
from services.segmentation.promptable.self_prompt_weights import NAMES, SEEDS, SelfPrompter, file_of, save
from services.segmentation.promptable.self_prompting import Arm, SelfPrompting
from tests.services.segmentation.promptable.self_prompts import examples, prompt_encoder

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = registry.SHIPPED / FOLDER
MEGABYTES_3 = 3 * 2**20
every = pytest.mark.parametrize(("arm", "seed"), list(product(NAMES, SEEDS)))


def trained(folder: Path) -> list[TrainedArm]:
    """New weights of two arms in a folder."""
    made = []
    for arm in (Arm.GATED, Arm.SOFT):
        torch.manual_seed(1)
        path = folder / file_of(arm, 1)
        made.append(TrainedArm(arm, 1, path, save(SelfPrompting(arm, prompt_encoder()), path, {"seed": "1"}), 0.5))
    return made


def test_the_card_names_the_gated_arm_as_its_member_and_the_others_to_be_compared_with(tmp_path: Path) -> None:
    gated, soft = trained(tmp_path)
    (tmp_path / CARD).write_text(card_text([gated, soft], Course(steps=5), 48, 600))
    card = read_card(tmp_path)
    assert (card.format, card.members[0].file, card.members[0].seed) == (Format.SELF_PROMPT, "gated-1.safetensors", 1)
    assert card.about["compared"] == {"soft-1.safetensors": soft.sha256}
    assert (card.about["steps"], card.about["slices"], card.about["scan_seeds"]) == (5, 600, [600_001, 600_048])
    assert card.about["encoder_sha256"] == WEIGHTS_SHA256
    assert "SYNTHETIC" in card.about["training_data"]


def test_such_weights_are_no_network_that_outlines_by_itself(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text(card_text(trained(tmp_path), Course(), 48, 600))
    card = read_card(tmp_path)
    with pytest.raises(InputRefused, match="work with that model alone"):
        loading.torch_module(card, card.members[0])


@every
def test_shipped_weights_are_small_and_as_the_card_says(arm: Arm, seed: int) -> None:
    card, path = read_card(SHIPPED), SHIPPED / file_of(arm, seed)
    assert path.stat().st_size < MEGABYTES_3
    named = card.about["compared"] | {member.file: member.sha256 for member in card.members}
    assert named[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    with safe_open(path, "pt") as file:
        assert file.metadata()["arm"] == arm.value


@every
def test_shipped_weights_answer(arm: Arm, seed: int) -> None:
    found = SelfPrompter(SHIPPED / file_of(arm, seed), arm, prompt_encoder()).propose(examples(1).embeddings[0])
    assert (found.gate is not None) == (arm is Arm.GATED)

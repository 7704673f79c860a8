"""From nothing to self-prompting that can be shipped: scans, slices seen by the encoder, arms and seeds, a card.

folder/scans/...                     generated once, shared with the recipes of the networks
folder/self_prompt_set/...           embeddings, about 2 MB a slice
folder/checkpoints/...               where an interrupted training goes on
folder/self_prompt/card.toml, gated-1.safetensors, soft-1.safetensors, no-prompt-1.safetensors
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import torch

from services.segmentation import training_set
from services.segmentation.card import CARD, Format
from services.segmentation.promptable import package
from services.segmentation.promptable.lite_medsam import KEY, SIDE, LiteMedSam
from services.segmentation.promptable.middle_frame import FIELD_MM, WINDOWS_HU
from services.segmentation.promptable.self_prompt_set import Encoded, encode
from services.segmentation.promptable.self_prompt_training import Course, SelfPromptTrainer
from services.segmentation.promptable.self_prompt_weights import NAMES, SEEDS, file_of, save
from services.segmentation.recipes import GRID_MM

if TYPE_CHECKING:
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.segmentation.promptable.self_prompting import Arm

FOLDER, SET = "self_prompt", "self_prompt_set"
SCANS, SLICES = 48, 600
NAME, VERSION = "LiteMedSAM unprompted", "1"
THREADS = 1
CARD_TEXT = """\
# Written by `secondlook train self-prompt`. Slices are seen as they are: {field:g} mm on {side} x {side} pixels, three
# windows as channels. What `window_hu`, `spacing_mm` and `patch` say is the widest window, the pixel and the picture.
name = {name}
version = {version}
format = "{format}"
spacing_mm = {spacing}
window_hu = {window}
patch = [1, {side}, {side}]

[classes]
1 = "lumen"
2 = "thrombus"

[about]
training_data = "generated scans of the implicit generator alone (SYNTHETIC); no patient's image, no painted scan"
method = "self-prompting with a background gate, after IP-SAM (arXiv:2603.27250), on frozen LiteMedSAM"
intended_use = "Demonstration. Not for diagnosis."
licence = "Apache-2.0"
encoder = {encoder}
encoder_sha256 = {encoder_sha256}
steps = {steps}
scans = {scans}
slices = {slices}
scan_seeds = {seeds}
torch = {torch}

[about.compared]
{compared}

[[member]]
file = {file}
sha256 = {sha256}
seed = {seed}
"""


@dataclass(frozen=True)
class TrainedArm:
    """One arm that was trained once."""

    arm: Arm
    seed: int
    weights: Path
    sha256: str
    last_loss: float
    """Mean over the last fiftieth of the steps."""


def train_self_prompt(
    folder: Path, course: Course, *, scans: int = SCANS, slices: int = SLICES, progress: Tell
) -> list[TrainedArm]:
    """Train every arm by every seed on the same slices, going on where an earlier call ended, and write their card."""
    examples = _examples(folder, scans, slices, progress)
    output, checkpoints = folder / FOLDER, folder / "checkpoints"
    for path in (output, checkpoints):
        path.mkdir(exist_ok=True)
    prompt_encoder = package.network().prompt_encoder
    trained = []
    for seed, arm in product(SEEDS, NAMES):
        of_seed, file = replace(course, seed=seed), file_of(arm, seed)
        trainer = SelfPromptTrainer(arm, prompt_encoder, examples, of_seed)
        trainer.run((checkpoints / file).with_suffix(".checkpoint"), progress=progress)
        digest = save(trainer.network, output / file, {"steps": str(course.steps), "seed": str(seed), "encoder": KEY})
        last = trainer.losses[-max(1, course.steps // 50) :]
        trained.append(TrainedArm(arm, seed, output / file, digest, sum(last) / len(last)))
    (output / CARD).write_text(card_text(trained, course, scans, slices), encoding="utf-8")
    return trained


def card_text(trained: list[TrainedArm], course: Course, scans: int, slices: int) -> str:
    """The card: the first is its member, the others are named to be compared with."""
    shipped, *others = trained
    first = training_set.TRAINING_SEED
    return CARD_TEXT.format(
        field=FIELD_MM,
        side=SIDE,
        name=json.dumps(NAME),
        version=json.dumps(VERSION),
        format=Format.SELF_PROMPT,
        spacing=[FIELD_MM / SIDE] * 3,
        window=list(WINDOWS_HU[-1]),
        encoder=json.dumps(KEY),
        encoder_sha256=json.dumps(package.WEIGHTS_SHA256),
        steps=course.steps,
        scans=scans,
        slices=slices,
        seeds=[first, first + scans - 1],
        torch=json.dumps(torch.__version__),
        compared="\n".join(f"{json.dumps(one.weights.name)} = {json.dumps(one.sha256)}" for one in others),
        file=json.dumps(shipped.weights.name),
        sha256=json.dumps(shipped.sha256),
        seed=shipped.seed,
    )


def _examples(folder: Path, scans: int, slices: int, progress: Tell) -> Encoded:
    """The slices to learn from; the encoder is loaded only where some are not there yet."""
    seed, processes = training_set.TRAINING_SEED, os.cpu_count() or 1
    training_set.write_scans(folder / "scans", seed, scans, GRID_MM, processes=processes, progress=progress)
    written = training_set.read_scans(folder / "scans", seed, range(scans))
    load = partial(LiteMedSam, THREADS, precision="bf16")
    return encode(folder / SET, written, seed, slices, load, spacing_mm=GRID_MM, progress=progress)

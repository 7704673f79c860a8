"""From a recipe to a model that can be shipped: scans, members trained one after the other, weights, card.

folder/scans/...                          generated once, shared by all recipes
folder/checkpoints/aorta-1.checkpoint     where an interrupted training goes on
folder/aorta/aorta-1.safetensors, card.toml
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from services.segmentation import training_set
from services.segmentation.card import CARD, Format
from services.segmentation.randomisation import Looks
from services.segmentation.recipes import GRID_MM, WINDOW_HU
from services.segmentation.training import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.segmentation.recipes import Recipe

VERSION = "1"
CARD_TEXT = """\
# Written by `secondlook train`; what each field means: docs/how-to/add-a-model.md
name = {name}
version = {version}
format = "{format}"
spacing_mm = {spacing_mm}
window_hu = {window_hu}
patch = {patch}

[classes]
{classes}

[network]
channels = {channels}
strides = {strides}
residual_units = {residual_units}

[about]
training_data = {training_data}
method = {method}
intended_use = "Demonstration on generated scans. Not for diagnosis."
licence = "Apache-2.0"
steps = {steps}
scans = {scans}
scan_seeds = {scan_seeds}
"""
TRAINING_DATA = "generated scans of the implicit generator alone (SYNTHETIC); no patient's image, no painted scan"
METHOD = "domain randomisation after SynthSeg (doi:10.1016/j.media.2023.102789); Dice and cross-entropy; AdamW"


@dataclass(frozen=True)
class Trained:
    """One member that was trained."""

    weights: Path
    seed: int
    steps: int
    last_loss: float
    """Mean over the last fiftieth of the steps."""


def train_model(recipe: Recipe, folder: Path, *, looks: Looks | None = None, progress: Tell) -> list[Trained]:
    """Train all members of a recipe, going on where an earlier call ended, and write their card."""
    scans_folder, output = folder / "scans", folder / recipe.folder
    seed = training_set.TRAINING_SEED
    processes = os.cpu_count() or 1
    training_set.write_scans(scans_folder, seed, recipe.scans, GRID_MM, processes=processes, progress=progress)
    (folder / "checkpoints").mkdir(exist_ok=True)
    output.mkdir(exist_ok=True)
    scans = training_set.read_scans(scans_folder, seed, range(recipe.scans))
    trained = []
    for member in range(recipe.members):
        trainer = Trainer(recipe, recipe.first_seed + member, scans, looks or Looks())
        name = f"{recipe.folder}-{trainer.seed}"
        trainer.run(folder / "checkpoints" / f"{name}.checkpoint", progress=progress)
        weights = output / f"{name}.safetensors"
        trainer.save_weights(weights)
        last = trainer.losses[-max(1, trainer.step // 50) :]
        trained.append(Trained(weights, trainer.seed, trainer.step, sum(last) / len(last)))
    (output / CARD).write_text(card_text(recipe, trained), encoding="utf-8")
    return trained


def card_text(recipe: Recipe, trained: list[Trained]) -> str:
    """The card of a model whose members were trained."""
    first = training_set.TRAINING_SEED
    text = CARD_TEXT.format(
        name=json.dumps(recipe.name),
        version=json.dumps(VERSION),
        format=Format.UNET,
        spacing_mm=[recipe.spacing_mm] * 3,
        window_hu=list(WINDOW_HU),
        patch=list(recipe.patch),
        classes="\n".join(f"{number} = {json.dumps(name)}" for number, name in recipe.classes.items()),
        channels=list(recipe.layout.channels),
        strides=list(recipe.layout.strides),
        residual_units=recipe.layout.residual_units,
        training_data=json.dumps(TRAINING_DATA),
        method=json.dumps(METHOD),
        steps=recipe.steps,
        scans=recipe.scans,
        scan_seeds=[first, first + recipe.scans - 1],
    )
    return text + f'torch = "{torch.__version__}"\n' + "".join(map(_member_text, trained))


def _member_text(one: Trained) -> str:
    digest = hashlib.sha256(one.weights.read_bytes()).hexdigest()
    return f'\n[[member]]\nfile = "{one.weights.name}"\nsha256 = "{digest}"\nseed = {one.seed}\n'

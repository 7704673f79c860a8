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
from typing import TYPE_CHECKING, NamedTuple

import torch

from services.segmentation import training_set
from services.segmentation.card import CARD, Format
from services.segmentation.randomisation import Looks
from services.segmentation.recipes import GRID_MM, WINDOW_HU
from services.segmentation.training import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.segmentation.recipes import Recipe
    from services.segmentation.training_set import Scanned

VERSION = "1"
CARD_TEXT = """\
# Written by `secondlook train`; what each field means: docs/how-to/add-a-model.md
name = {name}
version = {version}
format = "{format}"
{companion}spacing_mm = {spacing_mm}
window_hu = {window_hu}
patch = {patch}

[classes]
{classes}

[network]
channels = {channels}
strides = {strides}
residual_units = {residual_units}
{dropout}
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


class Said(NamedTuple):
    """What a card says beyond its recipe."""

    training_data: str = TRAINING_DATA
    method: str = METHOD
    format: Format = Format.UNET
    companion_of: str = ""


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
    scans = scans_of(recipe, folder, progress=progress)
    return train_members(recipe, folder, lambda seed: Trainer(recipe, seed, scans, looks or Looks()), progress=progress)


def scans_of(recipe: Recipe, folder: Path, *, readers: bool = False, progress: Tell) -> list[Scanned]:
    """The scans of a recipe, with their readers where they are wanted; those that are not there yet are generated."""
    scans, seed, processes = folder / "scans", training_set.TRAINING_SEED, os.cpu_count() or 1
    training_set.write_scans(
        scans, seed, recipe.scans, GRID_MM, readers=readers, processes=processes, progress=progress
    )
    return training_set.read_scans(scans, seed, range(recipe.scans), readers=readers)


def train_members(
    recipe: Recipe, folder: Path, trainer_of: Callable[[int], Trainer], said: Said | None = None, *, progress: Tell
) -> list[Trained]:
    """Train the members of a recipe, one trainer a seed, and write their weights and card."""
    output = folder / recipe.folder
    (folder / "checkpoints").mkdir(exist_ok=True)
    output.mkdir(exist_ok=True)
    trained = []
    for member in range(recipe.members):
        trainer = trainer_of(recipe.first_seed + member)
        name = f"{recipe.folder}-{trainer.seed}"
        trainer.run(folder / "checkpoints" / f"{name}.checkpoint", progress=progress)
        weights = output / f"{name}.safetensors"
        trainer.save_weights(weights)
        last = trainer.losses[-max(1, trainer.step // 50) :]
        trained.append(Trained(weights, trainer.seed, trainer.step, sum(last) / len(last)))
    (output / CARD).write_text(card_text(recipe, trained, said), encoding="utf-8")
    return trained


def card_text(recipe: Recipe, trained: list[Trained], said: Said | None = None) -> str:
    """The card of a model whose members were trained."""
    first, said = training_set.TRAINING_SEED, said or Said()
    text = CARD_TEXT.format(
        name=json.dumps(recipe.name),
        version=json.dumps(VERSION),
        format=said.format,
        companion=f"companion_of = {json.dumps(said.companion_of)}\n" if said.companion_of else "",
        spacing_mm=[recipe.spacing_mm] * 3,
        window_hu=list(WINDOW_HU),
        patch=list(recipe.patch),
        classes="\n".join(f"{number} = {json.dumps(name)}" for number, name in recipe.classes.items()),
        channels=list(recipe.layout.channels),
        strides=list(recipe.layout.strides),
        residual_units=recipe.layout.residual_units,
        dropout=f"dropout = {recipe.layout.dropout}\n" if recipe.layout.dropout else "",
        training_data=json.dumps(said.training_data),
        method=json.dumps(said.method),
        steps=recipe.steps,
        scans=recipe.scans,
        scan_seeds=[first, first + recipe.scans - 1],
    )
    return text + f'torch = "{torch.__version__}"\n' + "".join(map(_member_text, trained))


def _member_text(one: Trained) -> str:
    digest = hashlib.sha256(one.weights.read_bytes()).hexdigest()
    return f'\n[[member]]\nfile = "{one.weights.name}"\nsha256 = "{digest}"\nseed = {one.seed}\n'

"""The command that trains the shipped models anew: train. See cli."""

from __future__ import annotations

from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services import terminal
from services.cli_begin import AsJson, begin
from services.errors import InputRefused
from services.segmentation.recipes import LIGHT, RECIPES, Cycle, Target, trained_further
from services.terminal import counted, sized

if TYPE_CHECKING:
    from services.imaging.progress import Tell
    from services.segmentation.building import Trained
    from services.segmentation.recipes import Recipe


class Which(StrEnum):
    """What can be trained."""

    AORTA = "aorta"
    ORGANS = "organs"
    LOCATOR = "locator"
    SELF_PROMPT = "self-prompt"
    CLICKS = "clicks"
    SOFT = "soft"
    LIGHT = "light"


def add_to(app: typer.Typer) -> None:
    """Make this a command of `secondlook`."""
    app.command(epilog="Example: secondlook train aorta training")(train)


def train(
    model: Annotated[
        Which,
        typer.Argument(
            help="Ensemble, organs, coarse pass, what prompts LiteMedSAM, corrections, or doubt of readers."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Where scans, checkpoints and weights go; a second call goes on.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of each member, in one cycle.")] = None,
    scans: Annotated[int | None, typer.Option(min=1, help="Scans to learn from, in place of the recipe's.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks, in place of the recipe's.")] = None,
    target: Annotated[Target | None, typer.Option(help="What `soft` learns: soft, or a control.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a shipped model anew on generated scans. An hour or two on two cores; a second call goes on."""
    begin()
    if target and model is not Which.SOFT:
        raise InputRefused("A target must be that of `secondlook train soft`.", "another model.", "Leave it out.")
    folder = folder.expanduser()
    if model is Which.SELF_PROMPT:
        _self_prompt(folder, steps, scans, as_json=as_json)
        return
    if model is Which.CLICKS:
        _train_clicks(folder, steps, scans, as_json=as_json)
        return
    target = target or Target.SOFT
    recipe = trained_further(target) if model is Which.SOFT else {**RECIPES, "light": LIGHT}[model.value]
    cycles = (Cycle(steps, recipe.cycles[0].learning_rate),) if steps else recipe.cycles
    recipe = replace(recipe, cycles=cycles, scans=scans or recipe.scans, members=members or recipe.members)
    with terminal.progress() as progress:
        trained = _networks(model, recipe, target, folder, progress)
    size = sum(one.weights.stat().st_size for one in trained)
    lines = [f"Trained: {counted(len(trained), 'network')} ({sized(size)}), {recipe.steps:,} steps each."]
    lines += [f"Seed {one.seed}: loss {one.last_loss:.3f} at the end." for one in trained]
    if as_json:
        terminal.print_json([asdict(one) | {"weights": one.weights.name} for one in trained])
        return
    terminal.show(trained, lines, as_json=False)


def _networks(model: Which, recipe: Recipe, target: Target, folder: Path, progress: Tell) -> list[Trained]:
    """Train the members of a recipe."""
    from services.segmentation import building, soft_building  # noqa: PLC0415 -- load torch and MONAI

    if model is Which.SOFT:
        return soft_building.train_further(recipe, target, folder, progress=progress)
    if model is Which.LIGHT:
        return soft_building.train_light(recipe, folder, progress=progress)
    return building.train_model(recipe, folder, progress=progress)


def _self_prompt(folder: Path, steps: int | None, scans: int | None, *, as_json: bool) -> None:
    """Train what prompts LiteMedSAM: every arm by every seed. As long as the others; a second call goes on."""
    from services.segmentation.promptable import self_prompt_building as building  # noqa: PLC0415 -- loads torch
    from services.segmentation.promptable.self_prompt_training import Course  # noqa: PLC0415

    course = Course(steps=steps) if steps else Course()
    with terminal.progress() as progress:
        trained = building.train_self_prompt(folder, course, scans=scans or building.SCANS, progress=progress)
    lines = [f"{one.arm}, seed {one.seed}: loss {one.last_loss:.3f} at the end." for one in trained]
    if as_json:
        terminal.print_json([asdict(one) | {"weights": one.weights.name} for one in trained])
        return
    terminal.show(trained, lines, as_json=False)


def _train_clicks(folder: Path, steps: int | None, scans: int | None, *, as_json: bool) -> None:
    """The network behind corrections by clicks, which has no members and no card of a model."""
    from services.segmentation.promptable.click_training import ClickRecipe, train_clicks  # noqa: PLC0415 -- torch

    recipe = ClickRecipe()
    if steps:
        recipe = replace(recipe, steps=steps, cycle=steps, squares=min(recipe.squares, steps * recipe.batch))
    recipe = replace(recipe, scans=scans or recipe.scans)
    with terminal.progress() as progress:
        trained = train_clicks(recipe, folder, progress=progress)
    size = sized(trained.weights.stat().st_size)
    lines = [
        f"Trained: {counted(1, 'network')} ({size}), {recipe.steps:,} steps; loss {trained.last_loss:.3f} at the end."
    ]
    terminal.show(asdict(trained) | {"weights": trained.weights.name}, lines, as_json=as_json)

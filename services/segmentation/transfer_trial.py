"""Does learning from formulas first help a network that has few labelled cases? A trial with arms, seeds and sizes.

Every arm fine-tunes the same network for the same steps on the same cases in the same order; arms differ in what the
network learned before. What is done is kept, one JSON line a run, so that a trial goes on where it was stopped.
Claim: Yamamoto et al. 2026, arXiv:2603.23199. What came out stands in docs/claims.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from services.phantom import fdif
from services.segmentation.card import Layout
from services.segmentation.networks import build, load_weights, save_weights
from services.segmentation.painted_crops import CLASSES, Cube, kept_crops
from services.segmentation.pretraining import Example, Schedule, dice, learn, predicted, transfer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from services.imaging.progress import Tell

SCRATCH, FDIF = "scratch", "FDIF"
ARMS: dict[str, fdif.Recipe | None] = {
    SCRATCH: None,
    FDIF: fdif.Recipe(),
    "FDIF without displacement": fdif.Recipe(displaced=False),
    "FDIF without mappers": fdif.Recipe(mapped=False),
}
"""What a network learns before it is fine-tuned."""
FORMULA_SEED, FEW_SEED, TEST_SEED = 80_001, 81_001, 82_001
"""Seeds of volumes, of the pool of labelled cases and of the test cases begin here; no other cohort has them."""
RUNS = "runs.jsonl"
MEAN = "mean of lumen and thrombus"
"""The score that is compared: the mean Dice of the classes, background left out."""
OUTER_WALL = "outer wall"


@dataclass(frozen=True)
class Trial:
    """How much of everything; seed n of `seeds` draws weights, the order of volumes, and which cases are labelled."""

    seeds: int = 5
    sizes: tuple[int, ...] = (2, 4, 8, 16)
    """Numbers of labelled cases; the larger ones hold the smaller."""
    sizes_of_variants: tuple[int, ...] = (2, 8)
    """Those at which the arms beside scratch and FDIF are run."""
    volumes: int = 200
    pool: int = 22
    tests: int = 22
    pretraining: int = 600
    """Steps on volumes of formulas."""
    fine_tuning: int = 300
    side: int = 32
    """Of the cube of voxels that a step sees."""
    cube: Cube = field(default_factory=Cube)
    layout: Layout = field(default_factory=lambda: Layout((8, 16, 32, 64), (2, 2, 2), 1))

    @property
    def wanted(self) -> list[tuple[int, str, int]]:
        """Seed, arm and number of labelled cases of every run; a seed is finished before the next one begins."""
        sizes = {arm: self.sizes if arm in (SCRATCH, FDIF) else self.sizes_of_variants for arm in ARMS}
        return [(seed, arm, size) for seed in range(self.seeds) for arm in ARMS for size in sizes[arm]]


@dataclass(frozen=True)
class Run:
    """One network that was fine-tuned and tested."""

    arm: str
    size: int
    """Labelled cases."""
    seed: int
    loss: float
    """Mean over the last steps of fine-tuning."""
    dice: dict[str, list[float]]
    """By structure, one value a test case; `nan` where neither network nor truth has any of it."""


def run(folder: Path, trial: Trial, *, progress: Tell) -> list[Run]:
    """Do what is missing of a trial, and give all its runs. `folder` keeps cases, weights and runs."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    pool = kept_crops(folder / "pool.npz", FEW_SEED, trial.pool, trial.cube, progress=progress)
    tests = kept_crops(folder / "tests.npz", TEST_SEED, trial.tests, trial.cube, progress=progress)
    runs = kept_runs(folder)
    done = {(one.seed, one.arm, one.size) for one in runs}
    for number, (seed, arm, size) in enumerate(trial.wanted):
        progress("runs", number, len(trial.wanted))
        if (seed, arm, size) not in done:
            runs.append(fine_tuned(folder, trial, arm, seed, pool=_few(pool, size, seed), tests=tests))
            _keep(folder, runs)
    progress("runs", len(trial.wanted), len(trial.wanted))
    return runs


def kept_runs(folder: Path) -> list[Run]:
    """The runs that were done."""
    path = folder / RUNS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Run(**json.loads(line)) for line in lines]


def _keep(folder: Path, runs: list[Run]) -> None:
    """Write all runs under another name first: a kill leaves the file as it was, or as it should be."""
    draft = (folder / RUNS).with_suffix(".unfinished")
    draft.write_text("".join(json.dumps(vars(one)) + "\n" for one in runs), encoding="utf-8")
    draft.rename(folder / RUNS)


def fine_tuned(folder: Path, trial: Trial, arm: str, seed: int, *, pool: list[Example], tests: list[Example]) -> Run:
    """Fine-tune a network on a pool and test it; its arm's pretraining is done first where it is not yet kept."""
    network = _fresh(trial, 1 + len(CLASSES), seed)
    recipe = ARMS[arm]
    if recipe is not None:
        transfer(_pretrained(folder, trial, arm, recipe, seed), network)
    loss = learn(network, pool, Schedule(trial.fine_tuning, trial.side, seed=seed))
    return Run(arm, len(pool), seed, round(loss, 4), scored(network, tests))


def scored(network: nn.Module, tests: list[Example]) -> dict[str, list[float]]:
    """Dice of each structure, of both inside the outer wall, and the mean, for every test case."""
    scores: dict[str, list[float]] = {name: [] for name in (*CLASSES.values(), OUTER_WALL, MEAN)}
    for test in tests:
        found = predicted(network, test.image)
        both = [dice(found == value, test.labels == value) for value in CLASSES]
        for name, value in zip(scores, (*both, dice(found > 0, test.labels > 0), float(np.mean(both))), strict=True):
            scores[name].append(round(value, 4))
    return scores


def kept_pretraining(folder: Path) -> list[dict[str, float | str]]:
    """Arm, seed and final loss of every network that learned from formulas."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.*.json"))]


def _few(pool: list[Example], size: int, seed: int) -> list[Example]:
    order = np.random.default_rng([FEW_SEED, seed]).permutation(len(pool))
    return [pool[number] for number in order[:size]]


def _fresh(trial: Trial, classes: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return build(trial.layout, classes)


@cache
def _formulas(recipe: fdif.Recipe, count: int) -> list[Example]:
    """The volumes of an arm, which are the same for every seed; none is written into."""
    volumes = (fdif.generate(FORMULA_SEED + number, recipe) for number in range(count))
    return [Example(volume.image / fdif.BRIGHTEST, volume.labels) for volume in volumes]


def _pretrained(folder: Path, trial: Trial, arm: str, recipe: fdif.Recipe, seed: int) -> nn.Module:
    """A network that learned from formulas, from its file; written there the first time."""
    path = folder / f"{arm.replace(' ', '-')}.{seed}.safetensors"
    network = _fresh(trial, 1 + len(fdif.CLASSES), seed)
    if not path.exists():
        loss = learn(network, _formulas(recipe, trial.volumes), Schedule(trial.pretraining, trial.side, seed=seed))
        path.with_suffix(".json").write_text(json.dumps({"arm": arm, "seed": seed, "loss": round(loss, 4)}))
        save_weights(network, path)
    return load_weights(network, path)

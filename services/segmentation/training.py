"""Training of one network: windows drawn by step and seed, checkpoints, and the same result after any interruption.

Loss, unless a lesson says otherwise: Dice and cross-entropy in equal parts (Isensee et al. 2021,
doi:10.1038/s41592-020-01008-z); AdamW with cycles of the learning rate (Smith and Topin 2019, arXiv:1708.07120); the
weights kept are a moving average over the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from services.segmentation import checkpoints
from services.segmentation.lessons import Lesson, Outlines
from services.segmentation.networks import save_weights
from services.segmentation.randomisation import Looks, draw_window
from services.segmentation.recipes import GRID_MM, WINDOW_HU

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.phantom.structures import Structure
    from services.segmentation.randomisation import Window
    from services.segmentation.recipes import Recipe
    from services.segmentation.training_set import Scanned

AIMED = 0.8
"""Share of windows drawn around a structure that is to be learnt; the others lie anywhere."""
DECAY = 0.99
CHECKPOINT_STEPS = 100
LONGEST_GRADIENT = 1.0


@dataclass
class Trainer:
    """One network on its way. Equal recipe, seed, scans and versions give equal weights, interrupted or not."""

    recipe: Recipe
    seed: int
    scans: Sequence[Scanned]
    looks: Looks = field(default_factory=Looks)
    lesson: Lesson | None = None
    """What is learnt; the recipe's exact classes where nothing is said."""

    def __post_init__(self) -> None:
        self._lesson = self.lesson or Outlines(self.recipe)
        self.network = self._lesson.begin(self.seed).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        ema = get_ema_multi_avg_fn(DECAY)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=ema)
        self.step = 0
        self.losses: list[float] = []
        self._begin_cycle()
        self._aims = [_voxels_of(scan, self.recipe.aimed_at) for scan in self.scans]

    def run(self, checkpoint: Path, *, progress: Tell) -> None:
        """Train to the end of the recipe, from the checkpoint where there is one."""
        if checkpoint.exists():
            self.load(checkpoint)
        while self.step < self.recipe.steps:
            self.advance()
            progress(f"training steps of {self.recipe.folder}, seed {self.seed}", self.step, self.recipe.steps)
            if self.step % CHECKPOINT_STEPS == 0 or self.step == self.recipe.steps:
                self.save(checkpoint)

    def advance(self) -> float:
        """One step. Returns its loss."""
        rng = np.random.default_rng([self.seed, self.step])
        drawn = self.window(rng)
        self.network.train()
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", dtype=torch.bfloat16):
            torch.manual_seed(int(rng.integers(2**62)))  # of dropout, where there is any
            logits = self.network(drawn.image[None, None])
        loss = self._lesson.loss(logits.float(), drawn)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.schedule.step()
        self.average.update_parameters(self.network)
        self.step += 1
        self.losses.append(loss.item())
        if self.recipe.cycle_at(self.step)[0] == self.step:
            self._begin_cycle()
        return self.losses[-1]

    def window(self, rng: np.random.Generator) -> Window:
        """One random window of one of the scans."""
        number = int(rng.integers(len(self.scans)))
        scan, aims = self.scans[number], self._aims[number]
        shape = np.array(scan.labels.shape)
        if rng.random() < AIMED and len(aims):
            centre = np.unravel_index(int(aims[rng.integers(len(aims))]), scan.labels.shape)
            middle = np.array(centre) + rng.normal(0, 12, 3)
        else:
            middle = rng.uniform(0.1, 0.9, 3) * shape
        return draw_window(
            scan,
            rng,
            centre=[float(value) for value in middle],
            patch=self.recipe.patch,
            step=self.recipe.spacing_mm / GRID_MM,
            spacing_mm=GRID_MM,
            window_hu=WINDOW_HU,
            looks=self.looks,
        )

    def save(self, path: Path) -> None:
        """Keep everything that the next step depends on; the file is whole or the one before."""
        checkpoints.save(path, self.recipe, self.step, self.losses, self._parts)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises ValueError where it belongs to another recipe."""
        kept = checkpoints.load(path, self.recipe)
        self.step, self.losses = int(kept["step"]), list(kept["losses"])
        self._begin_cycle()
        checkpoints.restore(kept, self._parts)

    def save_weights(self, path: Path) -> None:
        """Keep the averaged weights as float16 safetensors."""
        save_weights(self.average.module, path)

    def _begin_cycle(self) -> None:
        """A new optimiser, and the learning rate of the cycle that the next step belongs to."""
        _, (steps, rate) = self.recipe.cycle_at(self.step)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=1e-4)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, rate, total_steps=steps + 1, pct_start=0.1)

    @property
    def _parts(self) -> dict[str, checkpoints.Part]:
        return {
            "network": self.network,
            "average": self.average,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }


def _voxels_of(scan: Scanned, structures: tuple[Structure, ...]) -> NDArray[np.int64]:
    """Every eighth voxel of some structures, as positions in the flat array."""
    found: NDArray[np.int64] = np.flatnonzero(np.isin(scan.labels, structures))[::8]
    return found

"""From generated scans to the network behind corrections: squares, simulated clicks, training, weights.

Each step the network of that moment answers up to MOST_ROUNDS clicks, each at the worst place of its answer before;
then it learns from one more (iterative training, RITM: arXiv:2102.06583). Loss: Dice and cross entropy in equal parts.

folder/scans/...                          generated once, shared with the recipes of the models
folder/checkpoints/clicks.checkpoint      where an interrupted training goes on
folder/checkpoints/clicks-squares.npz     squares of the scans, drawn once
folder/clicks/clicks-301.safetensors, network.toml
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from monai.losses.dice import DiceCELoss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from services.segmentation import checkpoints, training_set
from services.segmentation.building import Trained
from services.segmentation.networks import save_weights
from services.segmentation.promptable import click_network
from services.segmentation.promptable.click_windows import Sample, Squares, draw_sample, kept_squares
from services.segmentation.promptable.prompts import Click
from services.segmentation.promptable.simulated_clicks import next_click
from services.segmentation.recipes import GRID_MM

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell

VERSION = "1"
DECAY = 0.995
CHECKPOINT_STEPS = 100
LONGEST_GRADIENT = 1.0
MOST_FIRST_CLICKS, MOST_ROUNDS = 3, 3
JITTER_PIXELS = (0.0, 4.0)
CARD_TEXT = """\
# Written by `secondlook train clicks`
name = "{name}"
version = "{version}"
file = "{file}"
sha256 = "{sha256}"
steps = {steps}
cycle = {cycle}
batch = {batch}
squares = {squares}
seed = {seed}
scans = {scans}
scan_seeds = [{first}, {last}]
training_data = "generated scans of the implicit generator alone (SYNTHETIC); no patient's image, no painted scan"
method = "iterative click simulation after RITM (arXiv:2102.06583) on squares with random looks; Dice, cross-entropy"
intended_use = "Correction of outlines by clicks, as a demonstration. Not for diagnosis."
licence = "Apache-2.0"
torch = "{torch}"
"""


@dataclass(frozen=True)
class ClickRecipe:
    """How long the network learns, and from how much."""

    steps: int = 2500
    learning_rate: float = 2e-3
    cycle: int = 4000
    """Steps over which the learning rate would rise and fall; what is shipped was ended before."""
    batch: int = 16
    squares: int = 7000
    scans: int = 320
    seed: int = 301


class Session(NamedTuple):
    """One correction that is simulated: what is seen and wanted, the mask so far, and the clicks."""

    sample: Sample
    mask: NDArray[np.bool_]
    clicks: list[Click]

    def input(self) -> NDArray[np.float32]:
        """What the network sees of it."""
        places = {kind: _places(self.clicks, positive=kind) for kind in (True, False)}
        positive, negative = (click_network.discs(*places[kind]) for kind in (True, False))
        return click_network.network_input(self.sample.hounsfield, positive, negative, self.mask)


@dataclass
class ClickTrainer:
    """The network on its way. Equal recipe, squares and versions give equal weights, interrupted or not."""

    recipe: ClickRecipe
    squares: Squares
    losses: list[float] = field(default_factory=list)
    step: int = 0

    def __post_init__(self) -> None:
        torch.manual_seed(self.recipe.seed)
        network = click_network.new_network()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        ema = get_ema_multi_avg_fn(DECAY)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=ema)
        self.loss = DiceCELoss(sigmoid=True, batch=False)
        rate, steps = self.recipe.learning_rate, max(self.recipe.cycle, self.recipe.steps)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=1e-4)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, rate, total_steps=steps + 1, pct_start=0.1)

    def run(self, checkpoint: Path, *, progress: Tell) -> None:
        """Train to the end of the recipe, from the checkpoint where there is one."""
        if checkpoint.exists():
            self.load(checkpoint)
        while self.step < self.recipe.steps:
            self.advance()
            progress("training steps of clicks", self.step, self.recipe.steps)
            if self.step % CHECKPOINT_STEPS == 0 or self.step == self.recipe.steps:
                self.save(checkpoint)

    def advance(self) -> float:
        """One step. Returns its loss."""
        rng = np.random.default_rng([self.recipe.seed, self.step])
        sessions = [begun(draw_sample(self.squares, rng), rng) for _ in range(self.recipe.batch)]
        for _ in range(int(rng.integers(MOST_ROUNDS + 1))):
            with torch.no_grad():
                masks = (self._logits(sessions)[:, 0] > 0).numpy()
            sessions = [gone_on(session, mask, rng) for session, mask in zip(sessions, masks, strict=True)]
        wanted = torch.from_numpy(np.stack([session.sample.wanted for session in sessions])[:, None])
        loss: torch.Tensor = self.loss(self._logits(sessions), wanted.float())
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.schedule.step()
        self.average.update_parameters(self.network)
        self.step += 1
        self.losses.append(loss.item())
        return self.losses[-1]

    def save(self, path: Path) -> None:
        """Keep everything that the next step depends on; the file is whole or the one before."""
        checkpoints.save(path, self.recipe, self.step, self.losses, self._parts)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises ValueError where it belongs to another recipe."""
        kept = checkpoints.load(path, self.recipe)
        self.step, self.losses = int(kept["step"]), list(kept["losses"])
        checkpoints.restore(kept, self._parts)

    def _logits(self, sessions: list[Session]) -> torch.Tensor:
        seen = torch.from_numpy(np.stack([session.input() for session in sessions]))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits: torch.Tensor = self.network(seen.contiguous(memory_format=torch.channels_last))
        return logits.float()

    @property
    def _parts(self) -> dict[str, checkpoints.Part]:
        return {
            "network": self.network,
            "average": self.average,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }


def begun(sample: Sample, rng: np.random.Generator) -> Session:
    """A session with its first click, and up to two more anywhere in what is wrong."""
    first = next_click(sample.mask, sample.wanted, rng, JITTER_PIXELS)
    wrong = np.argwhere(sample.mask ^ sample.wanted)
    clicks = [] if first is None else [first]
    for _ in range(int(rng.integers(MOST_FIRST_CLICKS)) if len(wrong) else 0):
        row, column = (int(value) for value in wrong[rng.integers(len(wrong))])
        clicks.append(Click(row, column, bool(sample.wanted[row, column])))
    return Session(sample, sample.mask, clicks)


def gone_on(session: Session, mask: NDArray[np.bool_], rng: np.random.Generator) -> Session:
    """The session after the network's answer, with one more click where that is most wrong."""
    click = next_click(mask, session.sample.wanted, rng, JITTER_PIXELS)
    return Session(session.sample, mask, session.clicks if click is None else [*session.clicks, click])


def train_clicks(recipe: ClickRecipe, folder: Path, *, progress: Tell) -> Trained:
    """Train the network, going on where an earlier call ended, and write its weights and what is known of them."""
    scans_folder, checkpoints, output = folder / "scans", folder / "checkpoints", folder / "clicks"
    seed = training_set.TRAINING_SEED
    processes = os.cpu_count() or 1
    training_set.write_scans(scans_folder, seed, recipe.scans, GRID_MM, processes=processes, progress=progress)
    checkpoints.mkdir(exist_ok=True)
    output.mkdir(exist_ok=True)
    scans = training_set.read_scans(scans_folder, seed, range(recipe.scans))
    kept = checkpoints / f"clicks-squares-{recipe.squares}.npz"
    trainer = ClickTrainer(recipe, kept_squares(kept, scans, recipe.seed, recipe.squares, progress=progress))
    trainer.run(checkpoints / "clicks.checkpoint", progress=progress)
    weights = output / f"clicks-{recipe.seed}.safetensors"
    save_weights(trainer.average.module, weights)
    (output / click_network.CARD).write_text(_card_text(recipe, weights), encoding="utf-8")
    last = trainer.losses[-max(1, trainer.step // 50) :]
    return Trained(weights, recipe.seed, trainer.step, sum(last) / len(last))


def _card_text(recipe: ClickRecipe, weights: Path) -> str:
    return CARD_TEXT.format(
        name=click_network.NAME,
        version=VERSION,
        file=weights.name,
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        steps=recipe.steps,
        cycle=recipe.cycle,
        batch=recipe.batch,
        squares=recipe.squares,
        seed=recipe.seed,
        scans=recipe.scans,
        first=training_set.TRAINING_SEED,
        last=training_set.TRAINING_SEED + recipe.scans - 1,
        torch=torch.__version__,
    )


def _places(clicks: list[Click], *, positive: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chosen = [(click.row, click.column) for click in clicks if click.positive == positive]
    placed = np.array(chosen, np.float64).reshape(-1, 2)
    return placed[:, 0], placed[:, 1]

"""Training of one arm on embeddings that lie on the disk; the encoder and the prompt encoder stay as they are.

Loss: cross-entropy, soft IoU and L1 on the mask, as IP-SAM has them (arXiv:2603.27250); the same on the foreground with
what lies inside the wall and on the background with what does not. The weights of these terms are ours: its are not
known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from services.segmentation import checkpoints
from services.segmentation.promptable.self_prompting import CELLS_TO_PIXELS, SelfPrompting

if TYPE_CHECKING:
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.segmentation.promptable.self_prompt_set import Encoded
    from services.segmentation.promptable.self_prompting import Arm, Prompted, PromptEncoder

LONGEST_GRADIENT = 1.0
CHECKPOINT_STEPS = 50
SEEDS_APART = 1_000_003
OF_A_PROMPT = 0.5
"""Weight of the loss of the foreground, and of the background, beside the mask's."""


@dataclass(frozen=True)
class Course:
    """How an arm is trained: the learning rate rises over a ninth of the steps and falls to nothing."""

    steps: int = 360
    batch: int = 4
    rate: float = 2e-3
    decay: float = 1e-3
    seed: int = 1


class SelfPromptTrainer:
    """One arm on its way. Equal course, examples and versions give equal weights on one machine, interrupted or not."""

    def __init__(self, arm: Arm, prompt_encoder: PromptEncoder, examples: Encoded, course: Course) -> None:
        """At its first step."""
        torch.manual_seed(course.seed)
        self.examples, self.course = examples, course
        network = SelfPrompting(arm, prompt_encoder)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in stubs
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=course.rate, weight_decay=course.decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, course.rate, total_steps=course.steps + 1, pct_start=0.11
        )
        self.step = 0
        self.losses: list[float] = []

    def run(self, checkpoint: Path, *, progress: Tell) -> None:
        """Train to the end of the course, from the checkpoint where there is one."""
        if checkpoint.exists():
            self.load(checkpoint)
        while self.step < self.course.steps:
            self.advance()
            progress(f"training steps of {self.network.arm}, seed {self.course.seed}", self.step, self.course.steps)
            if self.step % CHECKPOINT_STEPS == 0 or self.step == self.course.steps:
                self.save(checkpoint)

    def advance(self) -> float:
        """One step. Returns its loss."""
        numbers = self._numbers()
        embeddings = torch.from_numpy(self.examples.embeddings[numbers].astype(np.float32))
        inside = torch.from_numpy(self.examples.walls[numbers].astype(np.float32))[:, None]
        torch.manual_seed(self.course.seed * SEEDS_APART + self.step)  # of what is left out
        self.network.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            prompted = self.network(embeddings.contiguous(memory_format=torch.channels_last))
        loss = loss_of(prompted, inside)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        self.losses.append(loss.item())
        return self.losses[-1]

    def save(self, path: Path) -> None:
        """Keep everything that the next step depends on; the file is whole or the one before."""
        checkpoints.save(path, self.course, self.step, self.losses, self._parts)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises ValueError where it belongs to another course."""
        kept = checkpoints.load(path, self.course, "course")
        self.step, self.losses = int(kept["step"]), list(kept["losses"])
        checkpoints.restore(kept, self._parts)

    def _numbers(self) -> list[int]:
        """Examples of the next step: every one is seen once before any is seen again."""
        count, batch = len(self.examples.walls), self.course.batch
        places = range(self.step * batch, (self.step + 1) * batch)
        order = {
            turn: np.random.default_rng([self.course.seed, turn]).permutation(count)
            for turn in {place // count for place in places}
        }
        return [int(order[place // count][place % count]) for place in places]

    @property
    def _parts(self) -> dict[str, checkpoints.Part]:
        return {"network": self.network, "optimiser": self.optimiser, "schedule": self.schedule}


def loss_of(prompted: Prompted, inside: torch.Tensor) -> torch.Tensor:
    """Of a batch. inside: (n, 1, side, side), 1 inside the outer wall."""
    loss = _of_logits(prompted.mask.float(), inside)
    if prompted.foreground is None or prompted.background is None:
        return loss
    in_cells = functional.avg_pool2d(inside, CELLS_TO_PIXELS)
    loss = loss + OF_A_PROMPT * _of_logits(prompted.foreground.float(), in_cells)
    return loss + OF_A_PROMPT * _of_logits(prompted.background.float(), 1 - in_cells)


def _of_logits(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross-entropy + soft IoU of each picture + L1. An empty picture that is left empty costs nothing."""
    probability = torch.sigmoid(logits)
    shared = (probability * wanted).sum(dim=(1, 2, 3))
    either = (probability + wanted - probability * wanted).sum(dim=(1, 2, 3))
    iou = 1 - ((shared + 1) / (either + 1)).mean()
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted)
    return entropy + iou + (probability - wanted).abs().mean()

"""Learning on one kind of labelled volume, then on another: a network's body stays, its last layer is new.

One thread and bfloat16 where the processor has it: equal schedules give equal weights on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from monai.losses.dice import DiceCELoss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

WEIGHT_DECAY = 1e-4
LARGEST_GRADIENT = 5.0
BRIGHTENED, STRETCHED = 0.05, 0.15
"""Largest change of a window's intensities, by adding and by multiplying."""
LAST_STEPS = 50
"""Over so many steps the final loss is averaged."""


class Example(NamedTuple):
    """A labelled volume to learn from or to be tested on."""

    image: NDArray[np.float32]
    """[k, j, i], 0 to 1."""
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Schedule:
    """How long and how a network learns."""

    steps: int
    side: int = 32
    """Of the cube of voxels that a step sees, drawn anywhere in a volume."""
    batch: int = 2
    rate: float = 2e-3
    seed: int = 0


def learn(network: nn.Module, examples: Sequence[Example], schedule: Schedule) -> float:
    """Teach a network in place, by Dice and cross entropy with AdamW; gives the mean loss of the last steps.

    Every example is seen once before any is seen again.
    """
    rng = np.random.default_rng(schedule.seed)
    loss_of = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)
    optimiser = torch.optim.AdamW(network.parameters(), schedule.rate, weight_decay=WEIGHT_DECAY)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.steps)
    network.train().to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # missing in torch's stubs
    losses: list[float] = []
    waiting: list[int] = []
    for _ in range(schedule.steps):
        while len(waiting) < schedule.batch:
            waiting.extend(rng.permutation(len(examples)).tolist())
        windows = [window(examples[waiting.pop(0)], schedule.side, rng) for _ in range(schedule.batch)]
        image, labels = (torch.from_numpy(np.stack(part)[:, None]) for part in zip(*windows, strict=True))
        loss = loss_of(logits(network, image), labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        cooling.step()
        losses.append(loss.item())
    return float(np.mean(losses[-LAST_STEPS:]))


def window(example: Example, side: int, rng: np.random.Generator) -> Example:
    """A cube of `side` voxels anywhere in an example, its intensities changed a little."""
    begins = [int(rng.integers(0, size - side + 1)) for size in example.image.shape]
    box = tuple(slice(begin, begin + side) for begin in begins)
    stretched = np.float32(1 + rng.uniform(-STRETCHED, STRETCHED))
    image = example.image[box] * stretched + np.float32(rng.uniform(-BRIGHTENED, BRIGHTENED))
    return Example(image, example.labels[box])


def logits(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """(n, 1, k, j, i) to float32 (n, classes, k, j, i)."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        computed: torch.Tensor = network(image.contiguous(memory_format=torch.channels_last_3d))
    return computed.float()


def transfer(learned: nn.Module, fresh: nn.Module) -> tuple[str, ...]:
    """Put all weights that fit into a fresh network, in place; gives the names of those that stay new: the head."""
    known, wanted = learned.state_dict(), fresh.state_dict()
    fitting = {name: value for name, value in known.items() if name in wanted and wanted[name].shape == value.shape}
    fresh.load_state_dict({**wanted, **fitting})
    return tuple(name for name in wanted if name not in fitting)


def predicted(network: nn.Module, image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Labels [k, j, i] of a whole volume: the likeliest class of each voxel."""
    network.eval()
    with torch.inference_mode():
        likeliest = logits(network, torch.from_numpy(image[None, None])).argmax(dim=1)[0]
    labels: NDArray[np.uint8] = likeliest.to(torch.uint8).numpy()
    return labels


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Twice the shared volume by the sum of volumes, 0 to 1; nan where both are empty."""
    together = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / together if together else float("nan")

"""Networks of doubt, from the shipped ensemble A to weights and card: its members trained further, and one network.

folder/scans/...                     as in `building`, with what four readers called every voxel
folder/aorta_soft/, aorta_light/     weights and cards
folder/aorta_exact/, ...             the controls, which are not shipped
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from services.segmentation import installed
from services.segmentation.building import TRAINING_DATA, Said, scans_of, train_members
from services.segmentation.card import Format
from services.segmentation.loading import torch_module
from services.segmentation.randomisation import Looks
from services.segmentation.recipes import Target
from services.segmentation.soft_lessons import Further
from services.segmentation.training import Trainer
from services.segmentation.two_heads import TwoHeads

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from services.imaging.progress import Tell
    from services.segmentation.building import Trained
    from services.segmentation.card import ModelCard
    from services.segmentation.lessons import Lesson
    from services.segmentation.recipes import Recipe

LOOKS = Looks(plain=0.75, jitter_hu=10.0)
"""Readers differ where the scan itself is unclear: most windows keep its intensities, up to so much."""
READ = f"{TRAINING_DATA}; labels of four simulated readers (SYNTHETIC), main cohort: nobody drew these"
LEARNT = {
    Target.SOFT: "cross-entropy with the readers' shares under SVLS (arXiv:2104.05788)",
    Target.FIRST_READER: "Dice and cross-entropy with the labels of Reader 1 alone",
    Target.MAJORITY: "Dice and cross-entropy with the readers' majority",
    Target.EXACT: "Dice and cross-entropy with exact labels",
}
TWO_HEADS = (
    "own design: begins as the member of its seed; exact labels for the hard head, soft labels under SVLS for the soft "
    "head, the members' spread regressed; dropout; AdamW"
)


def train_further(recipe: Recipe, target: Target, folder: Path, *, progress: Tell) -> list[Trained]:
    """Train the members of the shipped ensemble further, each from its own weights, towards one target."""
    ensemble = Ensemble(installed.aorta())
    exact = target is Target.EXACT
    said = Said(
        TRAINING_DATA if exact else READ,
        f"each member of {ensemble.card.key} trained further (after arXiv:2604.01898): {LEARNT[target]}; AdamW",
        companion_of=ensemble.card.key if target is Target.SOFT else "",
    )
    lesson = Further(recipe, target, ensemble.member)
    return _trained(recipe, lesson, said, folder, readers=not exact, progress=progress)


def train_light(recipe: Recipe, folder: Path, *, progress: Tell) -> list[Trained]:
    """Train one network with two heads, from the member of its seed."""
    ensemble = Ensemble(installed.aorta())
    lesson = TwoHeads(recipe, ensemble.member, ensemble.all)
    said = Said(READ, TWO_HEADS, Format.TWO_HEADS, ensemble.card.key)
    return _trained(recipe, lesson, said, folder, readers=True, progress=progress)


class Ensemble:
    """The networks of a card, loaded as they are needed."""

    def __init__(self, card: ModelCard) -> None:
        """`card`: of the format unet."""
        self.card = card

    def member(self, seed: int) -> nn.Module:
        """The member of a seed, loaded anew. Raises ValueError where there is none."""
        for one in self.card.members:
            if one.seed == seed:
                return torch_module(self.card, one)
        raise ValueError(f"A network must begin as a member of {self.card.key}. Found: no member of seed {seed}.")

    @property
    def all(self) -> list[nn.Module]:
        """Every member, loaded anew."""
        return [_in_channels_last(torch_module(self.card, one)) for one in self.card.members]


def _in_channels_last(network: nn.Module) -> nn.Module:
    """The same network, faster in bfloat16."""
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload, no-any-return]


def _trained(
    recipe: Recipe, lesson: Lesson, said: Said, folder: Path, *, readers: bool, progress: Tell
) -> list[Trained]:
    scans = scans_of(recipe, folder, readers=readers, progress=progress)
    return train_members(
        recipe, folder, lambda seed: Trainer(recipe, seed, scans, LOOKS, lesson), said, progress=progress
    )

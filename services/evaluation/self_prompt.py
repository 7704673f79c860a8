"""Ways to outline without a hand, slice by slice, on scans that nothing learnt from: what helps, and what is vetoed.

Compared after IP-SAM (arXiv:2603.27250): no prompt, hard prompts made of the foreground's logits, soft logits, and soft
logits with the background's gate. Hard prompts go to LiteMedSAM's own decoder, which understands boxes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import cc3d
import numpy as np
from scipy import ndimage

from services.segmentation.posture import Posture
from services.segmentation.promptable.middle_frame import WINDOWS_HU, middle_frame
from services.segmentation.promptable.prompts import Box, Click, Prompt
from services.segmentation.promptable.self_prompting import Arm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.segmentation.posture import Three
    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.self_prompt_weights import Proposal
    from services.segmentation.promptable.self_prompted import Propose

    Prompters = Mapping[tuple[Arm, int], Propose]
    """By arm and seed of its training."""

OUTSIDE = -30.0
"""Logits beyond what the frame shows: not inside the wall."""
HALF = 0.5


class Way(StrEnum):
    """How a slice is outlined. The last is ours: what the product prompts with."""

    NO_PROMPT = "no prompt"
    POINTS = "hard points"
    BOX = "hard box"
    SOFT = "soft logits"
    GATED = "soft logits with gate"
    OWN_BOX = "box of the gated outline"


class Counts(NamedTuple):
    """Voxels, summed over the slices that were looked at."""

    shared: int
    drawn: int
    exact: int
    vetoed: int
    """Of those that are missed, where the gate is below a half; 0 for ways without a gate."""

    @property
    def dice(self) -> float:
        """Twice the shared by the sum of both; nan where both are empty."""
        together = self.drawn + self.exact
        return 2 * self.shared / together if together else float("nan")

    @property
    def false_positives(self) -> int:
        """Voxels outside the vessel."""
        return self.drawn - self.shared

    @property
    def over_suppression(self) -> float:
        """Share of the missed voxels that the gate vetoed; nan where none is missed."""
        missed = self.exact - self.shared
        return self.vetoed / missed if missed else float("nan")

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*(one + more for one, more in zip(self, other, strict=True)))


class Looked(NamedTuple):
    """A standing scan with what is inside its outer wall, and the slices to look at."""

    hounsfield: NDArray[np.int16]
    """[k, j, i]."""
    wall: NDArray[np.bool_]
    spacing_mm: Three
    slices: tuple[int, ...]


Counted = dict[Way, dict[int, Counts]]
"""By way and seed of the training."""


def slices_of_scan(
    hounsfield: NDArray[np.int16], wall: NDArray[np.bool_], affine: NDArray[np.float64], apart_mm: float
) -> Looked:
    """A scan and its outer wall [k, j, i], however it lies, about every `apart_mm`; also where no aorta is."""
    posture = Posture.of(affine)
    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    spacing = posture.standing((k_mm, j_mm, i_mm))
    step = max(1, round(apart_mm / spacing[0]))
    standing = posture.stand(hounsfield)
    return Looked(standing, posture.stand(wall), spacing, tuple(range(step // 2, len(standing), step)))


def count(looked: Looked, model: Promptable, prompters: Prompters) -> Counted:
    """Every way by every seed on the slices of one scan."""
    frame = middle_frame(looked.hounsfield, looked.spacing_mm, model.side)
    seeds = sorted({seed for _, seed in prompters})
    counted: Counted = {way: dict.fromkeys(seeds, Counts(0, 0, 0, 0)) for way in Way}
    for k in looked.slices:
        embedding = model.embed(frame.picture(looked.hounsfield[k], WINDOWS_HU))
        for seed in seeds:
            proposals = {arm: propose(embedding) for (arm, of), propose in prompters.items() if of == seed}
            for way, found in _on_slice(looked.wall[k], frame, embedding, model, proposals).items():
                counted[way][seed] = counted[way][seed].plus(found)
    return counted


def _on_slice(
    wall: NDArray[np.bool_],
    frame: Frame,
    embedding: NDArray[np.float16],
    model: Promptable,
    proposals: Mapping[Arm, Proposal],
) -> dict[Way, Counts]:
    gated = proposals[Arm.GATED]
    logits = {
        Way.NO_PROMPT: proposals[Arm.NO_PROMPT].logits,
        Way.SOFT: proposals[Arm.SOFT].logits,
        Way.GATED: gated.logits,
        **_answers(embedding, model, gated),
    }
    gate = None if gated.gate is None else frame.on_slice(gated.gate, 1.0, wall.shape) < HALF
    counted = {}
    for way, values in logits.items():
        drawn = frame.on_slice(values, OUTSIDE, wall.shape) > 0
        missed = wall & ~drawn
        vetoed = int((missed & gate).sum()) if way is Way.GATED and gate is not None else 0
        counted[way] = Counts(int((drawn & wall).sum()), int(drawn.sum()), int(wall.sum()), vetoed)
    return counted


def _answers(embedding: NDArray[np.float16], model: Promptable, gated: Proposal) -> dict[Way, NDArray[np.float32]]:
    """LiteMedSAM's answers to hard prompts; nothing is drawn where there is none to be made."""
    nothing = np.full_like(gated.logits, OUTSIDE)
    asked = {
        Way.POINTS: points_of(gated),
        Way.BOX: None if gated.foreground is None else box_of(gated.foreground),
        Way.OWN_BOX: box_of(gated.logits),
    }
    ways = [way for way, prompt in asked.items() if prompt is not None]
    answers = model.answers(embedding, [prompt for prompt in asked.values() if prompt is not None])
    return dict.fromkeys(asked, nothing) | {way: one.logits for way, one in zip(ways, answers, strict=True)}


def box_of(logits: NDArray[np.float32]) -> Prompt | None:
    """The box around the largest piece of what is inside by a picture's logits (side, side); None where nothing is."""
    piece = _largest(logits > 0)
    if piece is None:
        return None
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    return Prompt(box=Box(float(rows[0]), float(columns[0]), float(rows[-1]), float(columns[-1])))


def points_of(proposal: Proposal) -> Prompt | None:
    """A click deep in the foreground's largest piece, and one where the background is surest. None where nothing is."""
    if proposal.foreground is None or proposal.background is None:
        return None
    piece = _largest(proposal.foreground > 0)
    if piece is None:
        return None
    inside = np.unravel_index(int(ndimage.distance_transform_edt(piece).argmax()), piece.shape)
    beyond = np.unravel_index(int(proposal.background.argmax()), piece.shape)
    return Prompt(clicks=(Click(float(inside[0]), float(inside[1])), Click(float(beyond[0]), float(beyond[1]), False)))


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    if not mask.any():
        return None
    pieces = cc3d.connected_components(mask, connectivity=8)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())

"""A scan outlined without a hand: self-prompting slice by slice, then one connected vessel with what was vetoed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from db.records import Region
from services.imaging.progress import silent
from services.segmentation.inference import Prediction
from services.segmentation.posture import Posture
from services.segmentation.promptable.middle_frame import FIELD_MM, WINDOWS_HU, middle_frame
from services.segmentation.provenance import SELF_PROMPTING_VERSION
from services.uncertainty.decomposition import ONE_MEMBER, Decomposition
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.posture import Three
    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.self_prompt_weights import Proposal

    Propose = Callable[[NDArray[np.float16]], Proposal]

VETOED = "vetoed by background"
"""Name of the map of 1 - gate: what the background prompt took away from the foreground prompt."""
APART_MM = 5.0
"""Slices nearer to each other are not all looked at; what lies between is interpolated."""
AROUND_MM = 15.0
"""How far around the vessel maps are kept."""
STEPS = 255


@dataclass(frozen=True)
class Proposed:
    """Self-prompting on a standing scan: two maps on the part that the frame shows, in steps of 1/255."""

    frame: Frame
    probability: NDArray[np.uint8]
    """[k, row, column] of the frame's part: inside the outer wall."""
    gate: NDArray[np.uint8]
    """As `probability`: 0 vetoed by the background."""
    looked_at: int
    """Slices that were; those between are interpolated."""


def propose(
    standing: NDArray[np.int16], spacing_mm: Three, model: Promptable, prompt: Propose, *, progress: Tell = silent
) -> Proposed:
    """Look at a standing scan [k, j, i] in HU, slice by slice. `progress` may raise, to cancel."""
    frame = middle_frame(standing, spacing_mm, model.side)
    numbers = looked_at(len(standing), spacing_mm[0])
    maps = np.empty((2, len(numbers), *frame.shape), dtype=np.uint8)
    for place, k in enumerate(numbers):
        found = prompt(model.embed(frame.picture(standing[k], WINDOWS_HU)))
        probability = 1 / (1 + np.exp(-found.logits.clip(-30, 30)))
        gate = np.ones_like(probability) if found.gate is None else found.gate
        for kept, values in zip(maps, (probability, gate), strict=True):
            kept[place] = np.rint(_part(frame, values, standing.shape[1:]) * STEPS)
        progress("slices looked at", place + 1, len(numbers))
    whole = [_between(values, numbers, len(standing)) for values in maps]
    return Proposed(frame, whole[0], whole[1], len(numbers))


def looked_at(count: int, apart_mm: float) -> list[int]:
    """Numbers of the slices that are looked at, about APART_MM apart; the first and the last always."""
    step = max(1, round(APART_MM / apart_mm))
    return sorted({*range(0, count, step), count - 1})


def predict(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    card: ModelCard,
    *,
    model: Promptable,
    prompt: Propose,
    progress: Tell = silent,
) -> Prediction:
    """Outline the aorta of a scan [k, j, i] in HU, however it lies, without a hand.

    The largest connected piece (26 neighbours) of what is more likely inside than not. One member, so that disagreement
    is undefined. A scan in which nothing is found gives an empty mask.
    """
    posture = Posture.of(affine)
    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    standing, spacing = posture.stand(hounsfield), posture.standing((k_mm, j_mm, i_mm))
    found = propose(standing, spacing, model, prompt, progress=progress)
    inside = largest_piece(found.probability > STEPS // 2)
    box = _around(inside, spacing)

    def on_scan(values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(posture.lie(values[slices_of(box)]))

    wall = on_scan(found.probability).astype(np.float32) / STEPS
    members = Decomposition()
    members.add(np.stack([1 - wall, wall]))
    doubt = members.result()
    return Prediction(
        posture.lying_region(_moved(box, found.frame.first), standing.shape),
        doubt.mean,
        doubt.predictive_entropy,
        doubt.expected_entropy,
        None,
        on_scan(inside).astype(np.uint8),
        doubt.members,
        (k_mm, j_mm, i_mm),
        {**_parameters(card, found), "engine": model.identity["engine"]},
        {"mutual_information": ONE_MEMBER},
        {VETOED: (1 - on_scan(found.gate) / STEPS).astype(np.float32)},
    )


def largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece of a mask [k, j, i], 26 neighbours; all of an empty one."""
    pieces = cc3d.connected_components(mask, connectivity=26)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(mask & (pieces == sizes.argmax()))


def _part(frame: Frame, values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values of the picture on the part of the slice that it shows."""
    (row, column), (rows, columns) = frame.first, frame.shape
    return frame.on_slice(values, 0.0, (shape[0], shape[1]))[row : row + rows, column : column + columns]


def _between(values: NDArray[np.uint8], numbers: Sequence[int], count: int) -> NDArray[np.uint8]:
    """Maps of some slices on all `count`, linear between neighbours."""
    whole = np.empty((count, *values.shape[1:]), dtype=np.uint8)
    for k, place in enumerate(np.interp(np.arange(count), numbers, np.arange(len(numbers)))):
        below, share = int(place), place % 1
        above = min(below + 1, len(numbers) - 1)
        whole[k] = np.rint((1 - share) * values[below] + share * values[above])
    return whole


def _around(inside: NDArray[np.bool_], spacing_mm: Three) -> Region:
    """The box of what is inside with AROUND_MM on all sides; one voxel where nothing is."""
    box = bounding_region(inside)
    if box is None:
        return Region((0, 0, 0), (1, 1, 1))
    margins = [round(AROUND_MM / mm) for mm in spacing_mm]
    first = [max(0, begin - margin) for begin, margin in zip(box.origin, margins, strict=True)]
    ends = zip(box.origin, box.shape, margins, inside.shape, strict=True)
    last = [min(size, begin + length + margin) for begin, length, margin, size in ends]
    return Region((first[0], first[1], first[2]), (last[0] - first[0], last[1] - first[1], last[2] - first[2]))


def _moved(box: Region, first: tuple[int, int]) -> Region:
    """A box of the frame's part on the whole slices."""
    k, j, i = box.origin
    return Region((k, j + first[0], i + first[1]), box.shape)


def _parameters(card: ModelCard, found: Proposed) -> dict[str, Any]:
    return {
        "model": card.key,
        "weights_sha256": [member.sha256 for member in card.members],
        "seeds": [member.seed for member in card.members],
        "inference": SELF_PROMPTING_VERSION,
        "prompt": "none",
        "field_mm": FIELD_MM,
        "windows_hu": [list(window) for window in WINDOWS_HU],
        "slices_looked_at": found.looked_at,
    }

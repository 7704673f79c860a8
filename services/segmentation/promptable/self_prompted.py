"""A scan outlined without a hand: self-prompting finds the surest slice, and from its box the vessel is followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from db.records import Region
from services.errors import InputRefused
from services.imaging.progress import silent
from services.segmentation.posture import Posture
from services.segmentation.promptable.middle_frame import FIELD_MM, WINDOWS_HU, middle_frame
from services.segmentation.promptable.outlining import METHOD, VERSION, Outlined, outline
from services.segmentation.promptable.prompts import Box
from services.segmentation.promptable.starting import Start
from services.segmentation.promptable.surest import surest
from services.uncertainty.decomposition import OF_ONE_MEMBER
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from services.imaging.progress import Tell
    from services.segmentation.posture import Three
    from services.segmentation.promptable.embeddings import Embeddings
    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.self_prompt_weights import Proposal
    from services.segmentation.promptable.surest import Place

    Propose = Callable[[NDArray[np.float16]], Proposal]

APART_MM = 5.0
"""Slices nearer to each other are not all looked at; what lies between is interpolated."""
AROUND_MM = 15.0
"""How far around the vessel what was vetoed is kept."""
NOTHING = "no slice looks like an aorta"
STEPS = 255


@dataclass(frozen=True)
class Unprompted:
    """An outline, and what the background vetoed around it."""

    outlined: Outlined
    region: Region
    """Of `vetoed`: the outline's surroundings, as far as self-prompting looked."""
    vetoed: NDArray[np.float32]
    """(k, j, i), 0 to 1."""
    parameters: Mapping[str, Any]
    """Of the search for a place to begin, ready for JSON."""


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


def outline_unprompted(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    model: Promptable,
    prompt: Propose,
    *,
    embeddings: Embeddings | None = None,
    progress: Tell = silent,
) -> Unprompted:
    """Outline the aorta of a scan [k, j, i] in HU, however it lies. See `outlining.outline` for the rest.

    The vessel is followed from each of the surest places; the outline that agrees best with self-prompting is kept. A
    scan on which no slice looks like an aorta, or on which the model sees nothing there, gives an empty mask and the
    reason.
    """
    posture = Posture.of(affine)
    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    standing, spacing = posture.stand(hounsfield), posture.standing((k_mm, j_mm, i_mm))
    proposed = propose(standing, spacing, model, prompt, progress=progress)
    box = posture.lying_region(Region((0, *proposed.frame.first), _three(proposed.gate.shape)), standing.shape)
    likely = posture.lie(proposed.probability) > STEPS // 2
    places = surest(proposed.probability, spacing)
    starts = [_start(posture, standing.shape, proposed.frame, place) for place in places]
    followed = [_followed(hounsfield, affine, model, start, embeddings, progress) for start in starts]
    agreed = [_agreement(one, hounsfield.shape, box, likely) for one in followed]
    found = followed[int(np.argmax(agreed))] if followed else _nothing(model, NOTHING)
    said = {
        "field_mm": FIELD_MM,
        "slices_looked_at": proposed.looked_at,
        "begun_at": [{**start.said(), "sureness": place.score} for start, place in zip(starts, places, strict=True)],
        "agreement": agreed,
    }
    around = [round(AROUND_MM / mm) for mm in (k_mm, j_mm, i_mm)]
    region = _common(box, found.region, around)
    gate = posture.lie(proposed.gate)[slices_of(_within(region, box))]
    vetoed = (1 - gate / STEPS).astype(np.float32)
    return Unprompted(found, region, vetoed, said)


def connected(proposed: Proposed) -> NDArray[np.bool_]:
    """What is more likely inside than not, its largest piece in 3D (26 neighbours): self-prompting alone."""
    mask = proposed.probability > STEPS // 2
    pieces = cc3d.connected_components(mask, connectivity=26)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(mask & (pieces == sizes.argmax()))


def _start(posture: Posture, shape: tuple[int, ...], frame: Frame, place: Place) -> Start:
    """The box of a place on the frame's part, as a prompt on the scan as it lies."""
    top, left, bottom, right = (round(edge) for edge in place.box)
    corner = (place.number, frame.first[0] + top, frame.first[1] + left)
    lying = posture.lying_region(Region(corner, (1, bottom - top + 1, right - left + 1)), _three(shape))
    axis = posture.axes[0]
    ends = [
        (first, first + size - 1)
        for n, (first, size) in enumerate(zip(lying.origin, lying.shape, strict=True))
        if n != axis
    ]
    return Start(axis, lying.origin[axis], Box(*(float(edge) for pair in zip(*ends, strict=True) for edge in pair)))


def _followed(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    model: Promptable,
    start: Start,
    embeddings: Embeddings | None,
    progress: Tell,
) -> Outlined:
    try:
        return outline(hounsfield, affine, model, start, embeddings=embeddings, progress=progress)
    except InputRefused as nothing:
        return _nothing(model, nothing.found)


def _agreement(found: Outlined, shape: tuple[int, ...], box: Region, likely: NDArray[np.bool_]) -> float:
    """Dice of an outline with what self-prompting alone calls inside, on `box`; 0 where both are empty."""
    whole = np.zeros(shape, dtype=bool)
    whole[slices_of(found.region)] = found.mask > 0
    together = int(whole.sum()) + int(likely.sum())
    return 2 * int((whole[slices_of(box)] & likely).sum()) / together if together else 0.0


def _within(region: Region, other: Region) -> Region:
    """A box in the voxels of another that holds it."""
    k, j, i = (first - begin for first, begin in zip(region.origin, other.origin, strict=True))
    return Region((k, j, i), region.shape)


def _nothing(model: Promptable, reason: str) -> Outlined:
    """An outline of nothing, and why."""
    empty, region = np.zeros((1, 1, 1), np.float32), Region((0, 0, 0), (1, 1, 1))
    stop = {"begun": 0, "last": 0, "direction": "at the start", "reason": reason.rstrip(".")}
    said = {"method": METHOD, "version": VERSION, **model.identity, "stops": [stop], "members": 1}
    missing = dict(OF_ONE_MEMBER)
    return Outlined(region, empty, empty, empty, None, empty.astype(np.uint8), 1, (stop,), said, missing)


def _common(box: Region, wanted: Region, around: Sequence[int]) -> Region:
    """What two boxes share once the second has grown by so many voxels along each axis; one voxel where nothing."""
    pairs = list(zip(box.origin, box.shape, wanted.origin, wanted.shape, around, strict=True))
    first = [min(max(one, other - more), one + size - 1) for one, size, other, _, more in pairs]
    last = [min(one + size, other + length + more) for one, size, other, length, more in pairs]
    shape = [max(end - begin, 1) for begin, end in zip(first, last, strict=True)]
    return Region(_three(first), _three(shape))


def _three(values: Sequence[int]) -> Index3:
    k, j, i = values
    return int(k), int(j), int(i)


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

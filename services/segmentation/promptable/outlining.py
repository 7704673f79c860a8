"""From one box or one click on any slice to the outline of the vessel, with doubt. No disk, no database."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from db.records import Region
from services.errors import InputRefused
from services.imaging.progress import silent
from services.segmentation.posture import Posture
from services.segmentation.promptable import asking, splitting
from services.segmentation.promptable.embeddings import Embedded
from services.segmentation.promptable.following import follow
from services.segmentation.promptable.starting import on_an_axial_slice
from services.uncertainty.decomposition import OF_ONE_MEMBER, Decomposition
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.promptable.embeddings import Embeddings
    from services.segmentation.promptable.fronts import Found, Stop
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.starting import Start

    Partial = Callable[[Region, NDArray[np.uint8]], None]

METHOD, VERSION = "one box, followed", "2"
MEMBERS = 3
WINDOWS_HU = ((-160.0, 240.0), (-100.0, 500.0), (-500.0, 1000.0))
"""Three windows, one a channel of the picture: the best of four settings that were measured (docs/methods.md)."""
PARTIAL_S = 2.0
"""Whoever watches sees what there is so far this often."""


@dataclass(frozen=True)
class Outlined:
    """The vessel that one prompt led to, on a box of the scan's voxels; outside it nothing was outlined."""

    region: Region
    probability: NDArray[np.float32]
    """(k, j, i): of being inside the outer wall, mean over members."""
    predictive_entropy: NDArray[np.float32]
    """(k, j, i), nats, 0 to ln 2, as the two that follow."""
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    """None with one member, where it is undefined."""
    mask: NDArray[np.uint8]
    """(k, j, i): 0 outside, 1 lumen, 2 thrombus."""
    members: int
    stops: tuple[Mapping[str, Any], ...]
    """Where each front ended and why: `begun`, `last` (slices), `direction` in words, `reason` in words."""
    parameters: Mapping[str, Any]
    """How it was made, ready for JSON: prompt, seed, model, windows, method, version, stops."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Maps that are undefined here, and why."""


def outline(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    model: Promptable,
    start: Start,
    *,
    embeddings: Embeddings | None = None,
    seed: int = 0,
    members: int = MEMBERS,
    progress: Tell = silent,
    partial: Partial | None = None,
) -> Outlined:
    """Follow a vessel from one prompt, both ways, and say why it ended where it did.

    Args:
        hounsfield: HU [k, j, i] of one scan; read only.
        affine: 4x4, (k, j, i) to LPS millimetres. The scan may lie in any orientation.
        model: who answers.
        start: a box or a click on a slice of any plane.
        embeddings: where embeddings are kept, so that a second prompt is quick.
        seed: of the members' jitter.
        members: how many boxes are asked about every slice; their mean is the answer.
        progress: hears what is done after every slice; may raise, to cancel.
        partial: hears the mask so far (1 inside the wall) and its region, about every two seconds.

    Raises InputRefused where the prompt lies outside the scan or the model sees nothing there.
    """
    spacing = _spacing(affine)
    embedded = Embedded(model, hounsfield, WINDOWS_HU, embeddings)
    axis, upwards = axial_axis(affine)
    offsets = asking.jitter(members, seed)
    begin = on_an_axial_slice(hounsfield, embedded, spacing, start, axis)
    slices = asking.Slices(embedded, hounsfield, spacing, axis, offsets)
    watch = _Watch(slices, upwards=upwards, progress=progress, partial=partial)
    found = follow(slices, begin.at, begin.box, watch)
    if not found.masks:
        raise InputRefused(
            "The box or click must be on a vessel that the model sees.",
            f"{found.stops[0].reason}.",
            "Draw a box closely around the vessel on a slice where it is round.",
        )
    stops = tuple(in_words(stop, upwards=upwards) for stop in found.stops)
    return _outlined(
        hounsfield, slices, found, stops, _parameters(model, start, begin.said(axis), seed, members, stops)
    )


def axial_axis(affine: NDArray[np.float64]) -> tuple[int, bool]:
    """The axis of the array that runs along the body, and whether it runs upwards."""
    posture = Posture.of(affine)
    return posture.axes[0], not posture.mirrored[0]


def in_words(stop: Stop, *, upwards: bool) -> dict[str, Any]:
    """A stop as it is stored and shown."""
    said = "upwards" if (stop.direction > 0) == upwards else "downwards"
    return {
        "begun": stop.begun,
        "last": stop.last,
        "direction": said if stop.direction else "at the start",
        "reason": stop.reason,
    }


class _Watch:
    """Tells how far following is."""

    def __init__(self, slices: asking.Slices, *, upwards: bool, progress: Tell, partial: Partial | None) -> None:
        self._slices, self._upwards = slices, upwards
        self._progress, self._partial, self._told = progress, partial, time.monotonic()

    def __call__(self, found: Found, index: int, direction: int) -> None:
        there, count = {1: "upwards", -1: "downwards"}, len(self._slices)
        heading = there.get(direction if self._upwards else -direction, "the start")
        self._progress(f"slice {index + 1} of {count}, {heading}", min(len(found.masks), count), count)
        if self._partial is not None and time.monotonic() - self._told >= PARTIAL_S:
            region, mask = _so_far(self._slices, found)
            self._partial(region, mask)
            self._told = time.monotonic()


def _so_far(slices: asking.Slices, found: Found) -> tuple[Region, NDArray[np.uint8]]:
    """The mask so far on the box around it."""
    whole = np.zeros(slices.hounsfield.shape, dtype=bool)
    for index, mask in found.masks.items():
        whole[index] = mask
    lying = np.moveaxis(whole, 0, slices.axis)
    region = bounding_region(lying) or Region((0, 0, 0), (1, 1, 1))
    return region, lying[slices_of(region)].astype(np.uint8)


def _outlined(
    hounsfield: NDArray[np.int16],
    slices: asking.Slices,
    found: Found,
    stops: tuple[dict[str, Any], ...],
    parameters: dict[str, Any],
) -> Outlined:
    """The members' sums, and lumen and thrombus inside what they agree on."""
    sums, region = Decomposition(), _region(slices, found)
    for member in _members(slices, found, region):
        sums.add(np.stack([1 - member, member]))
    doubt = sums.result()
    part = hounsfield[slices_of(region)]
    k_mm, j_mm, i_mm = slices.all_spacing_mm
    parted = splitting.split(part, doubt.mean[1] > 0.5, (k_mm, j_mm, i_mm))
    said = {"threshold_hu": parted.threshold_hu, "said": parted.said, "version": splitting.VERSION}
    return Outlined(
        region,
        doubt.mean[1],
        doubt.predictive_entropy,
        doubt.expected_entropy,
        doubt.mutual_information,
        parted.mask,
        doubt.members,
        stops,
        parameters | {"lumen_and_thrombus": said},
        dict(OF_ONE_MEMBER) if doubt.mutual_information is None else {},
    )


def _region(slices: asking.Slices, found: Found) -> Region:
    """The box around everything that was found."""
    pieces = [(index, piece) for index, there in found.pieces.items() for piece in there]
    first = [min(index for index, _ in pieces), *(min(piece.first[axis] for _, piece in pieces) for axis in (0, 1))]
    ends = [max(piece.first[axis] + piece.members.shape[axis + 1] for _, piece in pieces) for axis in (0, 1)]
    last = [max(index for index, _ in pieces) + 1, *ends]
    for values in (first, last):
        values.insert(slices.axis, values.pop(0))
    (k, j, i), (nk, nj, ni) = first, (end - begin for begin, end in zip(first, last, strict=True))
    return Region((k, j, i), (nk, nj, ni))


def _members(slices: asking.Slices, found: Found, region: Region) -> Iterator[NDArray[np.float32]]:
    """Each member's probability on the region; the larger one where two fronts met."""
    count = next(iter(found.pieces.values()))[0].members.shape[0]
    first = list(region.origin)
    first.insert(0, first.pop(slices.axis))
    for number in range(count):
        values = np.zeros(region.shape, dtype=np.float32)
        along = np.moveaxis(values, slices.axis, 0)
        for index, there in found.pieces.items():
            for piece in there:
                row, column = piece.first[0] - first[1], piece.first[1] - first[2]
                _, rows, columns = piece.members.shape
                part = along[index - first[0], row : row + rows, column : column + columns]
                np.maximum(part, piece.members[number], out=part)
        yield values


def _parameters(
    model: Promptable, start: Start, first: dict[str, Any], seed: int, members: int, stops: tuple[dict[str, Any], ...]
) -> dict[str, Any]:
    return {
        "method": METHOD,
        "version": VERSION,
        **model.identity,
        "prompt": start.said(),
        "first_axial": first,
        "seed": seed,
        "members": members,
        "jitter": asking.JITTER,
        "windows_hu": [list(window) for window in WINDOWS_HU],
        "stops": [dict(stop) for stop in stops],
    }


def _spacing(affine: NDArray[np.float64]) -> tuple[float, float, float]:
    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    return k_mm, j_mm, i_mm

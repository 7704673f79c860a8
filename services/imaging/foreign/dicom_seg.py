"""DICOM SEG: binary, overlapping, fractional and label map segmentations, with every frame where it says it lies.

DICOM PS3.3 C.8.20. Segments of one author become one label map, and further ones where they overlap; a fractional
segment becomes a map. Frames that are not there are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from highdicom.seg import segread

from db.vocabulary import LayerKind
from services.errors import InputRefused
from services.imaging.foreign.authors import Readers, person_of, program
from services.imaging.foreign.coded import structure_of
from services.imaging.foreign.frames import Stack, frames_of, stack_of
from services.imaging.foreign.naming import LEFT_OUT, unnamed
from services.imaging.layers import (
    Author,
    LabelMaps,
    Reading,
    joined,
    label_layers,
    map_layer,
    noted,
)
from services.imaging.part10 import UNREADABLE
from services.imaging.resampling import LINEAR, on_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from highdicom import Volume
    from highdicom.seg import Segmentation
    from numpy.typing import NDArray
    from pydicom import Dataset

    from services.imaging.foreign.naming import Naming

KINDS = {"PROBABILITY": LayerKind.PROBABILITY, "OCCUPANCY": LayerKind.SOFT_LABEL}


@dataclass(frozen=True)
class Segment:
    """One described segment: what it stands for and who made it."""

    structure: str
    author: Author
    how: str
    """automatic, semiautomatic or manual."""


def read_seg(path: Path, image: Volume, naming: Naming, readers: Readers) -> Reading:
    """The layers of a segmentation on the grid of `image`. Raises InputRefused."""
    try:
        segmentation = segread(path)
        segments, unknown = _segments(segmentation, naming, readers)
        stack = stack_of(segmentation, image)
        if segmentation.SegmentationType == "FRACTIONAL":
            readings = list(_maps(segmentation, segments, stack, image))
        else:
            readings = list(_label_maps(segmentation, segments, stack, image))
    except InputRefused:
        raise
    except UNREADABLE as error:
        raise InputRefused(
            "A DICOM SEG must hold all of its frames, and describe its segments.",
            "one that is damaged.",
            "Export it again.",
        ) from error
    if not readings:
        raise InputRefused("A segmentation must mark something.", "no voxel that is marked.", "Remove it.")
    return joined([*readings, Reading((), (), unnamed(unknown))])


def _segments(segmentation: Segmentation, naming: Naming, readers: Readers) -> tuple[dict[int, Segment], int]:
    """Every segment by its number, and how many have a name that nobody mapped. One reader for the whole object."""
    described, unknown, reader = {}, 0, None
    for item in segmentation.SegmentSequence:
        number = int(item.SegmentNumber)
        code = (item.get("SegmentedPropertyTypeCodeSequence") or [None])[0]
        structure, known = structure_of(str(item.get("SegmentLabel") or ""), code, number, naming)
        how = str(item.get("SegmentAlgorithmType") or "MANUAL").lower()
        if how == "automatic":
            author = _algorithm(segmentation, item)
        else:
            reader = reader or readers.author(person_of(segmentation))
            author = reader
        described[number] = Segment(structure, author, how)
        unknown += not known
    return described, unknown


def _algorithm(segmentation: Segmentation, item: Dataset) -> Author:
    identified = (item.get("SegmentationAlgorithmIdentificationSequence") or [{}])[0]
    names = (identified.get("AlgorithmName"), item.get("SegmentAlgorithmName"))
    return program(segmentation, *names, version=identified.get("AlgorithmVersion"))


def _label_maps(
    segmentation: Segmentation, segments: Mapping[int, Segment], stack: Stack, image: Volume
) -> Iterator[Reading]:
    authors: dict[Author, LabelMaps] = {}
    hows: dict[Author, set[str]] = {}
    for number, mask in _masks(segmentation, segments, stack):
        segment = segments[number]
        if segment.structure != LEFT_OUT and mask.any():
            authors.setdefault(segment.author, LabelMaps(stack.shape)).add(segment.structure, mask)
            hows.setdefault(segment.author, set()).add(segment.how)
    for author, maps in authors.items():
        parameters = {"format": "DICOM SEG", "made": ", ".join(sorted(hows[author]))}
        yield label_layers(maps, stack.affine, image, author, parameters)


def _masks(
    segmentation: Segmentation, segments: Mapping[int, Segment], stack: Stack
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each segment's mask on the object's own grid, one at a time."""
    if segmentation.SegmentationType == "LABELMAP":
        values = _filled(segmentation, range(1, len(stack.slices) + 1), stack)
        _require_described({int(value) for value in np.unique(values)} - {0}, segments)
        yield from ((number, values == number) for number in segments if number)
        return
    for number, frames in _frames_by_segment(segmentation, segments).items():
        yield number, _filled(segmentation, frames, stack).astype(bool)


def _maps(
    segmentation: Segmentation, segments: Mapping[int, Segment], stack: Stack, image: Volume
) -> Iterator[Reading]:
    kind = KINDS[str(segmentation.SegmentationFractionalType)]
    most = float(segmentation.MaximumFractionalValue)
    for number, frames in _frames_by_segment(segmentation, segments).items():
        segment = segments[number]
        stored = _filled(segmentation, frames, stack)
        if segment.structure == LEFT_OUT or not stored.any():
            continue
        placed = on_grid(stored.astype(np.float32) / most, stack.affine, image, order=LINEAR)
        parameters = noted({"format": "DICOM SEG", "made": segment.how}, placed.note)
        layer = map_layer(placed.array, image, segment.author, kind, segment.structure, parameters=parameters)
        yield Reading((layer,), (f"{segment.author.name}: {layer.name} {placed.note}",) if placed.note else ())


def _frames_by_segment(segmentation: Segmentation, segments: Mapping[int, Segment]) -> dict[int, list[int]]:
    """The numbers, from 1, of each segment's frames."""
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    found: dict[int, list[int]] = {}
    for frame, groups in enumerate(frames_of(segmentation), start=1):
        source = groups if "SegmentIdentificationSequence" in groups else shared
        number = int(source.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        found.setdefault(number, []).append(frame)
    _require_described(set(found), segments)
    return dict(sorted(found.items()))


def _filled(segmentation: Segmentation, frames: Any, stack: Stack) -> NDArray[Any]:  # noqa: ANN401 -- any iterable of numbers
    """The stored values of these frames on the object's grid; two frames at one place are refused."""
    values = np.zeros(stack.shape, dtype=np.uint16 if segmentation.BitsAllocated > 8 else np.uint8)
    filled: set[int] = set()
    for frame in frames:
        k = stack.slices[frame - 1]
        if k in filled:
            raise InputRefused(
                "A segment must have one frame a slice.", "two at one place.", "Export each segmentation once."
            )
        filled.add(k)
        values[k] = segmentation.get_stored_frame(frame)
    return values


def _require_described(used: set[int], segments: Mapping[int, Segment]) -> None:
    missing = used - set(segments)
    if missing:
        raise InputRefused(
            "Every segment of a DICOM SEG must be described.", f"{len(missing)} that are not.", "Export it again."
        )

"""DICOM RTSTRUCT: closed planar contours to masks on the image's grid (DICOM PS3.3 C.8.8.6).

A voxel belongs to a region when its centre lies inside an odd number of the contours of its slice: a contour within
another is a hole (XOR), and the line of a keyhole, run there and back, cancels itself. Points keep their sub-pixel
places. A contour must lie in one slice of the image, PLANE_TOLERANCE of the distance between slices at most beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom import dcmread

from services.errors import GeometryMismatch, InputRefused
from services.imaging.dicom_rules import numbers
from services.imaging.foreign.authors import Readers, person_of, program
from services.imaging.foreign.coded import structure_of
from services.imaging.foreign.naming import LEFT_OUT, unnamed
from services.imaging.layers import Author, LabelMaps, Reading, joined, label_layers
from services.imaging.part10 import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from highdicom import Volume
    from numpy.typing import NDArray
    from pydicom import Dataset

    from services.imaging.foreign.naming import Naming

PLANE_TOLERANCE = 0.25
"""How far a contour's points may lie beside their slice, as a part of the distance between slices."""
ROUNDED = 6
"""Decimals of a place in voxels: a contour through voxel centres goes through them, whatever the arithmetic."""
CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})


def read_rtstruct(path: Path, image: Volume, naming: Naming, readers: Readers) -> Reading:
    """The regions of a structure set as label maps on the grid of `image`. Raises InputRefused."""
    try:
        structures = dcmread(path)
        authors, unknown, open_ones = _regions(structures, image, naming, readers)
    except InputRefused:
        raise
    except UNREADABLE as error:
        raise InputRefused(
            "An RTSTRUCT must hold contours of three coordinates a point.", "one that is damaged.", "Export it again."
        ) from error
    if not authors:
        raise InputRefused(
            "An RTSTRUCT must outline something on the slices of its image.",
            "no closed contour that holds the centre of a voxel.",
            "Export the contours of this series, or remove it.",
        )
    parameters = {"format": "DICOM RTSTRUCT"}
    readings = [label_layers(maps, image.affine, image, author, parameters) for author, maps in authors.items()]
    passed = (f"{open_ones} open contours and points passed over",) if open_ones else ()
    return joined([*readings, Reading((), (), unnamed(unknown) + passed)])


def _regions(
    structures: Dataset, image: Volume, naming: Naming, readers: Readers
) -> tuple[dict[Author, LabelMaps], int, int]:
    """Label maps by author, how many names nobody mapped, and how many contours are not closed."""
    drawn = {int(item.ReferencedROINumber): item for item in structures.get("ROIContourSequence") or ()}
    codes = _codes(structures)
    authors: dict[Author, LabelMaps] = {}
    unknown = open_ones = 0
    reader = None
    for item in structures.get("StructureSetROISequence") or ():
        number = int(item.ROINumber)
        structure, known = structure_of(str(item.get("ROIName") or ""), codes.get(number), number, naming)
        contours = list((drawn[number].get("ContourSequence") or ()) if number in drawn else ())
        closed = [one for one in contours if str(one.get("ContourGeometricType")) in CLOSED]
        open_ones += len(contours) - len(closed)
        if structure == LEFT_OUT or not closed:
            continue
        if str(item.get("ROIGenerationAlgorithm")) == "AUTOMATIC":
            author = program(structures)
        else:
            author = reader = reader or readers.author(person_of(structures))
        mask = filled([_points(one) for one in closed], image)
        if mask.any():
            authors.setdefault(author, LabelMaps(image.spatial_shape)).add(structure, mask)
            unknown += not known
    return authors, unknown, open_ones


def _codes(structures: Dataset) -> dict[int, Dataset]:
    observations = structures.get("RTROIObservationsSequence") or ()
    found = ((item.get("ReferencedROINumber"), item.get("RTROIIdentificationCodeSequence")) for item in observations)
    return {int(number): codes[0] for number, codes in found if number is not None and codes}


def _points(contour: Dataset) -> NDArray[np.float64]:
    """(n, 3) LPS millimetres."""
    values = numbers(contour.ContourData)
    if values.size % 3 or not values.size or not np.isfinite(values).all():
        message = "ContourData must hold triples of numbers."
        raise ValueError(message)
    return values.reshape(-1, 3)


def filled(contours: Sequence[NDArray[np.float64]], image: Volume) -> NDArray[np.bool_]:
    """The voxels [k, j, i] whose centres lie inside an odd number of these contours, (n, 3) LPS millimetres each."""
    toggles: dict[int, NDArray[np.bool_]] = {}
    to_voxels = np.linalg.inv(image.affine)
    _, rows, columns = image.spatial_shape
    for points in contours:
        places = (points @ to_voxels[:3, :3].T + to_voxels[:3, 3]).round(ROUNDED)
        k = _slice(places[:, 0])
        if 0 <= k < image.spatial_shape[0]:
            plane = toggles.setdefault(k, np.zeros((rows, columns + 1), dtype=bool))
            for j, i in _crossings(places[:, 1], places[:, 2], rows, columns):
                plane[j, i] ^= True
    mask = np.zeros(image.spatial_shape, dtype=bool)
    for k, plane in toggles.items():
        mask[k] = np.logical_xor.accumulate(plane, axis=1)[:, :columns]
    return mask


def _slice(heights: NDArray[np.float64]) -> int:
    k = round(float(np.mean(heights)))
    off = float(np.abs(heights - k).max())
    if off > PLANE_TOLERANCE:
        raise GeometryMismatch(
            "Every contour must lie in one slice of the image.",
            f"a point {off:.2f} slices beside it.",
            "Export the contours for this series, on its own slices.",
        )
    return k


def _crossings(j: NDArray[np.float64], i: NDArray[np.float64], rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Where rows of voxel centres cross the outline: row, and the first column at or behind the crossing.

    An edge holds its upper end and not its lower one, so that a corner on a row counts once.
    """
    for j0, i0, j1, i1 in zip(j, i, np.roll(j, -1), np.roll(i, -1), strict=True):
        low, high = sorted((j0, j1))
        for row in range(max(0, int(np.ceil(low))), min(rows, int(np.ceil(high)))):
            crossing = i0 + (row - j0) * (i1 - i0) / (j1 - j0)
            yield row, int(np.clip(np.ceil(crossing), 0, columns))

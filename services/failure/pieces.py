"""The connected pieces of an error: where a mask has what its reference does not, and where it lacks what that has.

Pieces hang together through any of 26 neighbours. A surface is a mask's outermost voxels, distances are those between
voxel middles by the exact Euclidean distance transform, as everywhere (see experts.surfaces).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from db.failure_records import ErrorKind
from db.records import Region
from services.flags import place_in
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from services.experts.surfaces import Outline

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

VERSION = "1"
SMALLEST_ML = 0.1
"""Smaller pieces are stray: counted, not listed."""
MOST_PIECES = 40
"""Of one kind and structure so many are listed, the largest; the others count as stray."""
ALL_AROUND = 0.35
"""Directions of a piece's voxels whose mean resultant length is smaller have no hour: it goes around the vessel."""
NO_REFERENCE_HERE = "the reference has nothing on this slice"
GOES_AROUND = "it goes around the vessel"


@dataclass(frozen=True)
class Piece:
    """One connected piece."""

    kind: ErrorKind
    box: Region
    """Around it, in the arrays that were compared."""
    mask: Mask
    """Its voxels in the box."""
    volume_ml: float
    distance_mm: float
    """From its farthest voxel to the reference's surface."""
    place: Index3
    """The voxel nearest to its centre, in the whole image."""
    slices: tuple[int, int]
    clock: int | None
    """Hour seen from the feet, 12 to the patient's front and 3 to the left; None with a reason."""
    clock_reason: str = ""


@dataclass(frozen=True)
class Pieces:
    """All pieces of one structure."""

    listed: tuple[Piece, ...]
    """The largest first."""
    stray: int
    """Pieces that are not listed."""
    stray_ml: float
    largest_ml: float
    """Of the largest piece, listed or not; 0 where there is no error at all."""


def pieces_of(mask: Mask, reference: Outline, affine: Numbers, origin: Index3 = (0, 0, 0)) -> Pieces:
    """What a mask [k, j, i] gets wrong by a reference that is not empty, on the same grid.

    affine: the arrays' own, (k, j, i) to LPS mm; origin: of the arrays in the whole image.
    """
    wrong = {ErrorKind.FALSE_POSITIVE: mask & ~reference.mask, ErrorKind.FALSE_NEGATIVE: reference.mask & ~mask}
    found = [one for kind, where in wrong.items() for one in _connected(kind, where, reference, affine, origin)]
    listed = [piece for piece, _ in found if piece is not None]
    stray = [volume for piece, volume in found if piece is None]
    largest = max((volume for _, volume in found), default=0.0)
    return Pieces(tuple(sorted(listed, key=lambda piece: -piece.volume_ml)), len(stray), float(sum(stray)), largest)


def _connected(
    kind: ErrorKind, where: Mask, reference: Outline, affine: Numbers, origin: Index3
) -> Iterator[tuple[Piece | None, float]]:
    """Each piece with its volume in mL, the largest first; None for a stray one."""
    if not where.any():
        return
    numbered = cc3d.connected_components(where, connectivity=26)
    known = cc3d.statistics(numbered)
    volumes = known["voxel_counts"][1:] * abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    for rank, number in enumerate(np.argsort(-volumes, kind="stable") + 1):
        volume = float(volumes[number - 1])
        if volume < SMALLEST_ML or rank >= MOST_PIECES:
            yield None, volume
            continue
        box = _region(known["bounding_boxes"][number])
        yield _piece(kind, numbered[slices_of(box)] == number, box, volume, reference, affine, origin), volume


def _region(box: Sequence[slice]) -> Region:
    k, j, i = (int(along.start) for along in box)
    nk, nj, ni = (int(along.stop - along.start) for along in box)
    return Region((k, j, i), (nk, nj, ni))


def _piece(
    kind: ErrorKind, mask: Mask, box: Region, volume: float, reference: Outline, affine: Numbers, origin: Index3
) -> Piece:
    k, j, i = (int(value) for value in np.add(box.origin, origin))
    place, slices = place_in(mask, (k, j, i))
    distance = float(reference.away[slices_of(box)][mask].max())
    in_slice = place[0] - k
    around = reference.mask[in_slice + box.origin[0]]
    clock, reason = clock_of(mask[in_slice], box.origin[1:], around, affine)
    return Piece(kind, box, mask, volume, distance, place, slices, clock, reason)


def clock_of(piece: Mask, origin: Sequence[int], reference: Mask, affine: Numbers) -> tuple[int | None, str]:
    """The hour 1 to 12 of a piece's voxels on one axial slice around the middle of the reference there.

    piece: (j, i), beginning at `origin` of `reference` (j, i). None with a reason where there is no such direction.
    """
    if not reference.any():
        return None, NO_REFERENCE_HERE
    away = np.argwhere(piece) + np.asarray(origin) - np.argwhere(reference).mean(axis=0)
    left, back = (away @ affine[:2, 1:3].T).T
    length = np.maximum(np.hypot(left, back), 1e-9)
    to_left, to_front = float((left / length).mean()), float((-back / length).mean())
    if np.hypot(to_left, to_front) < ALL_AROUND:
        return None, GOES_AROUND
    hour = round(float(np.degrees(np.arctan2(to_left, to_front))) / 30) % 12
    return hour or 12, ""

"""What a model gets wrong in one case by its reference: figures of each structure, and every piece with what is known.

Pure functions of arrays. Surface Dice counts the outermost voxels of both masks that lie within TOLERANCE_MM of the
other's (Nikolov et al. 2018, arXiv:1809.04430, there of surface area). HD95 is the larger 95th percentile of both
directions, as between readers (experts.surfaces).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from db.records import Region
from services.evaluation.measures import Measured
from services.experts.surfaces import Outline, pair
from services.failure.callipers import Callipers
from services.failure.pieces import Pieces, pieces_of
from services.labels import OUTER_WALL
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.failure.grids import CaseGrids, Outlined
    from services.failure.pieces import Piece

    Mask = NDArray[np.bool_]

METHOD, VERSION = "error anatomy", "1"
TOLERANCE_MM = 2.0
TOUCH = np.ones((3, 3, 3), bool)
NOT_OUTLINED = "the model has outlined nothing of it"
NO_REFERENCE = "the reference has nothing of it"
ONLY_WALL = "known of the outer wall only"
NOTHING_LEFT = "nothing would be left to measure"
FEW_READERS = "fewer than two readers tell this structure apart"
NO_NEIGHBOURS = "nobody has labelled the neighbours"
TOUCHES_NONE = "it touches no labelled neighbour"
NO_MAPS = "the model has stored no map of doubt"


@dataclass(frozen=True)
class Known:
    """What is known of one piece beside its shape; None only with a reason under the same name."""

    effect_mm: float | None
    doubt: Mapping[str, float]
    """The mean of each map of doubt over its voxels."""
    disagreement: float | None
    """The mean over its voxels of the share of readers who contradict the reference."""
    touching: str | None
    """The neighbour that it shares or touches most voxels of."""
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OfStructure:
    """One structure by the reference."""

    dice: Measured
    hd95: Measured
    """mm"""
    surface_dice: Measured
    pieces: Pieces
    known: tuple[Known, ...]
    """Of each listed piece."""


@dataclass(frozen=True)
class Anatomy:
    """All structures that model and reference both tell apart; the outer wall comes first."""

    structures: Mapping[str, OfStructure]

    @property
    def wall(self) -> OfStructure:
        """Of the outer wall."""
        return self.structures[OUTER_WALL]


def anatomy_of(grids: CaseGrids) -> Anatomy:
    """Of the structures that the reference has anything of; the outer wall always."""
    there = (name for name in grids.structures if name == OUTER_WALL or grids.reference.of(name).any())
    return Anatomy({name: _structure(grids, name) for name in there})


def _structure(grids: CaseGrids, name: str) -> OfStructure:
    model, reference = grids.model.of(name), grids.reference.of(name)
    if not reference.any():
        undefined = Measured(math.nan, NO_REFERENCE)
        return OfStructure(undefined, undefined, undefined, Pieces((), 0, 0.0, math.nan), ())
    box = bounding_region(model | reference) or Region((0, 0, 0), (1, 1, 1))
    outlines = [Outline(mask[slices_of(box)], grids.spacing) for mask in (model, reference)]
    both = pair(outlines, 0, 1)
    undefined = Measured(math.nan, NOT_OUTLINED)
    hd95, surface = (both.p95_mm, surface_dice(*outlines)) if model.any() else (undefined, undefined)
    k, j, i = (int(value) for value in np.add(box.origin, grids.origin))
    found = pieces_of(outlines[0].mask, outlines[1], grids.affine, (k, j, i))
    return OfStructure(both.dice, hd95, surface, found, _all_known(grids, name, box, found, outlines[0]))


def surface_dice(first: Outline, second: Outline) -> Measured:
    """Share of both surfaces within TOLERANCE_MM of the other one, 0 to 1; neither mask is empty."""
    near = [
        np.count_nonzero(other.away[one.surface] <= TOLERANCE_MM) for one, other in ((first, second), (second, first))
    ]
    return Measured(sum(near) / (np.count_nonzero(first.surface) + np.count_nonzero(second.surface)))


def _all_known(grids: CaseGrids, name: str, box: Region, found: Pieces, model: Outline) -> tuple[Known, ...]:
    callipers = Callipers(model.mask, grids.spacing) if name == OUTER_WALL and found.listed else None
    return tuple(_known(grids, name, _moved(piece.box, box), piece, callipers) for piece in found.listed)


def _moved(inner: Region, box: Region) -> tuple[slice, slice, slice]:
    """A piece's box as an index into the grid."""
    starts = np.add(inner.origin, box.origin).tolist()
    k, j, i = (slice(start, start + size) for start, size in zip(starts, inner.shape, strict=True))
    return k, j, i


def _known(
    grids: CaseGrids, name: str, index: tuple[slice, slice, slice], piece: Piece, callipers: Callipers | None
) -> Known:
    doubt = {measure: float(values[index][piece.mask].mean(dtype=np.float64)) for measure, values in grids.maps.items()}
    effect = callipers.effect(piece) if callipers else None
    disagreement = _disagreement([one for one in grids.readers if one.knows(name)], grids, name, index, piece)
    touching, why = _touching(grids, index, piece)
    reasons = {
        "effect": "" if effect is not None else (NOTHING_LEFT if callipers else ONLY_WALL),
        "clock": piece.clock_reason,
        "doubt": "" if doubt else NO_MAPS,
        "disagreement": "" if disagreement is not None else FEW_READERS,
        "touching": why,
    }
    return Known(effect, doubt, disagreement, touching, {what: reason for what, reason in reasons.items() if reason})


def _disagreement(
    readers: list[Outlined], grids: CaseGrids, name: str, index: tuple[slice, slice, slice], piece: Piece
) -> float | None:
    if len(readers) < 2:
        return None
    right = grids.reference.of(name)[index][piece.mask]
    return float(np.mean([(one.of(name)[index][piece.mask] != right).mean() for one in readers]))


def _touching(grids: CaseGrids, index: tuple[slice, slice, slice], piece: Piece) -> tuple[str | None, str]:
    if grids.neighbours is None:
        return None, NO_NEIGHBOURS
    shape = grids.neighbours.shape
    wide = tuple(slice(max(one.start - 1, 0), min(one.stop + 1, size)) for one, size in zip(index, shape, strict=True))
    before = [(one.start - more.start, more.stop - one.stop) for one, more in zip(index, wide, strict=True)]
    near = ndimage.binary_dilation(np.pad(piece.mask, before), structure=TOUCH)
    counted = np.bincount(grids.neighbours[wide][near])
    counted[:1] = 0
    return (grids.names[int(counted.argmax())], "") if counted.any() else (None, TOUCHES_NONE)

"""Callipers on axial slices: how much one piece of an error moves the largest diameter.

On every axial slice the largest distance between two corners of voxels of the largest connected area is taken: Feret's
diameter of the pixelated outline, exact for it. It is the quick measure, not the diameter across the centreline that
decisions rest on (methods.md): it is meant to rank pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial.distance import pdist

from db.failure_records import ErrorKind
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.failure.pieces import Piece

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

NAME = "largest calliper diameter on axial slices"


def calliper_mm(area: Mask, spacing: Sequence[float]) -> float:
    """Of the largest connected area of (j, i); spacing: mm along j and i. 0 where it is empty."""
    numbered, count = ndimage.label(area, structure=np.ones((3, 3)))
    if count == 0:
        return 0.0
    largest = numbered == np.bincount(numbered.ravel())[1:].argmax() + 1
    rows = np.flatnonzero(largest.any(axis=1))
    first = largest[rows].argmax(axis=1)
    last = largest.shape[1] - largest[rows, ::-1].argmax(axis=1)
    corners = [(rows + below, along) for below in (0, 1) for along in (first, last)]
    points = np.concatenate([np.stack(one, axis=1) for one in corners]) * np.asarray(spacing, float)
    return float(pdist(points).max())


class Callipers:
    """The calliper of every axial slice of a mask [k, j, i], and what becomes of the largest without one piece."""

    def __init__(self, mask: Mask, spacing: Sequence[float]) -> None:
        self.mask = mask
        self.spacing = (float(spacing[1]), float(spacing[2]))
        self.by_slice: Numbers = np.array([calliper_mm(area, self.spacing) for area in mask])

    @property
    def largest(self) -> float:
        """Millimetres; 0 where the mask is empty."""
        return float(self.by_slice.max(initial=0.0))

    def effect(self, piece: Piece) -> float | None:
        """By how many mm correcting this piece alone changes the largest one; None where nothing is left to measure."""
        index = slices_of(piece.box)
        first, end = piece.box.origin[0], piece.box.origin[0] + piece.box.shape[0]
        corrected = self.mask[first:end].copy()
        corrected[:, index[1], index[2]][piece.mask] = piece.kind is ErrorKind.FALSE_NEGATIVE
        callipers = self.by_slice.copy()
        callipers[first:end] = [calliper_mm(area, self.spacing) for area in corrected]
        after = float(callipers.max(initial=0.0))
        return after - self.largest if after > 0 and self.largest > 0 else None

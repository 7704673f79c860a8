"""What several readers called a voxel, in one byte: two bits a reader, so that they are sampled like one label map.

Four readers of classes 0 to 3 fit; bits 0 and 1 are those of the first reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    Readings = TypeVar("Readings", NDArray[np.uint8], torch.Tensor)

READERS, BITS = 4, 2


def packed(drawn: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Label maps of READERS readers, [k, j, i] each, as one array [k, j, i].

    Raises ValueError for another number of readers, and for a class that does not fit.
    """
    if len(drawn) != READERS or max(int(labels.max(initial=0)) for labels in drawn) >= 2**BITS:
        found = f"{len(drawn)} label maps, classes up to {max((int(one.max(initial=0)) for one in drawn), default=0)}"
        raise ValueError(f"There must be {READERS} readers of classes 0 to {2**BITS - 1}. Found: {found}.")
    together = np.zeros(drawn[0].shape, np.uint8)
    for number, labels in enumerate(drawn):
        together |= labels << np.uint8(BITS * number)
    return together


def reader(together: Readings, number: int) -> Readings:
    """What one reader called each voxel; number 0 is the first."""
    return (together >> BITS * number) & (2**BITS - 1)  # type: ignore[no-any-return]  # shifting keeps the type

"""Values that no CT measures: padding outside the scanner's circle, and stored values read with the wrong sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.errors import InputRefused
from services.imaging.dicom_rules import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom import Dataset

HIGHEST = 32767
"""In HU; the largest value that is stored. Metal reaches it in extended CT scales, tissue never."""
AIR = -1000
LARGEST_SHARE = 0.01
"""Of voxels at the highest value; more of them are no metal but values with the wrong sign or scale."""


def settle_extremes(array: NDArray[np.int16], headers: Sequence[Dataset]) -> list[str]:
    """Padding that became the highest value is made air, in place; says what was changed.

    `array`: [k, j, i] in HU; `headers` of its slices. Raises InputRefused where too many values are no HU.
    """
    if array.max() < HIGHEST:
        return []
    said = []
    padded = sum(_air_for_padding(plane, header) for plane, header in zip(array, headers, strict=True))
    if padded:
        said.append(f"{padded:,} voxels of padding (PixelPaddingValue) set to air, {AIR} HU")
    beyond = require_hounsfield(array)
    return [*said, f"{beyond:,} voxels above {HIGHEST:,} HU set to it"] if beyond else said


def require_hounsfield(array: NDArray[np.int16]) -> int:
    """How many voxels [k, j, i] have the highest value. Raises InputRefused where they are too many for metal."""
    beyond = int(np.count_nonzero(array == HIGHEST))
    if beyond > LARGEST_SHARE * array.size:
        raise InputRefused(
            f"Values must be Hounsfield units, below {HIGHEST:,}.",
            f"{beyond / array.size:.0%} of the voxels above.",
            "Check the sign of the stored values, their slope and intercept; export the original images.",
        )
    return beyond


def _air_for_padding(plane: NDArray[np.int16], header: Dataset) -> int:
    """Set the padding of one slice to air where it is the highest value; returns how many voxels."""
    padding, slope, intercept = (
        numbers(header.get(tag)) for tag in ("PixelPaddingValue", "RescaleSlope", "RescaleIntercept")
    )
    if padding.shape != (1,) or padding[0] * float(slope[0] if slope.size else 1) + float(intercept.sum()) < HIGHEST:
        return 0
    there = plane == HIGHEST
    plane[there] = AIR
    return int(np.count_nonzero(there))

"""A model that follows a vessel whose answer is known: on each slice what is bright and joined to the slice before.

It has two members that differ on grey voxels, as `known_model`: one takes them for the vessel, the other does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from services.uncertainty.decomposition import Decomposition
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json, Region
    from services.imaging.progress import Tell
    from services.outlining import KeepPartial

LUMEN_HU, THROMBUS_HU = 200, 20


@dataclass(frozen=True)
class Followed:
    region: Region
    probability: NDArray[np.float32]
    mask: NDArray[np.uint8]
    predictive_entropy: NDArray[np.float32]
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    stops: tuple[dict[str, Any], ...]
    parameters: Mapping[str, object] = field(default_factory=dict)


def follow(case: str, volume: Volume, start: Json, *, seed: int, progress: Tell, partial: KeepPartial) -> Followed:
    """Up from the start, then down; every slice is told, and what there is so far."""
    said: dict[str, Any] = dict(start)
    assert said["axis"] == 0, "this one follows from axial slices alone"
    array, index = volume.array, said["index"]
    mask = np.zeros(array.shape, dtype=np.uint8)
    count = len(array)
    for way, slices in (("upwards", range(index, count)), ("downwards", range(index - 1, -1, -1))):
        inside = _prompted(said, array.shape[1:]) if way == "upwards" else mask[index] > 0
        for k in slices:
            progress(f"slice {k + 1} of {count}, {way}", int((mask.any(axis=(1, 2))).sum()), count)
            parts, _ = ndimage.label(array[k] > THROMBUS_HU)
            inside = np.isin(parts, np.setdiff1d(parts[inside], [0]))
            mask[k] = inside * (1 + (array[k] <= LUMEN_HU))
            region = bounding_region(mask)
            if region is not None:
                partial(region, mask[slices_of(region)])
    return _followed(mask, seed)


def _prompted(start: dict[str, Any], plane: tuple[int, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(plane, dtype=bool)
    if "click" in start:
        inside[tuple(map(round, start["click"]))] = True
    else:
        first_row, first_column, last_row, last_column = (round(value) for value in start["box"])
        inside[first_row : last_row + 1, first_column : last_column + 1] = True
    return inside


def _followed(mask: NDArray[np.uint8], seed: int) -> Followed:
    region = bounding_region(mask)
    assert region is not None, "the tests' starts lie on the vessel"
    part = mask[slices_of(region)]
    sums = Decomposition()
    for wall in (part > 0, part == 1):
        sums.add(np.stack([~wall, wall]).astype(np.float32))
    found = sums.result()
    ends = (("upwards", 19), ("downwards", 0))
    stops = tuple({"direction": way, "last": last, "reason": "the scan ends"} for way, last in ends)
    parameters = {"model": "tube follower@1", "method": "follow the bright", "version": "7", "seed": seed, "members": 2}
    entropies = (found.predictive_entropy, found.expected_entropy, found.mutual_information)
    return Followed(region, found.mean[1], part, *entropies, stops, parameters)


def broken(*_: object, **__: object) -> Followed:
    """A model that ends with an error nobody thought of."""
    raise RuntimeError("Meier^Anna")

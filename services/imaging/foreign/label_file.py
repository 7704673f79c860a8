"""A label map in NIfTI whose values have foreign names: nnU-Net, TotalSegmentator in one file, MONAI Label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.errors import InputRefused
from services.imaging.foreign.naming import other, unnamed
from services.imaging.layers import LARGEST_LABEL, SEGMENTATION, Author, Reading, label_layer, noted, whole_labels
from services.imaging.nifti import has_place, read_array
from services.imaging.resampling import NEAREST, on_grid
from services.labels import INSIDE_WALL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json
    from services.imaging.foreign.naming import Naming


def read_named(
    path: Path, names: Mapping[int, str], naming: Naming, author: Author, image: Volume, parameters: Json | None = None
) -> Reading:
    """The label map of a file as one layer on the image's grid. Raises InputRefused.

    names: what the other program calls each value. Values that are left out become 0, two values of one structure
    become one, and a value without a known name is kept as 'other structure' and its number.
    """
    array, affine = read_array(path)
    array = whole_labels(array)
    present = [int(value) for value in np.flatnonzero(np.bincount(array.ravel(), minlength=2)) if value]
    classes, left_out, _ = naming.classes(names)
    classes |= {value: other(value) for value in set(present) - classes.keys() - left_out}
    mapped, kept = _merged(array, classes, present)
    _require_something(kept, present)
    unknown = sum(structure == other(value) for value, structure in kept.items())
    placed = on_grid(mapped, affine, image, order=NEAREST, placed=has_place(path))
    layer = label_layer(placed.array, image, author, kept, SEGMENTATION, noted(parameters or {}, placed.note))
    mended = (f"{author.name}: {SEGMENTATION} {placed.note}",) if placed.note else ()
    return Reading((layer,), mended, unnamed(unknown))


def _merged(
    array: NDArray[np.uint8], classes: Mapping[int, str], present: list[int]
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """The map with one value for each structure, and 0 for what is left out; and what its values mean.

    A part of the aorta that the author knows and did not find keeps its meaning: its volume is 0 and not unknown.
    """
    first: dict[str, int] = {}
    table = np.zeros(LARGEST_LABEL + 1, dtype=np.uint8)
    for value, structure in sorted(classes.items()):
        if value in present or structure in INSIDE_WALL:
            table[value] = first.setdefault(structure, value)
    return table[array], {value: structure for structure, value in first.items()}


def _require_something(kept: Mapping[int, str], present: list[int]) -> None:
    if present and not kept:
        raise InputRefused(
            "A result must hold a structure that is wanted.",
            f"{len(present)} that labels.toml and the shipped names leave out.",
            "Map one of them in labels.toml.",
        )

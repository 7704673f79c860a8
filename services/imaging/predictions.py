"""Masks and maps that somebody else made, in NIfTI: on the grid of their image, or brought onto it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services import labels
from services.errors import InputRefused
from services.imaging.foreign.label_file import read_named
from services.imaging.foreign.naming import Naming, preset
from services.imaging.layers import (
    SEGMENTATION,
    UNIT_INTERVAL,
    Author,
    Reading,
    label_layer,
    map_layer,
    noted,
    whole_labels,
)
from services.imaging.nifti import has_place, label_table, read_array
from services.imaging.resampling import LINEAR, NEAREST, Placed, on_grid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from highdicom import Volume
    from numpy.typing import NDArray

    from services.prepared import PreparedLayer

KINDS_OF_MAP = UNIT_INTERVAL


@dataclass(frozen=True)
class Prediction:
    """A file with a mask or map, and who made it."""

    path: Path
    author: str
    author_kind: AuthorKind
    source: LabelSource
    version: str = ""
    kind: LayerKind = LayerKind.LABELS
    structure: str = ""
    """Set for a mask of one structure: every voxel that is not 0 belongs to it."""
    classes: Mapping[int, str] = field(default_factory=lambda: labels.DEFAULT)
    naming: Naming = field(default_factory=Naming)
    """What the user's labels.toml says, for a file that carries names of its own."""

    @property
    def what(self) -> str:
        """The thing in words."""
        return f"{self.author_kind} file"

    def read(self, image: Volume) -> Reading:
        """The layer of this file, on the grid of `image`. Raises GeometryMismatch or InputRefused."""
        author = Author(self.author, self.author_kind, self.source, self.version)
        if self.kind is LayerKind.LABELS and not self.structure and self.classes is labels.DEFAULT:
            names = self._own_names()
            if names:
                naming = self.naming.over(preset("totalsegmentator"))
                return read_named(self.path, names, naming, author, image)
        layer, note = _read(self, author, image)
        return Reading((layer,), (f"{self.author}: {layer.name} {note}",) if note else ())

    def _own_names(self) -> dict[int, str]:
        """What the values mean where the user did not say: the file's own table, or TotalSegmentator's classes."""
        table = label_table(self.path)
        if (
            not table
            and self.author.casefold() == "totalsegmentator"
            and read_array(self.path)[0].max() > max(self.classes)
        ):
            return {int(value): name for value, name in preset("totalsegmentator").values.items()}
        return table


def read_prediction(prediction: Prediction, image: Volume) -> PreparedLayer:
    """Read a mask or map. Raises GeometryMismatch or InputRefused with what must hold."""
    return prediction.read(image).layers[0]


def placed_file(path: Path, image: Volume, *, order: int) -> Placed:
    """The voxels of a NIfTI file on the grid of `image`; see resampling.on_grid."""
    array, affine = read_array(path)
    return on_grid(array, affine, image, order=order, placed=has_place(path))


def _read(prediction: Prediction, author: Author, image: Volume) -> tuple[PreparedLayer, str]:
    if prediction.kind in KINDS_OF_MAP:
        placed = placed_file(prediction.path, image, order=LINEAR)
        said = noted({}, placed.note)
        return map_layer(placed.array, image, author, prediction.kind, labels.OUTER_WALL, parameters=said), placed.note
    array, affine = read_array(prediction.path)
    mask = (array != 0).astype(np.uint8) if prediction.structure else whole_labels(array)
    classes = {1: prediction.structure} if prediction.structure else dict(prediction.classes)
    _require_known(mask, classes)
    placed = on_grid(mask, affine, image, order=NEAREST, placed=has_place(prediction.path))
    name = prediction.structure or SEGMENTATION
    return label_layer(placed.array, image, author, classes, name, noted({}, placed.note)), placed.note


def _require_known(mask: NDArray[np.uint8], classes: Mapping[int, str]) -> None:
    unknown = [int(value) for value in np.unique(mask) if value and int(value) not in classes]
    if unknown:
        raise InputRefused(
            f"Every label must have a name; known are {', '.join(f'{v} {n}' for v, n in classes.items())}.",
            f"the labels {', '.join(map(str, unknown[:8]))}.",
            "Name them in case.toml under [labels].",
        )

"""A folder with one mask a structure: TotalSegmentator's output, or what a reader or model put under its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from db.vocabulary import AuthorKind, LabelSource
from services.errors import InputRefused
from services.imaging.foreign.naming import LEFT_OUT, other, preset, unnamed
from services.imaging.layers import Author, LabelMaps, Reading, joined, label_layers
from services.imaging.nifti import has_place, is_nifti, read_array, stem
from services.imaging.resampling import NEAREST, on_grid

if TYPE_CHECKING:
    from pathlib import Path

    from highdicom import Volume
    from numpy.typing import NDArray

    from services.imaging.foreign.naming import Naming

PROGRAM = Author("TotalSegmentator", AuthorKind.MODEL, LabelSource.SOFTWARE)
USUAL_FOLDER = "segmentations"
FEWEST = 2
"""So many masks with TotalSegmentator's names make a folder its output, whatever the folder is called."""


@dataclass(frozen=True)
class MaskFolder:
    """Masks named by their structure, by one author; a Result."""

    folder: Path
    author: Author
    naming: Naming
    what: str = "folder of masks"

    def read(self, image: Volume) -> Reading:
        """All masks as one label map on the grid of `image`, and further ones where they overlap."""
        naming = self.naming.over(preset("totalsegmentator"))
        maps = LabelMaps(image.spatial_shape)
        mended: list[str] = []
        unknown = left_out = 0
        for number, path in enumerate(masks_in(self.folder), start=1):
            structure = naming.structure(stem(path))
            if structure == LEFT_OUT:
                left_out += 1
                continue
            unknown += structure is None
            array, affine = read_array(path)
            _require_one_structure(array)
            placed = on_grid((array > 0).view("uint8"), affine, image, order=NEAREST, placed=has_place(path))
            mended += [f"{self.author.name}: masks {placed.note}"] if placed.note else []
            maps.add(structure or other(number), placed.array.astype(bool))
        _require_one(maps, left_out)
        notes = tuple(dict.fromkeys(mended))
        parameters = {"format": self.what} | ({"placed": "; ".join(notes)} if notes else {})
        reading = label_layers(maps, image.affine, image, self.author, parameters)
        passed = (f"{left_out} structures far from the aorta left out",) if left_out else ()
        return joined([reading, Reading((), notes, unnamed(unknown) + passed)])


def masks_in(folder: Path) -> list[Path]:
    """The masks that lie directly in a folder."""
    return sorted(path for path in folder.iterdir() if path.is_file() and is_nifti(path))


def is_totalsegmentator(folder: Path) -> bool:
    """Whether a folder is TotalSegmentator's output: every mask in it has one of its names."""
    stems = [stem(path) for path in masks_in(folder)]
    known = preset("totalsegmentator")
    enough = len(stems) >= FEWEST or (stems and folder.name == USUAL_FOLDER)
    return bool(enough) and all(known.structure(name) is not None for name in stems)


def _require_one_structure(array: NDArray[Any]) -> None:
    """Any value may stand for the structure, but one only: a label map is no mask."""
    low, high = float(array.min()), float(array.max())
    if low < 0 or not np.isin(array, (0, high)).all():
        raise InputRefused(
            "Each mask of a folder must hold one structure.",
            f"values from {low:g} to {high:g}.",
            "Put a label map directly under readers/ or models/, and nnU-Net's dataset.json beside its masks.",
        )


def _require_one(maps: LabelMaps, left_out: int) -> None:
    if not maps.maps:
        raise InputRefused(
            "A folder of masks must hold a structure near the aorta.",
            f"{left_out} that are left out." if left_out else "no mask.",
            "Map one of them in labels.toml.",
        )

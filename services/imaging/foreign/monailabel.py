"""MONAI Label: the studies folder of its server with datastore_v2.json (monailabel 0.8, datastore/local.py).

<images_dir>/<id><ext> are the images; labels/original/<id><ext> is what a model drew, labels/final/<id><ext> and any
further tag what somebody submitted. Names of the labels stand with each: params.label_names from a model, label_info
from 3D Slicer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.vocabulary import AuthorKind, LabelSource
from services.errors import InputRefused
from services.imaging.foreign.label_file import read_named
from services.imaging.foreign.naming import preset
from services.imaging.layers import Author
from services.imaging.nifti import is_nifti

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from highdicom import Volume

    from services.imaging.foreign.naming import Naming
    from services.imaging.layers import Reading

FILE = "datastore_v2.json"
ORIGINAL, FINAL = "original", "final"
MODEL = re.compile(r"[a-z][a-z0-9_]{1,39}")
"""How apps name their models: 'segmentation', 'deepedit'."""
LARGEST_JSON = 100 * 1024**2


@dataclass(frozen=True)
class MonaiLabel:
    """One label of an image; a Result."""

    path: Path
    names: Mapping[int, str]
    author: Author
    naming: Naming
    what: str = "MONAI Label result"

    def read(self, image: Volume) -> Reading:
        """The label map on the grid of `image`."""
        if not is_nifti(self.path):
            raise InputRefused(
                "A label of MONAI Label must be NIfTI.",
                "another format.",
                "Set the file extension to .nii.gz in 3D Slicer.",
            )
        naming = self.naming.over(preset("monailabel", "totalsegmentator"))
        return read_named(self.path, self.names, naming, self.author, image, {"format": "MONAI Label"})


@dataclass(frozen=True)
class Study:
    """One image of a studies folder, and its labels."""

    image: Path
    labels: tuple[MonaiLabel, ...]


def is_studies(folder: Path) -> bool:
    """Whether a folder is the studies folder of a MONAI Label server."""
    return (folder / FILE).is_file()


def studies(folder: Path, naming: Naming) -> list[Study]:
    """Every image that has its file, with its labels. Raises InputRefused for a damaged datastore."""
    try:
        path = folder / FILE
        said = json.loads(path.read_text(encoding="utf-8") if path.stat().st_size <= LARGEST_JSON else "")
        return list(_studies(folder, said, naming))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputRefused(
            f"{FILE} must be the datastore that MONAI Label wrote.",
            f"a {type(error).__name__}.",
            "Copy the whole studies folder again.",
        ) from error


def _studies(folder: Path, said: Mapping[str, Any], naming: Naming) -> Iterator[Study]:
    images, labels = _inside(folder, said.get("images_dir") or "."), _inside(folder, said.get("labels_dir") or "labels")
    for name, entry in sorted(said["objects"].items()):
        image = _inside(images, f"{name}{entry['image'].get('ext') or ''}")
        if image.is_file() and is_nifti(image):
            yield Study(image, tuple(_labels(labels, name, entry.get("labels") or {}, naming)))


def _labels(folder: Path, name: str, entries: Mapping[str, Any], naming: Naming) -> Iterator[MonaiLabel]:
    """A model's label, then the submitted ones: 'final' first, each further tag a reader of its own."""
    reader = 0
    for tag in sorted(entries, key=lambda tag: (tag != ORIGINAL, tag != FINAL, tag)):
        path = _inside(folder, f"{tag}/{name}{entries[tag].get('ext') or ''}")
        if not path.is_file():
            continue
        info = entries[tag].get("info") or {}
        if tag == ORIGINAL:
            model = str(info.get("model") or "")
            version = model if MODEL.fullmatch(model) else ""
            author = Author("MONAI Label", AuthorKind.MODEL, LabelSource.SOFTWARE, version)
        else:
            reader += 1
            author = Author(f"reader {reader}", AuthorKind.READER, LabelSource.EXPERT)
        yield MonaiLabel(path, dict(_names(info)), author, naming)


def _names(info: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    names = (info.get("params") or {}).get("label_names") or {}
    if isinstance(names, list):
        names = {name: value for value, name in enumerate((n for n in names if n != "background"), start=1)}
    yield from ((int(value), str(name)) for name, value in names.items() if int(value))
    yield from ((int(item["idx"]), str(item["name"])) for item in info.get("label_info") or () if "idx" in item)


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; a datastore reaches nothing outside it."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        message = "a path outside the studies folder"
        raise ValueError(message)
    return path

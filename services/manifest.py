"""case.toml: what a user says about a case's folder. Every key is optional.

synthetic = true
sex = "M"
age_years = 71
image = "ct_cropped.nii.gz"
[labels]
1 = "lumen"
2 = "thrombus"
[[layer]]
file = "aorta.nii.gz"
author = "TotalSegmentator"
author_kind = "model"
version = "2"
source = "software"
structure = "outer wall"
[names]                     # and [maps], as in labels.toml: what other programs' names mean
"ILT" = "thrombus"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from db.vocabulary import AuthorKind, LabelSource, LayerKind, Sex
from services import labels
from services.errors import InputRefused
from services.imaging import nifti
from services.imaging.foreign import naming
from services.imaging.foreign.naming import Naming
from services.imaging.layers import Author
from services.imaging.predictions import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROBABILITY = ".probability"
BESIDE = {LabelSource.EXPERT: AuthorKind.READER, LabelSource.CONSENSUS: AuthorKind.READER}


@dataclass(frozen=True)
class Manifest:
    """What a case.toml says; empty where there is none."""

    synthetic: bool = False
    sex: Sex | None = None
    age_years: int | None = None
    image: Path | None = None
    classes: Mapping[int, str] = field(default_factory=lambda: labels.DEFAULT)
    predictions: tuple[Prediction, ...] = ()
    naming: Naming = field(default_factory=Naming)
    """What the names of other programs mean, by the user's word."""

    def author_of(self, folder: Path, root: Path) -> Author | None:
        """The author of a folder under readers/ or models/ of the case at `root`, by its name; else None."""
        parts = folder.relative_to(root).parts
        if len(parts) < 2 or parts[0] not in ("models", "readers"):
            return None
        name, _, version = parts[1].partition("@")
        is_model = parts[0] == "models"
        usual = LabelSource.SOFTWARE if is_model else LabelSource.EXPERT
        source = LabelSource.SYNTHETIC if self.synthetic else usual
        return Author(name, AuthorKind.MODEL if is_model else AuthorKind.READER, source, version)

    def prediction_in(self, part: str, path: Path) -> Prediction:
        """The prediction that a file under readers/ or models/ holds, by its name."""
        name = nifti.stem(path)
        is_map = name.endswith(PROBABILITY)
        author, _, version = name.removesuffix(PROBABILITY).partition("@")
        is_model = part == "models"
        usual = LabelSource.SOFTWARE if is_model else LabelSource.EXPERT
        return Prediction(
            path=path,
            author=author,
            author_kind=AuthorKind.MODEL if is_model else AuthorKind.READER,
            source=LabelSource.SYNTHETIC if self.synthetic else usual,
            version=version,
            kind=LayerKind.PROBABILITY if is_map else LayerKind.LABELS,
            classes=self.classes,
            naming=self.naming,
        )

    def mask_beside(self, path: Path, source: LabelSource) -> Prediction:
        """A mask beside the image whose source the user named on the command line: one structure, one author."""
        kind = BESIDE.get(source, AuthorKind.MODEL)
        return Prediction(path, nifti.stem(path), kind, source, classes=self.classes, naming=self.naming)


def read_manifest(path: Path, folder: Path) -> Manifest:
    """Read a case.toml about `folder`. Raises InputRefused when it is no TOML or says something unknown."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        classes = {int(value): str(name) for value, name in said.get("labels", {}).items()} or labels.DEFAULT
        return Manifest(
            synthetic=bool(said.get("synthetic", False)),
            sex=Sex(said["sex"]) if "sex" in said else None,
            age_years=int(said["age_years"]) if "age_years" in said else None,
            image=_inside(folder, said["image"]) if "image" in said else None,
            classes=classes,
            predictions=tuple(_prediction(entry, folder, classes) for entry in said.get("layer", ())),
            naming=naming.checked(said, "case.toml"),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefused(
            "case.toml must be TOML with the keys that docs/how-to/ingest-your-cases.md lists.",
            f"a {type(error).__name__}.",
            "Correct it, or remove it to use the folder's own names.",
        ) from error


def _prediction(entry: Mapping[str, Any], folder: Path, classes: Mapping[int, str]) -> Prediction:
    return Prediction(
        path=_inside(folder, entry["file"]),
        author=str(entry["author"]),
        author_kind=AuthorKind(entry.get("author_kind", AuthorKind.MODEL)),
        source=LabelSource(entry["source"]),
        version=str(entry.get("version", "")),
        kind=LayerKind(entry.get("kind", LayerKind.LABELS)),
        structure=str(entry.get("structure", "")),
        classes=classes,
    )


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; a manifest reaches nothing outside it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(name)
    return folder / name

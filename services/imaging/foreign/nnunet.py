"""nnU-Net v2: what its result folders hold, and which masks and probabilities belong to which case.

Formats as written by nnunetv2 2.x (inference/export_prediction.py, utilities/label_handling/label_handling.py):
<case>.nii.gz, <case>.npz with 'probabilities' (class, z, y, x), dataset.json, plans.json; a <case>.pkl is never opened.
Folds are members of one model: fold_<n>/<case>.nii.gz, or fold_<n>/validation/<case>.nii.gz below a trained model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from db.vocabulary import AuthorKind, LabelSource
from services.errors import InputRefused
from services.imaging.layers import Author
from services.imaging.nifti import is_nifti, stem
from services.prepared import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARKS = ("dataset.json", "plans.json", "predict_from_raw_data_args.json")
FOLD = re.compile(r"fold_(\d{1,3}|all)")
TRAINED = re.compile(r"[A-Za-z0-9_]+__[A-Za-z0-9_]+__(2d|3d_fullres|3d_lowres|3d_cascade_fullres)")
CHANNEL = re.compile(r"(.+)_\d{4}")
NOT_RESULTS = re.compile(r"(images|labels)T[rs]|crossval_results.*|postprocessed|gt_segmentations|predicted_next_stage")
LARGEST_JSON = 10 * 1024**2


@dataclass(frozen=True)
class Labels:
    """What dataset.json says of the values: their names, and the regions where training was on regions."""

    names: Mapping[int, str]
    """Each value with the name of the smallest label or region that holds it."""
    heads: tuple[tuple[str, frozenset[int]], ...]
    """The channels of the probabilities: name and values of each; without regions the first is the background."""
    order: tuple[int, ...] = ()
    """regions_class_order: the value that each region's channel sets; empty without regions."""


@dataclass(frozen=True)
class Member:
    """What one fold, or the whole ensemble, predicted for one case."""

    fold: str
    mask: Path
    probabilities: Path | None


@dataclass(frozen=True)
class Model:
    """One result folder: its labels, its author, and the members by case."""

    folder: Path
    labels: Labels
    version: str
    reoriented: bool
    """The probabilities lie on the axes turned to RAS+, as a reader 'WithReorient' leaves them."""
    cases: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)

    def author(self) -> Author:
        """nnU-Net with its configuration, where the folder is not under models/."""
        return Author("nnU-Net", AuthorKind.MODEL, LabelSource.SOFTWARE, self.version)


def find(root: Path) -> tuple[list[Model], list[Skipped]]:
    """Every result folder at or below `root`, and those that cannot be understood."""
    models, skipped = [], []
    places = sorted({path.parent for mark in (*MARKS, "*.npz") for path in root.rglob(mark)})
    for place in dict.fromkeys(_model_folder(place) for place in places):
        cases = _cases(place)
        if not cases:
            continue
        try:
            models.append(_model(place, cases))
        except InputRefused as refusal:
            skipped.append(Skipped.because(f"an nnU-Net result folder of {len(cases)} cases", refusal))
    return models, skipped


def case_of(image: Path) -> str | None:
    """The case that an image belongs to by nnU-Net's naming, <case>_0000.nii.gz; None for any other name."""
    found = CHANNEL.fullmatch(stem(image)) if is_nifti(image) else None
    return found[1] if found else None


def occupied(models: list[Model]) -> set[Path]:
    """Folders that hold results, so that they are not taken for cases."""
    return {model.folder for model in models} | {
        member.mask.parent for model in models for members in model.cases.values() for member in members
    }


def labels_of(dataset: Mapping[str, Any]) -> Labels:
    """The labels of a dataset.json. Raises KeyError, TypeError or ValueError where it says none."""
    said = {str(name): _values(value) for name, value in dataset["labels"].items() if name != "ignore"}
    foreground = {name: values for name, values in said.items() if values != {0}}
    by_size = sorted(foreground.items(), key=lambda item: len(item[1]))
    every = sorted(set().union(*foreground.values()))
    names = {value: next(name for name, values in by_size if value in values) for value in every}
    if any(len(values) > 1 for values in foreground.values()):
        order = tuple(int(value) for value in dataset["regions_class_order"])
        if len(order) != len(foreground):
            message = "regions_class_order must name one value a region."
            raise ValueError(message)
        return Labels(names, tuple(foreground.items()), order)
    heads = [("background", frozenset({0})), *((names[value], frozenset({value})) for value in every)]
    return Labels(names, tuple(heads))


def _values(said: Any) -> frozenset[int]:  # noqa: ANN401 -- a number or a list of such
    return frozenset(int(value) for value in (said if isinstance(said, list) else [said]))


def _model_folder(place: Path) -> Path:
    """The folder that stands for the model: the parent of fold_0, where each fold has a dataset.json of its own."""
    place = place.parent if place.name == "validation" else place
    return place.parent if FOLD.fullmatch(place.name) else place


def _cases(folder: Path) -> dict[str, tuple[Member, ...]]:
    cases: dict[str, list[Member]] = {}
    for fold, place in _folds(folder):
        for mask in sorted(place.glob("*.nii*")):
            if is_nifti(mask) and case_of(mask) is None:
                beside = mask.with_name(f"{stem(mask)}.npz")
                member = Member(fold, mask, beside if beside.is_file() else None)
                cases.setdefault(stem(mask), []).append(member)
    return {name: tuple(members) for name, members in cases.items()}


def _folds(folder: Path) -> Iterator[tuple[str, Path]]:
    if NOT_RESULTS.fullmatch(folder.name):
        return
    children = sorted(child for child in folder.iterdir() if child.is_dir() and FOLD.fullmatch(child.name))
    for child in children:
        yield child.name.removeprefix("fold_"), child / "validation" if (child / "validation").is_dir() else child
    if not children:
        yield "", folder


def _model(folder: Path, cases: Mapping[str, tuple[Member, ...]]) -> Model:
    dataset = _json(_one_of(folder, "dataset.json"))
    try:
        labels = labels_of(dataset)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise _not_understood("one without labels that can be read") from error
    plans = next((path for path in (_beside(folder, "plans.json")) if path.is_file()), None)
    reader = str((_json(plans) if plans else {}).get("image_reader_writer") or "")
    trained = TRAINED.fullmatch(folder.name)
    return Model(folder, labels, trained[1] if trained else "", reader.endswith("WithReorient"), cases)


def _one_of(folder: Path, name: str) -> Path:
    found = next((path for path in _beside(folder, name) if path.is_file()), None)
    if found is None:
        raise _not_understood("none")
    return found


def _beside(folder: Path, name: str) -> Iterator[Path]:
    """Where a file about a model may lie: in its folder, or in that of any fold."""
    yield folder / name
    for _, place in _folds(folder):
        yield place / name
        yield place.parent / name


def _json(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= LARGEST_JSON else ""
        said = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _not_understood("one that is damaged") from error
    if not isinstance(said, dict):
        raise _not_understood("one of another kind")
    return said


def _not_understood(found: str) -> InputRefused:
    return InputRefused(
        "A result folder of nnU-Net must hold the dataset.json that nnU-Net puts there.",
        f"{found}.",
        "Copy dataset.json and plans.json from the trained model beside the masks.",
    )

"""From voxels on an image's grid to layers: who made them, what they mean, cropped to where there is something."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.errors import InputRefused
from services.imaging.resampling import NEAREST, on_grid
from services.prepared import PreparedLayer
from services.uncertainty.names import KINDS, stored
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json
    from services.uncertainty.names import Measure

LARGEST_LABEL = 255
PROBABILITY_STEPS = 255
"""Probabilities are stored in steps of 1/255."""
UNIT_INTERVAL = (LayerKind.PROBABILITY, LayerKind.SOFT_LABEL)
"""Maps whose values lie between 0 and 1."""
MAP_STEPS = 65535
ROUNDING = 1e-3
"""So far may a sum of probabilities lie beyond 1."""
SEGMENTATION = "segmentation"


@dataclass(frozen=True)
class Author:
    """Who made a mask or map: a model with its version, or a reader with the number of the reading."""

    name: str
    kind: AuthorKind
    source: LabelSource
    version: str = ""


@dataclass(frozen=True)
class Reading:
    """What one result gave: layers, what was changed on the way in, and what a reader should know."""

    layers: tuple[PreparedLayer, ...]
    mended: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Result(Protocol):
    """What somebody else made of one image, found but not yet read."""

    @property
    def what(self) -> str:
        """The thing in words, without a file's or folder's name."""

    def read(self, image: Volume) -> Reading:
        """Its layers on the grid of `image`. Raises InputRefused."""


@dataclass
class LabelMaps:
    """Masks of structures gathered to as few label maps as hold them without one voxel in two structures."""

    shape: tuple[int, ...]
    maps: list[NDArray[np.uint8]] = field(default_factory=list)
    classes: list[dict[int, str]] = field(default_factory=list)

    def add(self, structure: str, mask: NDArray[np.bool_]) -> None:
        """Add the voxels of a structure: to the first map where they are free."""
        value = self._value(structure)
        for number in range(len(self.maps) + 1):
            if number == len(self.maps):
                self.maps.append(np.zeros(self.shape, dtype=np.uint8))
                self.classes.append({})
            taken = self.maps[number][mask]
            if not ((taken != 0) & (taken != value)).any():
                self.maps[number][mask] = value
                self.classes[number][value] = structure
                return

    def _value(self, structure: str) -> int:
        """The same value for the same structure, in every map."""
        known = {name: value for classes in self.classes for value, name in classes.items()}
        value = known.get(structure) or len(known) + 1
        if value > LARGEST_LABEL:
            raise InputRefused(
                f"A result may hold at most {LARGEST_LABEL} structures.", "more.", "Send those around the aorta."
            )
        return value


def label_layers(
    maps: LabelMaps,
    affine: NDArray[np.float64],
    image: Volume,
    author: Author,
    parameters: Json,
    *,
    placed: bool = True,
) -> Reading:
    """One layer a label map, brought to the image's grid. An empty result gives none."""
    layers, mended = [], []
    for number, (array, classes) in enumerate(zip(maps.maps, maps.classes, strict=True), start=1):
        laid = on_grid(array, affine, image, order=NEAREST, placed=placed)
        name = SEGMENTATION if number == 1 else f"{SEGMENTATION}, overlapping part {number}"
        layers.append(label_layer(laid.array, image, author, classes, name, noted(parameters, laid.note)))
        mended += [f"{author.name}: {name} {laid.note}"] if laid.note else []
    return Reading(tuple(layers), tuple(mended))


def label_layer(
    array: NDArray[np.uint8],
    image: Volume,
    author: Author,
    classes: Mapping[int, str],
    name: str = SEGMENTATION,
    parameters: Json | None = None,
) -> PreparedLayer:
    """A label map that lies on the image's grid."""
    region = bounding_region(array) or Region((0, 0, 0), (1, 1, 1))
    return _layer(
        np.ascontiguousarray(array[slices_of(region)]),
        region,
        image,
        author,
        kind=LayerKind.LABELS,
        name=name,
        unit="label",
        minimum=0.0,
        maximum=float(max(classes, default=1)),
        classes=dict(classes),
        parameters=dict(parameters or {}),
    )


def map_layer(
    values: NDArray[Any],
    image: Volume,
    author: Author,
    kind: LayerKind,
    name: str,
    **said: Any,  # noqa: ANN401 -- fields of PreparedLayer
) -> PreparedLayer:
    """A map that lies on the image's grid, [k, j, i] in its unit. Raises InputRefused beyond its kind's range.

    Probabilities and soft labels are stored in steps of 1/255, other maps in 65535 steps between their extremes.
    """
    _require_range(values, kind)
    if kind in UNIT_INTERVAL:
        stored = np.rint(np.clip(values, 0, 1) * PROBABILITY_STEPS).astype(np.uint8)
        region = bounding_region(stored) or Region((0, 0, 0), (1, 1, 1))
        scale = {"slope": 1 / PROBABILITY_STEPS, "minimum": 0.0, "maximum": 1.0, "unit": "probability"}
        return _layer(
            np.ascontiguousarray(stored[slices_of(region)]), region, image, author, kind=kind, name=name, **scale | said
        )
    region = bounding_region(values != 0) or Region((0, 0, 0), (1, 1, 1))
    part = values[slices_of(region)].astype(np.float64)
    low, high = float(part.min()), float(part.max())
    slope = (high - low) / MAP_STEPS or 1.0
    steps = np.rint((part - low) / slope).astype(np.uint16)
    scale = {"slope": slope, "intercept": low, "minimum": low, "maximum": high}
    return _layer(steps, region, image, author, kind=kind, name=name, **scale | said)


def doubt_layer(
    values: NDArray[Any],
    classes: int,
    image: Volume,
    author: Author,
    measure: Measure,
    **said: Any,  # noqa: ANN401 -- fields of PreparedLayer
) -> PreparedLayer:
    """A map of doubt on the image's grid [k, j, i], from 0 to the largest that there can be for so many classes."""
    steps, scale = stored(measure, values, classes)
    region = bounding_region(steps != 0) or Region((0, 0, 0), (1, 1, 1))
    part = np.ascontiguousarray(steps[slices_of(region)])
    return _layer(part, region, image, author, kind=KINDS[measure], name=measure.value, **scale, **said)


def joined(readings: Iterable[Reading]) -> Reading:
    """Several readings as one."""
    every = list(readings)
    return Reading(
        tuple(layer for one in every for layer in one.layers),
        tuple(dict.fromkeys(note for one in every for note in one.mended)),
        tuple(dict.fromkeys(note for one in every for note in one.remarks)),
    )


def told_apart(readings: Iterable[Reading]) -> list[Reading]:
    """The same readings; an author who gives a structure once more, in another result, has done so in another run.

    Results of one author with different structures belong together: one file or object a structure is usual.
    """
    given: dict[tuple[str, str], set[str]] = {}
    apart = []
    for reading in readings:
        layers = list(reading.layers)
        for author, version in dict.fromkeys(map(_who, layers)):
            structures = {name for one in layers if _who(one) == (author, version) for name in one.classes.values()}
            run, said = 1, version
            while structures & given.get((author, said), set()):
                run += 1
                said = f"{version} run {run}".strip()
            given.setdefault((author, said), set()).update(structures)
            layers = [replace(one, author_version=said) if _who(one) == (author, version) else one for one in layers]
        apart.append(replace(reading, layers=tuple(layers)))
    return apart


def _who(layer: PreparedLayer) -> tuple[str, str]:
    return layer.author, layer.author_version


def whole_labels(array: NDArray[Any]) -> NDArray[np.uint8]:
    """A label map as uint8. Raises InputRefused for values that are no labels."""
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= LARGEST_LABEL and np.array_equal(array, array.astype(np.uint8))):
        raise InputRefused(
            f"A label map must hold whole numbers from 0 to {LARGEST_LABEL}.",
            f"values from {low:g} to {high:g}.",
            "If it is a probability map, name it <author>.probability.nii.gz.",
        )
    return array.astype(np.uint8)


def noted(parameters: Json, note: str) -> dict[str, object]:
    """The parameters of a layer with how it came onto its image's grid, where it was elsewhere."""
    return {**parameters, "placed": note} if note else dict(parameters)


def _require_range(values: NDArray[Any], kind: LayerKind) -> None:
    low, high = float(values.min()), float(values.max())
    finite = np.isfinite([low, high]).all()
    if kind in UNIT_INTERVAL and not (finite and low >= -ROUNDING and high <= 1 + ROUNDING):
        raise InputRefused(
            "A probability map must hold values from 0 to 1.",
            "values beyond, or none at all in some voxels.",
            "Write the probabilities, not logits or percentages.",
        )
    if not finite:
        raise InputRefused("A map must have a value in every voxel.", "voxels without.", "Write 0 where there is none.")


def _layer(array: NDArray[Any], region: Region, image: Volume, author: Author, **said: Any) -> PreparedLayer:  # noqa: ANN401 -- fields of PreparedLayer
    return PreparedLayer(
        author=author.name,
        author_kind=author.kind,
        author_version=author.version,
        source=author.source,
        array=array,
        affine=moved_origin(image.affine, region.origin),
        region=region,
        **said,
    )

"""Whose outer walls a case holds: one label map for each author and version, ready to be measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.drawings import common_box
from services.imaging.entropy import PREDICTIVE
from services.labels import INSIDE_WALL, LUMEN, OUTER_WALL, THROMBUS, draws_the_wall, of_structures
from services.volume import moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Layer
    from services.prepared import PreparedLayer

IN_ORDER = (OUTER_WALL, THROMBUS, LUMEN)
"""Where the masks of one author overlap, the later one counts."""
MEMBER = "member"
"""The parameter of a layer that is about one member of an ensemble."""


@dataclass(frozen=True)
class Drawn:
    """One author's outer wall, as layers of the store."""

    subject: str
    """As measurements name the author: with the version, where there is one."""
    author: str
    version: str
    kind: AuthorKind
    source: LabelSource
    run_id: int | None
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        """Changes with every voxel and every name of a structure."""
        said = [
            (layer.spec.image.digest, layer.spec.region, sorted(layer.spec.classes.items())) for layer in self.layers
        ]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @property
    def is_of_a_reader(self) -> bool:
        """Whether a person drew it: no consensus, and no program in a reader's place."""
        return self.kind is AuthorKind.READER and self.source not in {LabelSource.CONSENSUS, LabelSource.SOFTWARE}


@dataclass(frozen=True)
class LabelMap:
    """A label map [k, j, i] on a region of its image."""

    array: NDArray[np.uint8]
    classes: Mapping[int, str]
    region: Region
    affine: NDArray[np.float64]
    """(k, j, i) of the region to LPS mm."""


def drawn_of(layers: Sequence[Layer]) -> tuple[Drawn, ...]:
    """Everybody who drew the outer wall, in the order of the layers."""
    groups: dict[tuple[str, str], list[Layer]] = {}
    for layer in layers:
        if draws_the_wall(layer.spec):
            groups.setdefault((layer.spec.author, layer.spec.author_version), []).append(layer)
    return tuple(_drawn(tuple(group)) for group in groups.values())


def shown_author(drawn: Sequence[Drawn]) -> Drawn | None:
    """Whose diameter the worklist shows: the newest prediction's; without any, the first reader's."""
    models = [one for one in drawn if one.kind is AuthorKind.MODEL]
    if models:
        return max(models, key=lambda one: one.run_id or 0)
    return drawn[0] if drawn else None


def readers_of(drawn: Sequence[Drawn]) -> tuple[Drawn, ...]:
    """What persons drew, of each the newest drawing."""
    newest = {one.author: one for one in drawn if one.is_of_a_reader}
    return tuple(newest.values())


def probability_of(layers: Sequence[Layer], author: Drawn) -> Layer | None:
    """The map of the probability of lying inside the outer wall, by the same author; None without one."""
    of_wall = (layer for layer in _maps_of(layers, author) if layer.spec.name == OUTER_WALL)
    return next((layer for layer in of_wall if _is_of_all(layer, LayerKind.PROBABILITY)), None)


def entropy_of(layers: Sequence[Layer], author: Drawn) -> Layer | None:
    """The map of the predictive entropy, by the same author; None without one."""
    named = (layer for layer in _maps_of(layers, author) if layer.spec.name == PREDICTIVE)
    return next((layer for layer in named if _is_of_all(layer, LayerKind.TOTAL)), None)


def label_map(layers: Sequence[PreparedLayer], affine: NDArray[np.float64]) -> LabelMap:
    """The masks of one author as one label map of lumen, thrombus and outer wall; affine: the image's."""
    box = common_box(layers)
    array = np.zeros(box.shape, dtype=np.uint8)
    classes = dict(enumerate(IN_ORDER, start=1))
    for value, structure in classes.items():
        for layer in layers:
            k, j, i = np.subtract(layer.region.origin, box.origin).tolist()
            here = slices_of(Region((k, j, i), layer.region.shape))
            array[here][of_structures(layer.array, layer.classes, frozenset({structure}))] = value
    known = {name for layer in layers for name in layer.classes.values()} & INSIDE_WALL
    named = {value: name for value, name in classes.items() if name in known}
    return LabelMap(array, named, box, moved_origin(affine, box.origin))


def _drawn(layers: tuple[Layer, ...]) -> Drawn:
    spec = layers[0].spec
    subject = f"{spec.author} {spec.author_version}".strip()
    return Drawn(
        subject, spec.author, spec.author_version, spec.author_kind, spec.source, layers[0].run_id, layers
    )  # fmt: skip


def _maps_of(layers: Sequence[Layer], author: Drawn) -> Iterator[Layer]:
    names = (author.author, author.version)
    return (layer for layer in layers if (layer.spec.author, layer.spec.author_version) == names)


def _is_of_all(layer: Layer, kind: LayerKind) -> bool:
    """Of an ensemble as a whole, not of one member."""
    return layer.spec.kind is kind and MEMBER not in layer.spec.parameters

"""The doubt of a stored case on one grid: a model's maps and probabilities, and what readers drew there.

Layers are stored cropped; what lies beyond is 0, as the models say. The grid is the box around all outer walls and
REACH_MM beyond, clipped to the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LayerKind
from services.drawings import common_box
from services.labels import DEFAULT, INSIDE_WALL, LUMEN, OUTER_WALL, THROMBUS, inside_wall, of_structures
from services.measurement.drawn import MEMBER, drawn_of, readers_of
from services.uncertainty.names import ENTROPIES, VARIANCES, Measure
from services.uncertainty.region import REACH_MM
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3, Layer
    from services.measurement.drawn import Drawn
    from services.prepared import PreparedLayer

    Decode = Callable[[Layer], PreparedLayer]

STORED = (*VARIANCES, *ENTROPIES)
"""Measures that a model stores as maps; the softmax response is computed from its probabilities."""
NAMED = frozenset(measure.value for measure in STORED)
MAPS = frozenset({LayerKind.ALEATORIC, LayerKind.EPISTEMIC, LayerKind.TOTAL})
PARTS = frozenset({LUMEN, THROMBUS})
WALL = {1: OUTER_WALL}


@dataclass(frozen=True)
class Sources:
    """The layers that a case's figures of doubt are made of."""

    model: Drawn
    maps: Mapping[Measure, Layer]
    probabilities: Mapping[str, Layer]
    """By structure: lumen, thrombus, outer wall, as far as the model says them."""
    readers: tuple[Drawn, ...]

    @property
    def classes(self) -> Mapping[int, str]:
        """What is told apart: lumen and thrombus where the model and every reader do, or else the outer wall alone."""
        drawn = [
            frozenset(name for layer in one.layers for name in layer.spec.classes.values()) for one in self.readers
        ]
        parts = {LUMEN, THROMBUS}
        return DEFAULT if all(parts <= names for names in [frozenset(self.probabilities), *drawn]) else WALL


@dataclass(frozen=True)
class OnGrid:
    """All of it as arrays [k, j, i] of one box of the image."""

    origin: Index3
    maps: Mapping[Measure, NDArray[np.float32]]
    largest: Mapping[Measure, float]
    """The largest value that each map can have."""
    wall: NDArray[np.bool_]
    """What the model's mask has inside its outer wall."""
    probability: NDArray[np.float32] | None
    """(class, k, j, i) of what is judged, background first; None where the model stored none."""
    votes: NDArray[np.uint8]
    """(reader, k, j, i), the class that each reader gave; without readers (0, k, j, i)."""

    @property
    def shape(self) -> Index3:
        """Of the box."""
        k, j, i = self.wall.shape
        return k, j, i


def sources_of(layers: Sequence[Layer]) -> Sources | None:
    """Those of the newest model with a mask and any doubt to look at; None where there is none."""
    drawn = drawn_of(layers)
    models = sorted((one for one in drawn if one.kind is AuthorKind.MODEL), key=lambda one: one.run_id or 0)
    found = (_sources(one, layers, readers_of(drawn)) for one in reversed(models))
    return next((one for one in found if one.maps or one.probabilities), None)


def on_grid(sources: Sources, decode: Decode, shape: Index3, spacing: Sequence[float]) -> OnGrid:
    """Decode the layers, each once, into the box. shape: the image's; spacing in mm along k, j, i."""
    masks = [[decode(layer) for layer in one.layers] for one in (sources.model, *sources.readers)]
    box = _around(common_box([layer for of_one in masks for layer in of_one]), shape, spacing)
    maps = {measure: placed(decode(layer), box) for measure, layer in sources.maps.items()}
    largest = {measure: layer.spec.maximum for measure, layer in sources.maps.items()}
    said = {name: placed(decode(layer), box) for name, layer in sources.probabilities.items()}
    own = _probability(said, DEFAULT if said.keys() >= PARTS else WALL)
    if own is not None:
        maps[Measure.SOFTMAX], largest[Measure.SOFTMAX] = 1 - own.max(axis=0), 1 - 1 / len(own)
    judged = own if own is not None and len(own) == len(sources.classes) + 1 else _probability(said, sources.classes)
    votes = np.zeros((len(sources.readers), *box.shape), np.uint8)
    for number, of_reader in enumerate(masks[1:]):
        votes[number] = labels_on(of_reader, box, sources.classes)
    return OnGrid(box.origin, maps, largest, labels_on(masks[0], box, WALL) > 0, judged, votes)


def _sources(model: Drawn, layers: Sequence[Layer], readers: tuple[Drawn, ...]) -> Sources:
    own = [layer for layer in layers if (layer.spec.author, layer.spec.author_version) == (model.author, model.version)]
    own = [layer for layer in own if MEMBER not in layer.spec.parameters]
    maps = [layer for layer in own if layer.spec.kind in MAPS and layer.spec.name in NAMED]
    probabilities = [layer for layer in own if layer.spec.kind is LayerKind.PROBABILITY]
    return Sources(
        model,
        {Measure(layer.spec.name): layer for layer in maps},
        {layer.spec.name: layer for layer in probabilities if layer.spec.name in INSIDE_WALL},
        readers,
    )


def _around(box: Region, shape: Index3, spacing: Sequence[float]) -> Region:
    margin = np.ceil(np.divide(REACH_MM, spacing)).astype(int)
    low = np.maximum(np.array(box.origin) - margin, 0)
    high = np.minimum(np.add(box.origin, box.shape) + margin, shape)
    (k, j, i), (nk, nj, ni) = low.tolist(), np.maximum(high - low, 1).tolist()
    return Region((k, j, i), (nk, nj, ni))


def placed(layer: PreparedLayer, box: Region) -> NDArray[np.float32]:
    """A layer's values in a box, 0 beyond its own region."""
    whole = np.zeros(box.shape, np.float32)
    there, here = _shared(layer.region, box)
    whole[there] = layer.values()[here]
    return whole


def labels_on(masks: Sequence[PreparedLayer], box: Region, classes: Mapping[int, str]) -> NDArray[np.uint8]:
    """One author's masks as classes; where they overlap the first class counts, which is the lumen."""
    whole = np.zeros(box.shape, np.uint8)
    for value, name in sorted(classes.items(), reverse=True):
        for mask in masks:
            there, here = _shared(mask.region, box)
            part = mask.array[here]
            wall = inside_wall(part, mask.classes)
            whole[there][wall if name == OUTER_WALL else of_structures(part, mask.classes, frozenset({name}))] = value
    return whole


def _probability(said: Mapping[str, NDArray[np.float32]], classes: Mapping[int, str]) -> NDArray[np.float32] | None:
    """Background first; the outer wall's is that of both its parts together where only these are stored."""
    whole = {OUTER_WALL: said[LUMEN] + said[THROMBUS]} if said.keys() >= PARTS else {}
    parts = whole | dict(said)
    if any(name not in parts for name in classes.values()):
        return None
    inside = np.stack([parts[name] for _, name in sorted(classes.items())])
    return np.concatenate([np.clip(1 - inside.sum(axis=0, keepdims=True), 0, 1), inside])


def _shared(one: Region, box: Region) -> tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]:
    """The voxels that two regions share, as an index into the box and into the first one."""
    low = np.maximum(one.origin, box.origin)
    size = np.maximum(np.minimum(np.add(one.origin, one.shape), np.add(box.origin, box.shape)) - low, 0).tolist()
    starts = [(low - np.array(region.origin)).tolist() for region in (box, one)]
    (nk, nj, ni) = size
    there, here = (slices_of(Region((k, j, i), (nk, nj, ni))) for k, j, i in starts)
    return there, here

"""One case on one grid for its error anatomy: model, reference, readers, maps of doubt and neighbours.

Layers are stored cropped; what lies beyond is 0. The grid is the box around all outlines and MARGIN_MM beyond.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from db.records import Region
from services.failure.references import OF_THE_AORTA
from services.labels import LUMEN, OUTER_WALL, THROMBUS
from services.measurement.drawn import label_map
from services.volume import moved_origin, slices_of, widened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3
    from services.measurement.drawn import LabelMap
    from services.prepared import PreparedLayer

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

MARGIN_MM = 4.0
"""So that what touches an outline is in the box too."""
PARTS = (LUMEN, THROMBUS)


@dataclass(frozen=True)
class Outlined:
    """One author's labels on the grid."""

    labels: NDArray[np.uint8]
    """[k, j, i], named by `classes`, 0 elsewhere."""
    classes: Mapping[int, str]

    def of(self, structure: str) -> Mask:
        """Its voxels; of the outer wall all inside it."""
        if structure == OUTER_WALL:
            return np.asarray(self.labels > 0)
        return np.isin(self.labels, [value for value, name in self.classes.items() if name == structure])

    def knows(self, structure: str) -> bool:
        """Whether the author tells it apart."""
        return structure == OUTER_WALL or structure in self.classes.values()


@dataclass(frozen=True)
class CaseGrids:
    """Arrays [k, j, i] of one box of the image."""

    origin: Index3
    affine: Numbers
    """(k, j, i) of the box to LPS mm."""
    model: Outlined
    reference: Outlined
    readers: tuple[Outlined, ...] = ()
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Maps of doubt, by measure."""
    neighbours: NDArray[np.uint16] | None = None
    """Structures beside the aorta, 0 elsewhere; None where nobody labelled any."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Of the neighbours."""

    @property
    def spacing(self) -> list[float]:
        """Millimetres along k, j, i."""
        found: list[float] = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return found

    @property
    def structures(self) -> tuple[str, ...]:
        """The outer wall, and lumen and thrombus where model and reference both tell them apart."""
        both = all(one.knows(part) for one in (self.model, self.reference) for part in PARTS)
        return (OUTER_WALL, *PARTS) if both else (OUTER_WALL,)


def grids_of(
    model: Sequence[PreparedLayer],
    reference: Sequence[PreparedLayer],
    readers: Sequence[Sequence[PreparedLayer]],
    maps: Mapping[str, PreparedLayer],
    neighbours: Sequence[PreparedLayer],
    affine: Numbers,
    shape: Index3,
) -> CaseGrids:
    """Decoded layers on one grid; affine and shape: the image's."""
    drawn = [label_map(layers, affine) for layers in (model, reference, *readers)]
    spacing = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    box = widened(_around([one.region for one in drawn]), MARGIN_MM, spacing, shape)
    outlined = [Outlined(_laid(one.array, one.region, box), one.classes) for one in drawn]
    placed = {name: _laid(layer.values(), layer.region, box) for name, layer in maps.items()}
    others, names = _neighbours(neighbours, box)
    moved = moved_origin(affine, box.origin)
    return CaseGrids(box.origin, moved, outlined[0], outlined[1], tuple(outlined[2:]), placed, others, names)


def thrombus_share(model: LabelMap) -> float | None:
    """Of all inside the outer wall; None where the model does not tell them apart or outlined nothing."""
    outlined = Outlined(model.array, model.classes)
    whole = int(outlined.of(OUTER_WALL).sum())
    if not whole or not all(map(outlined.knows, PARTS)):
        return None
    return int(outlined.of(THROMBUS).sum()) / whole


def _neighbours(layers: Sequence[PreparedLayer], box: Region) -> tuple[NDArray[np.uint16] | None, dict[int, str]]:
    found = sorted({name for layer in layers for name in layer.classes.values()} - OF_THE_AORTA)
    if not found:
        return None, {}
    number = {name: value for value, name in enumerate(found, start=1)}
    whole = np.zeros(box.shape, np.uint16)
    for layer in layers:
        table = np.zeros(int(layer.array.max(initial=0)) + 1, np.uint16)
        for value, name in layer.classes.items():
            if name in number and value < len(table):
                table[value] = number[name]
        np.maximum(whole, _laid(table[layer.array], layer.region, box), out=whole)
    return whole, {value: name for name, value in number.items()}


def _around(regions: Sequence[Region]) -> Region:
    low = np.min([one.origin for one in regions], axis=0)
    high = np.max([np.add(one.origin, one.shape) for one in regions], axis=0)
    (k, j, i), (nk, nj, ni) = low.tolist(), (high - low).tolist()
    return Region((k, j, i), (nk, nj, ni))


def _laid(array: NDArray[Any], region: Region, box: Region) -> NDArray[Any]:
    """An array on its region, within the box; 0 beyond."""
    whole = np.zeros(box.shape, array.dtype)
    low, high = np.maximum(region.origin, box.origin), np.minimum(_end(region), _end(box))
    if (high > low).all():
        size = (high - low).tolist()
        there, here = ((low - np.asarray(one.origin)).tolist() for one in (box, region))
        whole[slices_of(Region(tuple(there), tuple(size)))] = array[slices_of(Region(tuple(here), tuple(size)))]
    return whole


def _end(region: Region) -> NDArray[np.intp]:
    return np.add(region.origin, region.shape)

"""DICOM Parametric Map: one value a voxel with its unit, of a quantity that we know (DICOM PS3.3 A.75)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import dcmread

from services.errors import InputRefused
from services.imaging.foreign.authors import Readers, program
from services.imaging.foreign.frames import frames_of, stack_of
from services.imaging.foreign.naming import preset
from services.imaging.layers import UNIT_INTERVAL, Reading, map_layer, noted
from services.imaging.part10 import UNREADABLE
from services.imaging.resampling import LINEAR, on_grid
from services.labels import OUTER_WALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from highdicom import Volume
    from numpy.typing import NDArray
    from pydicom import Dataset

    from db.vocabulary import LayerKind
    from services.imaging.foreign.naming import Naming

UNITS = {
    "1": "1",
    "%": "%",
    "{probability}": "probability",
    "nat": "nats",
    "{nat}": "nats",
    "bit": "bits",
    "[hnsf'U]": "HU",
}
"""UCUM code and what we write; the text of the code is not kept."""


def read_map(path: Path, image: Volume, naming: Naming, _: Readers) -> Reading:
    """The map of an object as one layer on the grid of `image`. Raises InputRefused."""
    try:
        source = dcmread(path)
        kind, unit = _quantity(source, naming)
        stack = stack_of(source, image)
        values = np.zeros(stack.shape, dtype=np.float32)
        _require_one_map(stack.slices)
        pixels = source.pixel_array.reshape(len(stack.slices), *stack.shape[1:])
        for frame, k in enumerate(stack.slices):
            values[k] = _real_world(source, frame, pixels[frame])
    except InputRefused:
        raise
    except UNREADABLE as error:
        raise InputRefused(
            "A Parametric Map must hold all of its frames, and say what its values mean.",
            "one that is damaged.",
            "Export it again.",
        ) from error
    placed = on_grid(values, stack.affine, image, order=LINEAR)
    author = program(source)
    parameters = noted({"format": "DICOM Parametric Map"}, placed.note)
    said = {} if kind in UNIT_INTERVAL else {"unit": unit}
    layer = map_layer(placed.array, image, author, kind, OUTER_WALL, parameters=parameters, **said)
    return Reading((layer,), (f"{author.name}: {kind} map {placed.note}",) if placed.note else ())


def _real_world(source: Dataset, frame: int, stored: NDArray[Any]) -> NDArray[np.float64]:
    """A frame, numbered from 0, in its unit: stored value times slope plus intercept (DICOM PS3.3 C.7.6.16.2.11)."""
    own, shared = frames_of(source)[frame], source.SharedFunctionalGroupsSequence[0]
    groups = own if "RealWorldValueMappingSequence" in own else shared
    mapping = groups.RealWorldValueMappingSequence[0]
    return stored.astype(np.float64) * float(mapping.RealWorldValueSlope) + float(mapping.RealWorldValueIntercept)


def _quantity(source: Dataset, naming: Naming) -> tuple[LayerKind, str]:
    """What the map holds, by its quantity or label, and its unit."""
    mappings = list(_mappings(source))
    names = [text for mapping in mappings for text in _texts(mapping)] + [str(source.get("ContentLabel") or "")]
    known = naming.over(preset())
    kind = next(filter(None, map(known.kind_of_map, names)), None)
    if kind is None:
        raise InputRefused(
            "A Parametric Map must hold a quantity that is known: a probability, an uncertainty, an attribution.",
            "another one.",
            "Map its quantity or label under [maps] in labels.toml.",
        )
    codes = [item for mapping in mappings for item in mapping.get("MeasurementUnitsCodeSequence") or ()]
    return kind, UNITS.get(str(codes[0].get("CodeValue")), "") if codes else ""


def _mappings(source: Dataset) -> Iterator[Dataset]:
    for groups in (*source.get("SharedFunctionalGroupsSequence", ()), frames_of(source)[0]):
        yield from groups.get("RealWorldValueMappingSequence") or ()


def _texts(mapping: Dataset) -> Iterator[str]:
    """Where a mapping says what its values are: looked up, never kept."""
    for quantity in mapping.get("QuantityDefinitionSequence") or ():
        for code in quantity.get("ConceptCodeSequence") or ():
            yield str(code.get("CodeMeaning") or "")
    yield from (str(mapping.get(tag) or "") for tag in ("LUTLabel", "LUTExplanation"))


def _require_one_map(slices: tuple[int, ...]) -> None:
    if len(set(slices)) != len(slices):
        raise InputRefused(
            "A Parametric Map must hold one value a voxel.", "several frames at one place.", "Export one map an object."
        )

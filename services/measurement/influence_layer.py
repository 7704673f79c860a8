"""The influence on the diameter as it is stored: a map of the model that outlined, and a row with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.measurement_records import NewMeasurement
from db.records import Region
from db.vocabulary import LayerKind
from services.measurement.records import MOVES_MOST
from services.prepared import PreparedLayer
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from services.measurement.drawn import Drawn
    from services.measurement.influence import Influence

STEPS = 255


def layer_of(found: Influence, author: Drawn, probability: PreparedLayer) -> PreparedLayer:
    """The map in steps of 1/255 of its largest value, cropped; what is below 0 is chance and counts as 0.

    probability: the layer on whose region it was computed.
    """
    scale = found.largest_mm / STEPS if found.largest_mm > 0 else 1.0
    stored = np.rint(np.clip(found.values / scale, 0, STEPS)).astype(np.uint8)
    box = bounding_region(stored != 0) or Region((0, 0, 0), (1, 1, 1))
    k, j, i = np.add(box.origin, probability.region.origin).tolist()
    return PreparedLayer(
        kind=LayerKind.INFLUENCE,
        name=MOVES_MOST,
        author=author.author,
        author_kind=author.kind,
        author_version=author.version,
        source=author.source,
        array=np.ascontiguousarray(stored[slices_of(box)]),
        affine=moved_origin(probability.affine, box.origin),
        region=Region((k, j, i), box.shape),
        unit="mm",
        minimum=0.0,
        maximum=scale * STEPS,
        slope=scale,
        method=found.method[:100],
        method_version=found.version,
        parameters=dict(found.parameters) | {"place": list(found.place)},
        seed=found.seed,
    )


def row_of(found: Influence, subject: str) -> NewMeasurement:
    """By how much the diameter moves with the part of the wall that moves it most, and where that lies."""
    said = dict(found.parameters)
    return NewMeasurement(
        MOVES_MOST, subject, found.largest_mm, "mm", found.method[:100], found.version,
        points=(found.place,), parameters=said, seed=found.seed,
    )  # fmt: skip

"""The layers that a model makes of a prediction, whatever predicted it: on the scan's grid, cropped, signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.imaging.layers import PROBABILITY_STEPS, SEGMENTATION
from services.prepared import PreparedLayer
from services.uncertainty.names import KINDS, stored
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json
    from services.uncertainty.names import Measure


@dataclass(frozen=True)
class Making:
    """Who predicts and how, and the part of the scan that the predicted arrays [k, j, i] cover."""

    volume: Volume
    region: Region
    author: str
    version: str
    source: LabelSource
    method: str
    method_version: str
    parameters: Json = field(default_factory=dict)
    """Those of the run that a reader of one layer should see."""
    seed: int | None = None

    def mask(self, labels: NDArray[np.uint8], classes: Mapping[int, str]) -> PreparedLayer:
        """The labels, 0 background."""
        said = {"unit": "label", "minimum": 0.0, "maximum": float(max(classes))}
        return self._layer(labels, LayerKind.LABELS, SEGMENTATION, classes=dict(classes), **said)

    def probability(self, name: str, values: NDArray[np.float32]) -> PreparedLayer:
        """A map from 0 to 1, in steps of 1/255."""
        steps = np.rint(np.clip(values, 0, 1) * PROBABILITY_STEPS).astype(np.uint8)
        scale = {"unit": "probability", "minimum": 0.0, "maximum": 1.0, "slope": 1 / PROBABILITY_STEPS}
        return self._layer(steps, LayerKind.PROBABILITY, name, **scale)

    def doubt(self, measure: Measure, values: NDArray[np.float32], classes: int) -> PreparedLayer:
        """A map of doubt on one scale for all cases, from 0 to the largest that there can be for so many classes."""
        steps, scale = stored(measure, values, classes)
        return self._layer(steps, KINDS[measure], measure.value, **scale)

    def _layer(self, steps: NDArray[Any], kind: LayerKind, name: str, **said: Any) -> PreparedLayer:  # noqa: ANN401 -- fields of PreparedLayer
        """Without the parts of the region where nothing is above the smallest step that is stored."""
        box = bounding_region(steps != 0) or Region((0, 0, 0), (1, 1, 1))
        k, j, i = np.add(box.origin, self.region.origin).tolist()
        placed = Region((k, j, i), box.shape)
        return PreparedLayer(
            kind=kind,
            name=name,
            author=self.author,
            author_kind=AuthorKind.MODEL,
            author_version=self.version,
            source=self.source,
            array=np.ascontiguousarray(steps[slices_of(box)]),
            affine=moved_origin(self.volume.affine, placed.origin),
            region=placed,
            method=self.method,
            method_version=self.method_version,
            parameters=dict(self.parameters),
            seed=self.seed,
            **said,
        )

"""The analysis of one case, straight down: a volume goes in, layers come out. No disk, no database.

The same function runs on the command line and in a background worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.imaging.entropy import EXPECTED, MUTUAL, PREDICTIVE, entropy_steps
from services.imaging.layers import PROBABILITY_STEPS, SEGMENTATION
from services.imaging.progress import silent
from services.labels import INSIDE_WALL, OUTER_WALL
from services.prepared import PreparedLayer
from services.segmentation.provenance import METHOD, SHOWN, VERSION, identity, weights_of
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.inference import Prediction

OF_THE_RUN = frozenset({"model", "weights_sha256", "axes", "patch", "weights_of_a_window"})
"""Parameters that are too long for every layer."""


class Predict(Protocol):
    """How a prediction is made: `inference.predict`."""

    def __call__(
        self,
        hounsfield: NDArray[np.int16],
        affine: NDArray[np.float64],
        card: ModelCard,
        *,
        locator: ModelCard | None,
        progress: Tell,
    ) -> Prediction:
        """The prediction for a volume [k, j, i] with its affine to LPS millimetres."""


@dataclass(frozen=True)
class Analysis:
    """What a model says about a case: layers on its grid, and how they came to be."""

    layers: tuple[PreparedLayer, ...]
    parameters: Json
    """Of the run: what `provenance.identity` holds, and how the prediction was made."""


def analyse(
    volume: Volume,
    card: ModelCard,
    predict: Predict,
    *,
    locator: ModelCard | None = None,
    source: LabelSource = LabelSource.SOFTWARE,
    tell: Tell = silent,
) -> Analysis:
    """The mask, the mean probability of each class and of the outer wall, and three maps of uncertainty in nats.

    volume: int16 HU [k, j, i]. The maps are those of the prediction's region, without the parts where nothing is above
    the smallest step that is stored. Expected entropy and mutual information need two members; one gives none of them.
    """
    found = predict(volume.array, volume.affine, card, locator=locator, progress=tell)
    making = _Making(volume, card, source, found)
    missing = {"missing": dict(found.missing)} if found.missing else {}
    return Analysis(tuple(making.layers()), {**found.parameters, **missing, **identity(card)})


@dataclass(frozen=True)
class _Making:
    """The layers of one prediction."""

    volume: Volume
    card: ModelCard
    source: LabelSource
    found: Prediction

    def layers(self) -> Iterator[PreparedLayer]:
        yield self._mask()
        yield from self._probabilities()
        yield self._entropy(LayerKind.TOTAL, PREDICTIVE, self.found.predictive_entropy)
        if self.found.mutual_information is not None:
            yield self._entropy(LayerKind.ALEATORIC, EXPECTED, self.found.expected_entropy)
            yield self._entropy(LayerKind.EPISTEMIC, MUTUAL, self.found.mutual_information)

    def _mask(self) -> PreparedLayer:
        labels = {"unit": "label", "minimum": 0.0, "maximum": float(max(self.card.classes))}
        return self._layer(self.found.mask, LayerKind.LABELS, SEGMENTATION, classes=dict(self.card.classes), **labels)

    def _probabilities(self) -> Iterator[PreparedLayer]:
        """First the outer wall where it has parts, then every class."""
        classes = self.card.classes.items()
        inside = [value for value, name in classes if name in INSIDE_WALL]
        whole = {OUTER_WALL: inside} if len(inside) > 1 else {}
        for name, values in (whole | {name: [value] for value, name in classes if name not in whole}).items():
            probability = self.found.probability[values].sum(axis=0)
            stored = np.rint(np.clip(probability, 0, 1) * PROBABILITY_STEPS).astype(np.uint8)
            scale = {"unit": "probability", "minimum": 0.0, "maximum": 1.0, "slope": 1 / PROBABILITY_STEPS}
            yield self._layer(stored, LayerKind.PROBABILITY, name, **scale)

    def _entropy(self, kind: LayerKind, name: str, values: NDArray[np.float32]) -> PreparedLayer:
        """On one scale for all cases, from 0 to ln(classes), the largest that there can be."""
        stored, scale = entropy_steps(values, len(self.card.classes) + 1)
        return self._layer(stored, kind, name, **scale)

    def _layer(self, stored: NDArray[Any], kind: LayerKind, name: str, **said: Any) -> PreparedLayer:  # noqa: ANN401 -- fields of PreparedLayer
        box = bounding_region(stored != 0) or Region((0, 0, 0), (1, 1, 1))
        k, j, i = np.add(box.origin, self.found.region.origin).tolist()
        placed = Region((k, j, i), box.shape)
        return PreparedLayer(
            kind=kind,
            name=name,
            author=self.card.name,
            author_kind=AuthorKind.MODEL,
            author_version=self.card.version,
            source=self.source,
            array=np.ascontiguousarray(stored[slices_of(box)]),
            affine=moved_origin(self.volume.affine, placed.origin),
            region=placed,
            method=METHOD,
            method_version=VERSION,
            parameters=self._parameters(),
            **said,
        )

    def _parameters(self) -> dict[str, object]:
        """Those of the run that a reader of one layer should see; its run has them all."""
        said = {name: value for name, value in self.found.parameters.items() if name not in OF_THE_RUN}
        return {"members": self.found.members, **said, "weights": weights_of(self.card)[:SHOWN]}

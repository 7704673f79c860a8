"""The analysis of one case, straight down: a volume goes in, layers come out. No disk, no database.

The same function runs on the command line and in a background worker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from db.vocabulary import LabelSource
from services.imaging.progress import silent
from services.labels import INSIDE_WALL, OUTER_WALL
from services.making import Making
from services.segmentation.provenance import SHOWN, UNCERTAINTY_VERSION, identity, method_of, weights_of
from services.uncertainty.expert_guided import in_words
from services.uncertainty.names import Measure, Method

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json
    from services.imaging.progress import Tell
    from services.prepared import PreparedLayer
    from services.segmentation.card import ModelCard
    from services.segmentation.inference import Prediction
    from services.segmentation.member_walls import MemberWalls

OF_THE_RUN = frozenset(
    {"model", "weights_sha256", "axes", "patch", "weights_of_a_window", "companion_weights_sha256", "uncertainty"}
)
"""Parameters that are too long for every layer, or about some of them."""


class Predict(Protocol):
    """How a prediction is made: `inference.predict`."""

    def __call__(
        self,
        hounsfield: NDArray[np.int16],
        affine: NDArray[np.float64],
        card: ModelCard,
        *,
        locator: ModelCard | None,
        companion: ModelCard | None,
        progress: Tell,
    ) -> Prediction:
        """The prediction for a volume [k, j, i] with its affine to LPS millimetres."""


@dataclass(frozen=True)
class Analysis:
    """What a model says about a case: layers on its grid, and how they came to be."""

    layers: tuple[PreparedLayer, ...]
    parameters: Json
    """Of the run: what `provenance.identity` holds, and how the prediction was made."""
    member_walls: MemberWalls | None = None
    """Where each member sees the outer wall: for measuring, not for the store."""


def analyse(
    volume: Volume,
    card: ModelCard,
    predict: Predict,
    *,
    locator: ModelCard | None = None,
    companion: ModelCard | None = None,
    source: LabelSource = LabelSource.SOFTWARE,
    tell: Tell = silent,
) -> Analysis:
    """The mask, the mean probability of each class and of the outer wall, and the maps of doubt that there can be.

    volume: int16 HU [k, j, i]. companion: networks that learnt from several readers, for the aleatoric part. The maps
    are those of the prediction's region, without the parts where nothing is above the smallest step that is stored.
    Aleatoric, epistemic and total come first, then the entropies in nats; expected entropy and mutual information need
    two members. What is missing is named, with its reason, in the parameters.
    """
    found = predict(volume.array, volume.affine, card, locator=locator, companion=companion, progress=tell)
    said = _of_a_layer(found, card)
    making = Making(volume, found.region, card.name, card.version, source, *method_of(card), said)
    missing = {"missing": dict(found.missing)} if found.missing else {}
    parameters = {**found.parameters, **missing, **identity(card, companion)}
    return Analysis(tuple(_layers(found, card, making)), parameters, found.member_walls)


def _layers(found: Prediction, card: ModelCard, making: Making) -> Iterator[PreparedLayer]:
    yield making.mask(found.mask, card.classes)
    yield from _probabilities(found, card, making)
    yield from _variances(found, card, making)
    classes = len(card.classes) + 1
    yield making.doubt(Measure.PREDICTIVE, found.predictive_entropy, classes)
    if found.mutual_information is not None:
        yield making.doubt(Measure.EXPECTED, found.expected_entropy, classes)
        yield making.doubt(Measure.MUTUAL, found.mutual_information, classes)


def _variances(found: Prediction, card: ModelCard, making: Making) -> Iterator[PreparedLayer]:
    """Those of the two uncertainties and their sum that there are, each with the method that gave it."""
    maps = {Measure.ALEATORIC: found.aleatoric, Measure.EPISTEMIC: found.epistemic, Measure.TOTAL: found.total}
    method = str(found.parameters.get("uncertainty", Method.ENSEMBLE))
    said = {**making.parameters, **in_words(found.missing)}
    signed = replace(making, method=method, method_version=UNCERTAINTY_VERSION, parameters=said)
    for measure, values in maps.items():
        if values is not None:
            yield signed.doubt(measure, values, len(card.classes) + 1)


def _probabilities(found: Prediction, card: ModelCard, making: Making) -> Iterator[PreparedLayer]:
    """First the outer wall where it has parts, then every class."""
    classes = card.classes.items()
    inside = [value for value, name in classes if name in INSIDE_WALL]
    whole = {OUTER_WALL: inside} if len(inside) > 1 else {}
    for name, values in (whole | {name: [value] for value, name in classes if name not in whole}).items():
        yield making.probability(name, found.probability[values].sum(axis=0))


def _of_a_layer(found: Prediction, card: ModelCard) -> dict[str, object]:
    """Parameters of the run that a reader of one layer should see; its run has them all."""
    said = {name: value for name, value in found.parameters.items() if name not in OF_THE_RUN}
    return {"members": found.members, **said, "weights": weights_of(card)[:SHOWN]}

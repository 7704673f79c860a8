"""What is drawn of several readers: soft labels, three kinds of consensus, and where they contradict a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.experts import places, soft_labels
from services.experts.agreement import REGION
from services.experts.consensus import logarithmic_opinion_pool, majority, staple
from services.experts.panel import PARTS
from services.experts.votes import count_votes
from services.imaging.layers import SEGMENTATION
from services.labels import OUTER_WALL
from services.prepared import PreparedLayer
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.experts.panel import Panel
    from services.experts.votes import Labels

READERS, CONSENSUS = "readers", "consensus"
"""The authors of soft labels, and of the label maps made of several."""
MAJORITY, STAPLE, POOL = "majority", "STAPLE", "opinion pool"
METHODS = (MAJORITY, STAPLE, POOL)
VERSION = "1"


@dataclass(frozen=True)
class Consensus:
    """One label map from all readers, on the readers' box of the panel."""

    method: str
    labels: NDArray[np.uint8]
    said: Mapping[str, object]

    @property
    def wall(self) -> NDArray[np.bool_]:
        """Inside the outer wall."""
        return np.asarray(self.labels != 0)


def consensus_of(panel: Panel) -> list[Consensus]:
    """Majority, STAPLE and opinion pool of the readers: of lumen and thrombus where all tell them apart."""
    labels, classes = _labels(panel)
    votes = count_votes(labels, classes=len(classes) + 1)
    common = {"readers": len(panel.readers), "region": REGION}
    most, estimated = majority(votes), staple(votes)
    likely = estimated.probability.argmax(axis=1).astype(np.uint8)
    pooled = logarithmic_opinion_pool(_smoothed(labels, len(classes) + 1)).argmax(axis=0).astype(np.uint8)
    rounds = {"rounds": estimated.rounds, "converged": estimated.converged}
    return [
        Consensus(
            MAJORITY, np.asarray(votes.on_voxels(most.labels), np.uint8), common | {"tied_voxels": most.tied_voxels}
        ),
        Consensus(STAPLE, np.asarray(votes.on_voxels(likely), np.uint8), common | rounds),
        Consensus(POOL, pooled, common | {"smoothed": f"SVLS, sigma {soft_labels.SIGMA:g}"}),
    ]


def _labels(panel: Panel) -> tuple[Labels, Mapping[int, str]]:
    """The readers' label maps on their box, and what the values mean."""
    whole: Labels = panel.of_readers.astype(np.uint8) if panel.parts is None else panel.parts
    return whole[(slice(None), *slices_of(panel.readers_box))], {1: OUTER_WALL} if panel.parts is None else PARTS


def _smoothed(labels: Labels, classes: int) -> NDArray[np.float32]:
    return np.stack([soft_labels.svls(one[None], classes=classes) for one in labels])


@dataclass(frozen=True)
class Layers:
    """From arrays on a panel to layers of its case."""

    panel: Panel
    affine: NDArray[np.float64]
    """The image's, (k, j, i) to LPS mm."""
    source: LabelSource
    """Of what a program says about this case."""

    def all(self, agreed: Sequence[Consensus], models: Sequence[tuple[str, str]]) -> Iterator[PreparedLayer]:
        """Every layer. models: name and version of each of the panel's."""
        yield from self.soft()
        for one in agreed:
            yield self.consensus(one)
        for number, (name, version) in enumerate(models):
            yield self.disagreement(number, name, version)

    def soft(self) -> Iterator[PreparedLayer]:
        """The share of readers that drew each structure, in exact steps of one reader."""
        panel = self.panel
        yield self._soft(OUTER_WALL, panel.of_readers.sum(axis=0, dtype=np.uint8))
        if panel.parts is not None:
            for value, structure in PARTS.items():
                yield self._soft(structure, (panel.parts == value).sum(axis=0, dtype=np.uint8))

    def consensus(self, agreed: Consensus) -> PreparedLayer:
        """A label map that nobody drew; its version is the method."""
        _, classes = _labels(self.panel)
        said: dict[str, Any] = {
            "unit": "label",
            "minimum": 0.0,
            "maximum": float(max(classes)),
            "classes": dict(classes),
        }
        who = {"author": CONSENSUS, "author_version": agreed.method, "source": LabelSource.CONSENSUS}
        origin = self.panel.readers_box.origin
        return self._layer(
            agreed.labels, origin, LayerKind.CONSENSUS, SEGMENTATION, agreed.method, dict(agreed.said), **who, **said
        )

    def disagreement(self, number: int, model: str, version: str) -> PreparedLayer:
        """The share of readers who say otherwise than a model; its places are in the parameters."""
        panel = self.panel
        otherwise = (panel.of_readers != panel.model(number)).sum(axis=0, dtype=np.uint8)
        found = [piece.as_json() for piece in places.pieces(panel, number)]
        who = {"author": model, "author_version": version, "source": self.source, "author_kind": AuthorKind.MODEL}
        said = {"readers": len(panel.readers), "places": found}
        return self._layer(
            otherwise, (0, 0, 0), LayerKind.DISAGREEMENT, OUTER_WALL, "readers against a model", said, **who,
            **self._shares("share of readers"),
        )  # fmt: skip

    def _soft(self, structure: str, count: NDArray[np.uint8]) -> PreparedLayer:
        said = {"readers": len(self.panel.readers)}
        who = {"author": READERS, "author_version": "", "source": LabelSource.CONSENSUS}
        return self._layer(
            count,
            (0, 0, 0),
            LayerKind.SOFT_LABEL,
            structure,
            "mean of one-hot",
            said,
            **who,
            **self._shares("probability"),
        )

    def _shares(self, unit: str) -> dict[str, Any]:
        return {"unit": unit, "minimum": 0.0, "maximum": 1.0, "slope": 1 / len(self.panel.readers)}

    def _layer(
        self,
        array: NDArray[np.uint8],
        origin: Sequence[int],
        kind: LayerKind,
        name: str,
        method: str,
        parameters: Mapping[str, object],
        **said: Any,  # noqa: ANN401 -- fields of PreparedLayer
    ) -> PreparedLayer:
        """Cropped to where there is something; `origin`: of the array within the panel."""
        box = bounding_region(array) or Region((0, 0, 0), (1, 1, 1))
        k, j, i = np.add(np.add(box.origin, origin), self.panel.grid.box.origin).tolist()
        marked = {"synthetic": True} if self.source is LabelSource.SYNTHETIC else {}
        return PreparedLayer(
            kind=kind,
            name=name,
            array=np.ascontiguousarray(array[slices_of(box)]),
            affine=moved_origin(self.affine, (k, j, i)),
            region=Region((k, j, i), box.shape),
            method=method,
            method_version=VERSION,
            parameters=dict(parameters) | marked,
            **{"author_kind": AuthorKind.READER, **said},
        )

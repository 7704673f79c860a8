"""What a model is set against in a case, and what that is: it decides how the comparison may be called.

A rule of our own, the best first: the exact labels of a generated scan, where they were taken in; the majority of the
readers; one reader; labels of another program, with which a model can agree and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.failure_records import Basis
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.experts.maps import MAJORITY
from services.labels import INSIDE_WALL
from services.measurement.drawn import drawn_of, readers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import Layer
    from services.measurement.drawn import Drawn

TRUTH = "truth"
"""Under this name, as a reader, the exact labels of a generated scan are taken in."""
OF_THE_AORTA = INSIDE_WALL | {"calcification", "true lumen", "false lumen", "stent graft"}
"""No neighbours: they lie within the wall."""
NO_REFERENCE = "nobody but models has outlined the aorta in this case"
NO_MODEL = "no model has outlined the aorta in this case"


@dataclass(frozen=True)
class Reference:
    """Whose outlines count as right."""

    basis: Basis
    name: str
    layers: tuple[Layer, ...]
    subjects: tuple[str, ...]
    """Whose measured diameters are its diameter, as their median."""

    @property
    def digests(self) -> list[str]:
        """Change with every voxel."""
        return [layer.spec.image.digest[:16] for layer in self.layers]


def reference_of(layers: Sequence[Layer], model: Drawn) -> Reference | None:
    """The reference of a case for a model; None where there is none."""
    drawn = [one for one in drawn_of(layers) if one.kind is AuthorKind.READER and one.subject != model.subject]
    exact = [one for one in drawn if one.author.lower() == TRUTH and one.source is LabelSource.SYNTHETIC]
    if exact:
        return _one(Basis.TRUTH, exact[-1])
    readers, agreed = readers_of(drawn), _majority(layers)
    if len(readers) > 1 and agreed is not None:
        name = f"majority of {len(readers)} readers"
        return Reference(Basis.CONSENSUS, name, (agreed,), tuple(one.subject for one in readers))
    if readers:
        return _one(Basis.EXPERT, readers[-1])
    others = [one for one in drawn if one.source is LabelSource.SOFTWARE]
    return _one(Basis.SOFTWARE, others[-1]) if others else None


def neighbours_of(layers: Sequence[Layer]) -> list[Layer]:
    """Label maps that name structures beside the aorta."""
    labelled = (layer for layer in layers if layer.spec.kind is LayerKind.LABELS)
    return [layer for layer in labelled if set(layer.spec.classes.values()) - OF_THE_AORTA]


def _one(basis: Basis, drawn: Drawn) -> Reference:
    return Reference(basis, drawn.subject, drawn.layers, (drawn.subject,))


def _majority(layers: Sequence[Layer]) -> Layer | None:
    """As it was made when the readers were compared."""
    agreed = (layer for layer in layers if layer.spec.kind is LayerKind.CONSENSUS)
    return next((layer for layer in agreed if layer.spec.author_version == MAJORITY), None)

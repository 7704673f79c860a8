"""First findings about a case's masks: sizes, agreement, and reasons for a second look.

Our own design: plain counts on the masks as they are, without a reference. Slices are stored from 0 and said from 1,
as the viewer shows them. The outer wall is the surface of lumen, thrombus and 'outer wall' together.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from db.records import NewProfile, NewScore
from db.vocabulary import Agreement, AuthorKind, LabelSource, LayerKind
from services.drawings import STRUCTURES, Drawing, Grid, common_box, dice, drawings_of, pairs_with_a_model
from services.flags import CM2, flags_of
from services.imaging.entropy import PREDICTIVE
from services.labels import OUTER_WALL, draws_the_wall
from services.uncertainty.names import ENTROPIES, UNITS, VARIANCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3, NewFlag
    from services.prepared import PreparedLayer

METHOD, VERSION = "mask findings", "4"
NOTHING_SAID: Mapping[str, object] = MappingProxyType({})
MAPS_OF_DOUBT = {measure.value: UNITS[measure] for measure in (*VARIANCES, *ENTROPIES)}
"""By name, with the unit: maps in percent, say, that another program calls so are none of these."""


@dataclass(frozen=True)
class Findings:
    """What was found about one case."""

    scores: tuple[NewScore, ...]
    flags: tuple[NewFlag, ...]
    profiles: tuple[NewProfile, ...]


def find(layers: Sequence[PreparedLayer], shape: Index3, spacing: Sequence[float]) -> Findings:
    """Scores, flags and per-slice profiles of a case's masks and probability maps.

    shape: the image's (k, j, i); spacing in mm. An undefined score is None with its reason; flags come most severe
    first. Layers are not changed.
    """
    walls = [layer for layer in layers if draws_the_wall(layer)]
    grid = Grid(shape, common_box(walls), (float(spacing[0]), float(spacing[1]), float(spacing[2])))
    drawings = drawings_of(walls, grid)
    scores = [*_volumes(drawings, grid), *_dices(drawings)]
    profiles = [*_areas(drawings, grid), *_disagreement(drawings, grid), *_entropies(layers, shape)]
    return Findings(tuple(scores), tuple(flags_of(drawings, grid)), tuple(profiles))


def binary_entropy(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Entropy of a yes-or-no probability in nats, 0 to ln 2; the same shape. Shannon 1948."""
    p = np.clip(probability.astype(np.float64), 1e-12, 1 - 1e-12)
    entropy: NDArray[np.float64] = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    return entropy


def _volumes(drawings: Sequence[Drawing], grid: Grid) -> Iterator[NewScore]:
    for drawing in drawings:
        for name, structure in STRUCTURES.items():
            count = drawing.parts[structure]
            reason = f"this author does not label the {structure}" if count is None else ""
            yield _score(name, drawing.author, None if count is None else count * grid.voxel_ml, "mL", reason)
        yield _score("volume_outer_wall", drawing.author, int(drawing.wall.sum()) * grid.voxel_ml, "mL")


def _dices(drawings: Sequence[Drawing]) -> Iterator[NewScore]:
    """Every model with every other author, then every model with the readers; who they are is in the parameters."""
    with_readers: dict[str, dict[str, float]] = {}
    for first, second in pairs_with_a_model(drawings):
        value = dice(first.wall, second.wall)
        reason = "both outer walls are empty" if value is None else ""
        yield _score(
            Agreement.WITH_ONE, f"{first.author} vs {second.author}", value, "1", reason, _who(first) | _against(second)
        )
        if value is not None and second.kind is AuthorKind.READER and second.source is not LabelSource.CONSENSUS:
            with_readers.setdefault(first.author, {})[second.author] = value
    for model in drawings:
        if model.kind is AuthorKind.MODEL:
            yield _with_readers(model, with_readers.get(model.author, {}))


def _with_readers(model: Drawing, dices: Mapping[str, float]) -> NewScore:
    """The median over the drawings of readers; a consensus made from them is no further reader."""
    value = statistics.median(dices.values()) if dices else None
    reason = "" if dices else "no reader drew the outer wall"
    said = _who(model) | {"readers": list(dices)}
    return _score(Agreement.WITH_READERS, f"{model.author} vs readers", value, "1", reason, said)


def _who(model: Drawing) -> dict[str, object]:
    return {"model": model.name, "model_version": model.version}


def _against(other: Drawing) -> dict[str, object]:
    kind, source = other.kind.value, other.source.value
    return {"other": other.name, "other_version": other.version, "other_kind": kind, "other_source": source}


def _score(
    name: str, subject: str, value: float | None, unit: str, reason: str = "", said: Mapping[str, object] = NOTHING_SAID
) -> NewScore:
    return NewScore(name, subject, value, unit, "whole mask", METHOD, VERSION, parameters=said, reason=reason)


def _areas(drawings: Sequence[Drawing], grid: Grid) -> Iterator[NewProfile]:
    for drawing in drawings:
        yield _profile("outer wall area", drawing.author, CM2, _per_slice(drawing.wall, grid))


def _disagreement(drawings: Sequence[Drawing], grid: Grid) -> Iterator[NewProfile]:
    if len(drawings) > 1:
        walls = np.stack([drawing.wall for drawing in drawings])
        apart: NDArray[np.bool_] = np.asarray(walls.any(axis=0) & ~walls.all(axis=0))
        subject = f"{len(drawings)} authors"
        yield _profile("disagreement", subject, CM2, _per_slice(apart, grid))


def _entropies(layers: Sequence[PreparedLayer], shape: Index3) -> Iterator[NewProfile]:
    """Per slice, the mean of each stored map of doubt; of the entropy of a probability map where there is none.

    The maps of one author are averaged over one area, the box of the predictive entropy, so that their curves add up
    as they do. None on slices without a map. The members of an ensemble have no curve of their own: their mean has.
    """
    areas = {
        _author(layer): layer.region.shape[1] * layer.region.shape[2] for layer in layers if layer.name == PREDICTIVE
    }
    for layer in layers:
        if layer.unit == MAPS_OF_DOUBT.get(layer.name) and _author(layer) in areas:
            sums = layer.values().sum(axis=(1, 2), dtype=np.float64)
            yield _curve(layer.name, layer.author, layer, sums / areas[_author(layer)], shape)
        elif layer.kind is LayerKind.PROBABILITY and "member" not in layer.parameters and _author(layer) not in areas:
            mean = binary_entropy(layer.values()).mean(axis=(1, 2))
            subject = layer.author if layer.name == OUTER_WALL else f"{layer.author}, {layer.name}"
            yield _curve(PREDICTIVE, subject, layer, mean, shape)


def _author(layer: PreparedLayer) -> tuple[str, str]:
    return layer.author, layer.author_version


def _curve(name: str, subject: str, layer: PreparedLayer, means: NDArray[np.float64], shape: Index3) -> NewProfile:
    values: list[float | None] = [None] * shape[0]
    first = layer.region.origin[0]
    values[first : first + len(means)] = [float(value) for value in means]
    return _profile(name, subject, MAPS_OF_DOUBT[name], values)


def _profile(name: str, subject: str, unit: str, values: Sequence[float | None]) -> NewProfile:
    return NewProfile(name, subject, unit, tuple(values), METHOD, VERSION)


def _per_slice(mask: NDArray[np.bool_], grid: Grid) -> list[float | None]:
    values: list[float | None] = [0.0] * grid.shape[0]
    first = grid.box.origin[0]
    values[first : first + len(mask)] = [float(count) * grid.pixel_cm2 for count in mask.sum(axis=(1, 2))]
    return values

"""Figures about the readers of one case, and the models beside them, as scores and curves along the scan."""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from db.records import NewProfile, NewScore
from db.vocabulary import AuthorKind, ReadersFigure
from services.drawings import dice
from services.evaluation.measures import Measured
from services.experts.agreement import METHOD, REGION, VERSION, against, agreement
from services.experts.energy import Distance, model_distance
from services.experts.surfaces import Outline, pair
from services.flags import CM2, place_in
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.experts.agreement import AgainstOthers, Agreement
    from services.experts.maps import Consensus
    from services.experts.panel import Panel
    from services.experts.surfaces import Pair

WHOLE = "the box around all outlines"
BOTH_EMPTY = "neither drew anything"
DISAGREEMENT = "disagreement"
UNITS = {
    ReadersFigure.DICE: "1",
    ReadersFigure.DISTANCE: "mm",
    ReadersFigure.HD95: "mm",
    ReadersFigure.SENSITIVITY: "1",
    ReadersFigure.SPECIFICITY: "1",
    ReadersFigure.BIAS: "mm",
    ReadersFigure.KAPPA: "1",
    ReadersFigure.ALPHA: "1",
    ReadersFigure.DISPUTED: "mL",
    ReadersFigure.GED: "1",
    ReadersFigure.TO_READERS: "1",
    ReadersFigure.AMONG_READERS: "1",
    ReadersFigure.EXCESS: "1",
    ReadersFigure.CONSENSUS_DICE: "1",
    ReadersFigure.CONSENSUS_VOLUME: "mL",
}


def scores_of(panel: Panel, agreed: Sequence[Consensus]) -> list[NewScore]:
    """Every figure of ReadersFigure that the panel allows; two readers or more. None only with its reason."""
    found = agreement(panel.of_readers, panel.grid.spacing)
    outlines = [Outline(wall, panel.grid.spacing) for wall in panel.walls]
    return [
        *_pairs(panel, found, outlines),
        *_readers(panel, found),
        *_models(panel, outlines),
        *_together(panel, found),
        *_consensus(panel, agreed),
    ]


def profiles_of(panel: Panel) -> list[NewProfile]:
    """Per slice, in square centimetres: what readers dispute, and the mean area by which they leave each model."""
    readers = panel.of_readers
    disputed = np.asarray(readers.any(axis=0) & ~readers.all(axis=0))
    curves = [("readers", _areas(disputed, panel))]
    for number, name in enumerate(panel.models):
        apart = (readers != panel.model(number)).sum(axis=(0, 2, 3), dtype=np.float64)
        curves.append((name, apart / len(readers) * panel.grid.pixel_cm2))
    return [_profile(panel, subject, areas) for subject, areas in curves]


def _pairs(panel: Panel, found: Agreement, outlines: Sequence[Outline]) -> Iterator[NewScore]:
    """Every reader with every other reader, and with every model."""
    number = len(panel.readers)
    with_models = (pair(outlines, one, other) for one, other in product(range(number), range(number, len(outlines))))
    for one in (*found.pairs, *with_models):
        yield from _pair(panel, one)


def _pair(panel: Panel, one: Pair) -> Iterator[NewScore]:
    first, second = panel.authors[one.first], panel.authors[one.second]
    kind = AuthorKind.READER if one.second < len(panel.readers) else AuthorKind.MODEL
    said: dict[str, object] = {"first": first, "second": second, "second_kind": kind.value}
    said |= _worst_slice(panel.walls[one.first] ^ panel.walls[one.second], panel)
    figures = {ReadersFigure.DICE: one.dice, ReadersFigure.DISTANCE: one.mean_mm, ReadersFigure.HD95: one.p95_mm}
    for name, measured in figures.items():
        yield _score(name, f"{first} vs {second}", measured, WHOLE, said)


def _worst_slice(apart: NDArray[np.bool_], panel: Panel) -> dict[str, object]:
    """The slice where most is apart, how much in square centimetres, and a voxel of it; nothing where nothing is."""
    areas = apart.sum(axis=(1, 2))
    if not areas.any():
        return {}
    worst = int(areas.argmax())
    k, j, i = panel.grid.box.origin
    place, _ = place_in(apart[worst : worst + 1], (k + worst, j, i))
    return {"slice": place[0], "place": list(place), "apart_cm2": float(areas[worst]) * panel.grid.pixel_cm2}


def _readers(panel: Panel, found: Agreement) -> Iterator[NewScore]:
    for name, one in zip(panel.readers, found.readers, strict=True):
        said = {"author": name, "author_kind": AuthorKind.READER.value, "against": "the other readers"}
        yield from _against(name, one, REGION, said)


def _models(panel: Panel, outlines: Sequence[Outline]) -> Iterator[NewScore]:
    number = len(panel.readers)
    for name, outline in zip(panel.models, outlines[number:], strict=True):
        said = {"author": name, "author_kind": AuthorKind.MODEL.value}
        yield from _against(name, against(outline, outlines[:number]), WHOLE, said | {"against": "all readers"})
        for kind in Distance:
            known = model_distance(outline.mask[None], panel.of_readers, kind)
            figures = {
                ReadersFigure.GED: known.ged,
                ReadersFigure.TO_READERS: known.to_readers,
                ReadersFigure.AMONG_READERS: known.among_readers,
                ReadersFigure.EXCESS: known.excess,
            }
            for figure, measured in figures.items():
                yield _score(figure, name, measured, WHOLE, said | {"distance": kind.value, "samples": 1})


def _against(name: str, one: AgainstOthers, region: str, said: Mapping[str, object]) -> Iterator[NewScore]:
    yield _score(ReadersFigure.SENSITIVITY, name, one.sensitivity, region, said)
    yield _score(ReadersFigure.SPECIFICITY, name, one.specificity, region, said)
    yield _score(ReadersFigure.BIAS, name, one.bias_mm, region, said)


def _together(panel: Panel, found: Agreement) -> Iterator[NewScore]:
    readers = panel.of_readers
    disputed = np.asarray(readers.any(axis=0) & ~readers.all(axis=0))
    subject, said = f"{len(readers)} readers", {"readers": len(readers)}
    yield _score(ReadersFigure.KAPPA, subject, found.kappa, REGION, said)
    yield _score(ReadersFigure.ALPHA, subject, found.alpha, REGION, said)
    volume = Measured(int(disputed.sum()) * panel.grid.voxel_ml)
    yield _score(ReadersFigure.DISPUTED, subject, volume, REGION, said | _worst_slice(disputed, panel))


def _consensus(panel: Panel, agreed: Sequence[Consensus]) -> Iterator[NewScore]:
    """How large each consensus is, and how far it overlaps with the others, every reader and every model."""
    walls = {one.method: _whole(one, panel) for one in agreed}
    for method, wall in walls.items():
        volume = Measured(int(wall.sum()) * panel.grid.voxel_ml)
        yield _score(
            ReadersFigure.CONSENSUS_VOLUME, method, volume, WHOLE, {"consensus": method, "other": "", "other_kind": ""}
        )
        for name, kind, other in _authors(panel):
            yield _overlap(method, wall, name, kind.value, other)
    for (method, wall), (name, other) in combinations(walls.items(), 2):
        yield _overlap(method, wall, name, "consensus", other)


def _authors(panel: Panel) -> Iterator[tuple[str, AuthorKind, NDArray[np.bool_]]]:
    for number, (name, wall) in enumerate(zip(panel.authors, panel.walls, strict=True)):
        yield name, AuthorKind.READER if number < len(panel.readers) else AuthorKind.MODEL, wall


def _overlap(method: str, wall: NDArray[np.bool_], name: str, kind: str, other: NDArray[np.bool_]) -> NewScore:
    value = dice(wall, other)
    measured = Measured(math.nan, BOTH_EMPTY) if value is None else Measured(value)
    said = {"consensus": method, "other": name, "other_kind": kind}
    return _score(ReadersFigure.CONSENSUS_DICE, f"{method} vs {name}", measured, WHOLE, said)


def _whole(one: Consensus, panel: Panel) -> NDArray[np.bool_]:
    """A consensus on the panel's box: outside the readers' box nobody drew."""
    wall = np.zeros(panel.grid.box.shape, bool)
    wall[slices_of(panel.readers_box)] = one.wall
    return wall


def _areas(mask: NDArray[np.bool_], panel: Panel) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = mask.sum(axis=(1, 2)) * panel.grid.pixel_cm2
    return areas


def _profile(panel: Panel, subject: str, areas: NDArray[np.float64]) -> NewProfile:
    values: list[float | None] = [0.0] * panel.grid.shape[0]
    first = panel.grid.box.origin[0]
    values[first : first + len(areas)] = [float(area) for area in areas]
    return NewProfile(DISAGREEMENT, subject, CM2, tuple(values), METHOD, VERSION)


def _score(name: ReadersFigure, subject: str, measured: Measured, region: str, said: Mapping[str, object]) -> NewScore:
    value = None if math.isnan(measured.value) else measured.value
    return NewScore(
        name, subject[:250], value, UNITS[name], region, METHOD, VERSION, parameters=dict(said), reason=measured.reason
    )

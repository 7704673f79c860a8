"""The use-case of the page Uncertainty: what its figures show, from what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import doubts as stored
from services import doubts
from services.doubts import ALL, GENERATED, REAL, KnownCase
from services.uncertainty.across_cases import Band, Bin, band, pooled
from services.uncertainty.figure_names import AGAINST_READERS, CALIBRATION, ERROR, Figure, name_of
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.records import StoredFigure
    from services.desk import Desk
    from services.doubts import Known
    from services.uncertainty.separation import Separation

MOST_CURVES = 500
"""Curves and bins are put together of so many of the newest cases."""
OF_A_CASE = (Figure.MEAN, Figure.HIGH, *AGAINST_READERS)


@dataclass(frozen=True)
class Choice:
    """What the page shows."""

    model: str
    measure: Measure
    stratum: str = ALL
    structure: str = ""


@dataclass(frozen=True)
class Choices:
    """What can be chosen for a model."""

    measures: tuple[Measure, ...]
    """Those that any case has a map of."""
    strata: tuple[str, ...]
    structures: tuple[str, ...]
    """Those whose probabilities were set against readers; empty where none were."""


@dataclass(frozen=True)
class Seen:
    """The figures of one choice."""

    choice: Choice
    cases: tuple[KnownCase, ...]
    """Of the model and stratum, the newest first."""
    stored: int
    """Cases with figures in the whole store."""
    looked_at: int
    """Of them, the newest."""
    pair: tuple[Measure, Measure]
    bands: Mapping[Measure, Band]
    """Accuracy against the share that is kept."""
    bins: tuple[Bin, ...]
    """Of the structure."""
    separation: Separation
    sentence: str
    """What it says, and by which measures it was judged."""

    @property
    def groups(self) -> dict[str, list[float]]:
        """The means of the measure by where cases come from."""
        found: dict[str, list[float]] = {GENERATED: [], REAL: []}
        for case in self.cases:
            value = case.value(self.choice.measure)
            if value is not None:
                found[GENERATED if case.synthetic else REAL].append(value)
        return found

    @property
    def unit(self) -> str:
        """Of the measure; '1' where no case says it."""
        name = name_of(self.choice.measure, Figure.MEAN)
        return next((case.figures[name].unit for case in self.cases if name in case.figures), "1")

    def points(self) -> list[tuple[KnownCase, float, float]]:
        """The cases that have both parts, with the mean of each."""
        both = ((case, case.value(self.pair[0]), case.value(self.pair[1])) for case in self.cases)
        return [(case, one, other) for case, one, other in both if one is not None and other is not None]

    def row(self, case: KnownCase) -> tuple[StoredFigure | None, ...]:
        """The figures of one case: of the measure, then the share of wrong voxels."""
        names = (*(name_of(self.choice.measure, figure) for figure in OF_A_CASE), ERROR)
        return tuple(case.figures.get(name) for name in names)


def models(desk: Desk) -> tuple[str, ...]:
    """Names of the models whose doubt is known here, most cases first."""
    return doubts.known(desk).models


def choices(desk: Desk, model: str) -> Choices:
    """What can be chosen for a model."""
    cases = doubts.known(desk).of(model)
    measures = (measure for measure in Measure if any(case.value(measure) is not None for case in cases))
    ending = name_of("", CALIBRATION)
    structures = dict.fromkeys(name.removesuffix(ending) for case in cases for name in case.figures if ending in name)
    return Choices(tuple(measures), doubts.named(cases), tuple(structures))


def see(desk: Desk, choice: Choice) -> Seen:
    """What the figures show."""
    every = doubts.known(desk)
    cases = every.of(choice.model, choice.stratum)
    curves = _curves(desk, every, choice, cases[:MOST_CURVES])
    bands = {measure: found for measure in Measure if (found := curves.bands.get(measure))}
    return Seen(
        choice,
        cases,
        every.count,
        len(every.cases),
        every.pair(choice.model),
        bands,
        curves.bins.get(choice.structure, ()),
        every.separation(choice.model),
        every.sentence(choice.model),
    )


@dataclass(frozen=True)
class _Curves:
    bands: Mapping[Measure, Band]
    bins: Mapping[str, tuple[Bin, ...]]


def _curves(desk: Desk, every: Known, choice: Choice, cases: Sequence[KnownCase]) -> _Curves:
    """Read and put together once for each model and stratum, as long as nothing changes."""
    key = (choice.model, choice.stratum)
    kept = every.seen.get(key)
    if not isinstance(kept, _Curves):
        kept = every.seen[key] = _read(desk, cases)
    return kept


def _read(desk: Desk, cases: Sequence[KnownCase]) -> _Curves:
    names = {name for case in cases for name, one in case.figures.items() if one.value is not None}
    bins = {
        name.removesuffix(name_of("", CALIBRATION)): name for name in names if name.endswith(name_of("", CALIBRATION))
    }
    areas = {measure: name_of(measure, Figure.AAC) for measure in Measure if name_of(measure, Figure.AAC) in names}
    with desk.store.read() as session:
        found = stored.curves(session, [case.run_id for case in cases], [*areas.values(), *bins.values()])
    said = {name: [one.said for one in found if one.name == name] for name in (*areas.values(), *bins.values())}
    bands = {measure: band(said[name], "kept", "accuracy") for measure, name in areas.items()}
    known = {measure: one for measure, one in bands.items() if one is not None}
    return _Curves(known, {structure: pooled(said[name]) for structure, name in bins.items()})

"""The use-cases of the tab Doubt and of the page Uncertainty: one case among the others, and all of them. See workflow.

Every figure was stored when a case was measured (see doubting); here figures are only sorted and counted. The newest
MOST cases are looked at, which is every case of all but very large stores; what is shown says so.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from db import doubts
from services.uncertainty.across_cases import Standing, standing
from services.uncertainty.figure_names import (
    AGAINST_READERS,
    DISTANCE,
    ERROR,
    MODEL,
    MODEL_VERSION,
    REASON,
    Figure,
    name_of,
)
from services.uncertainty.names import ENTROPIES, VARIANCES, Measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.doubts import Doubted
    from db.records import Index3, Json, NewScore, StoredFigure
    from db.store import Store
    from services.desk import Desk
    from services.uncertainty.separation import CaseNumbers, Separation

MOST = 2_000
MOST_JUDGED = 500
"""Whether two uncertainties separate is judged on so many of them."""
AMONG_OTHERS_S = 30.0
"""So old may be what one case is set among."""
TWO = (Measure.ALEATORIC, Measure.EPISTEMIC)
TWO_ENTROPIES = (Measure.EXPECTED, Measure.MUTUAL)
ALL, GENERATED, REAL = "all cases", "generated", "real"
THICK_MM = 3.0
THICK, THIN = f"slices of {THICK_MM:g} mm or more", f"slices below {THICK_MM:g} mm"
NOT_MEASURED = "the doubt of this case was not measured yet"


@dataclass(frozen=True)
class KnownCase:
    """A case with its newest figures, by name."""

    run_id: int
    key: str
    synthetic: bool
    model: str
    """Whose doubt it is; '' where no model has any."""
    strata: frozenset[str]
    figures: Mapping[str, StoredFigure]

    def value(self, what: str, figure: Figure = Figure.MEAN) -> float | None:
        """A figure of a measure; None where it is undefined."""
        found = self.figures.get(name_of(what, figure))
        return found.value if found else None


@dataclass(frozen=True)
class Known:
    """The newest cases with figures of doubt."""

    cases: tuple[KnownCase, ...]
    count: int
    """Of all cases with figures in the store."""

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names of the models whose doubt is known, most cases first."""
        counted = Counter(case.model for case in self.cases if case.model)
        return tuple(name for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0])))

    @cached_property
    def seen(self) -> dict[tuple[str, str], object]:
        """What `doubt_figures` made of the cases of a model and a stratum, as far as it was asked for."""
        return {}

    @cached_property
    def judged(self) -> dict[str, Separation]:
        """By model, as far as it was asked for."""
        return {}

    def of(self, model: str, stratum: str = ALL) -> tuple[KnownCase, ...]:
        """The cases of a model, of any of its versions, in a stratum."""
        return tuple(case for case in self.cases if case.model == model and stratum in case.strata)

    def pair(self, model: str) -> tuple[Measure, Measure]:
        """The two measures that a model keeps apart: the variances, or the entropies where no case has both of them."""
        both = (all(case.value(measure) is not None for measure in TWO) for case in self.of(model))
        return TWO if any(both) else TWO_ENTROPIES

    def separation(self, model: str) -> Separation:
        """Whether the two say different things on the newest cases of the model."""
        from services.uncertainty.separation import separation  # noqa: PLC0415 -- loads scipy.stats, once asked for

        if model not in self.judged:
            pair = self.pair(model)
            self.judged[model] = separation([_numbers(case, pair) for case in self.of(model)[:MOST_JUDGED]])
        return self.judged[model]

    def sentence(self, model: str) -> str:
        """What stands beside the two maps wherever they are shown."""
        pair = self.pair(model)
        judged = "" if pair == TWO else f" Judged by {' and '.join(pair)}."
        return self.separation(model).sentence + judged

    def among(self, case_key: str, model: str, measure: Measure, value: float) -> Standing:
        """Where a case's mean stands among those of the other cases of the model."""
        means = (case.value(measure) for case in self.of(model) if case.key != case_key)
        return standing(value, [one for one in means if one is not None])


@dataclass(frozen=True)
class OfMap:
    """One measure in one case."""

    measure: Measure
    mean: NewScore
    high: NewScore
    standing: Standing | None
    """Of the mean among the other cases of the model; None where there is no mean."""
    against: Mapping[Figure, NewScore] = field(default_factory=dict)
    """What the map is worth against the readers' majority; empty with fewer than two readers."""

    @property
    def place(self) -> Index3 | None:
        """The voxel (k, j, i) of the highest value; None where there is none above 0."""
        said = self.mean.parameters.get("place")
        return (int(said[0]), int(said[1]), int(said[2])) if isinstance(said, list) and said else None


@dataclass(frozen=True)
class OfCase:
    """What is known of the doubt of one case."""

    model: str
    """With its version; '' with a reason."""
    reason: str
    maps: Mapping[Measure, OfMap]
    error: NewScore | None
    """Share of wrong voxels by the readers' majority; None of it with its reason."""
    distance: NewScore | None
    """From what the model learnt from."""
    separation: Separation | None
    sentence: str
    """What it says, and by which measures it was judged; ''."""
    compared: int
    """Other cases of the model that this one is compared with."""
    is_all: bool
    """Whether those are all that there are."""

    @classmethod
    def without(cls, reason: str) -> OfCase:
        """Of a case without any."""
        return cls("", reason, {}, None, None, None, "", 0, is_all=True)

    @property
    def main(self) -> tuple[Measure, ...]:
        """The measures that stand first: total and its two parts, as variances where the model has them."""
        if not self.maps:
            return ()
        shown = {measure for measure, found in self.maps.items() if found.mean.value is not None}
        if shown & set(VARIANCES):
            return (Measure.TOTAL, *TWO)
        return ENTROPIES if shown & set(ENTROPIES) else (*ENTROPIES, Measure.SOFTMAX)


class _Kept(NamedTuple):
    state: tuple[int, int]
    read_at: float
    known: Known


_KEPT: dict[str, _Kept] = {}
"""By the address of a store: good while nothing was added or taken away there."""


def known(desk: Desk, *, seconds_old: float = 0.0) -> Known:
    """The newest figures of the store, read again only where some came or went.

    seconds_old: so old may they be even then; while many cases are measured, not every look has to begin anew.
    """
    address, now = desk.settings.database, time.monotonic()
    kept = _KEPT.get(address)
    if kept is not None and now - kept.read_at < seconds_old:
        return kept.known
    with desk.store.read() as session:
        state = doubts.state(session)
    found = kept.known if kept is not None and kept.state == state else _read(desk.store)
    _KEPT[address] = _Kept(state, now, found)
    return found


def of_case(desk: Desk, key: str) -> OfCase:
    """The doubt of one case, and where it stands among all others. An unknown case has none."""
    with desk.store.read() as session:
        found = doubts.of_case(session, key)
    if found is None:
        return OfCase.without(NOT_MEASURED)
    said, scores = found
    model = str(said.get(MODEL, ""))
    if not model:
        return OfCase.without(str(said.get(REASON, "")))
    every = known(desk, seconds_old=AMONG_OTHERS_S)
    by_name = {score.name: score for score in scores}
    maps = {measure: _of_map(measure, by_name, every, key, model) for measure in Measure}
    others = sum(case.key != key for case in every.of(model))
    subject = f"{model} {said.get(MODEL_VERSION, '')}".strip()
    is_all = every.count <= len(every.cases)
    error, distance = by_name.get(ERROR), by_name.get(DISTANCE)
    judged, sentence = every.separation(model), every.sentence(model)
    return OfCase(subject, "", maps, error, distance, judged, sentence, others, is_all)


def highest_in(desk: Desk, key: str, measure: Measure) -> Index3 | None:
    """The voxel (k, j, i) of a case where a measure is highest; None where it has no value."""
    found = of_case(desk, key).maps.get(measure)
    return found.place if found else None


def strata_of(synthetic: bool, facts: Json) -> frozenset[str]:
    """The groups that a case belongs to, by what is stored of it: where it comes from, scanner, kernel, slices."""
    found = {ALL, GENERATED if synthetic else REAL}
    found |= {
        f"{what} {facts[name]}" for name, what in (("model", "scanner:"), ("kernel", "kernel:")) if facts.get(name)
    }
    thickness = facts.get("slice_thickness_mm")
    if isinstance(thickness, int | float):
        found.add(THICK if thickness >= THICK_MM else THIN)
    return frozenset(found)


def _read(store: Store) -> Known:
    with store.read() as session:
        cases = doubts.newest_cases(session, MOST)
        figures = doubts.figures(session, [case.run_id for case in cases])
        count = doubts.count_cases(session)
    by_run: dict[int, dict[str, StoredFigure]] = {case.run_id: {} for case in cases}
    for one in figures:
        by_run[one.run_id][one.name] = one
    return Known(tuple(_case(case, by_run[case.run_id]) for case in cases), count)


def _case(case: Doubted, figures: Mapping[str, StoredFigure]) -> KnownCase:
    strata = strata_of(case.synthetic, case.facts)
    return KnownCase(case.run_id, case.case_key, case.synthetic, str(case.said.get(MODEL, "")), strata, figures)


def _of_map(measure: Measure, by_name: Mapping[str, NewScore], every: Known, key: str, model: str) -> OfMap:
    mean, high = (by_name[name_of(measure, figure)] for figure in (Figure.MEAN, Figure.HIGH))
    place = None if mean.value is None else every.among(key, model, measure, mean.value)
    stored = {figure: by_name.get(name_of(measure, figure)) for figure in AGAINST_READERS}
    return OfMap(measure, mean, high, place, {figure: row for figure, row in stored.items() if row is not None})


def _numbers(case: KnownCase, pair: Sequence[Measure]) -> CaseNumbers:
    from services.uncertainty.separation import CaseNumbers  # noqa: PLC0415 -- as above

    aleatoric, epistemic = pair
    distance = case.figures.get(DISTANCE)
    return CaseNumbers(
        patient=case.key.rpartition("-")[0],
        aleatoric_ncc=_or_nan(case.value(aleatoric, Figure.NCC)),
        epistemic_ncc=_or_nan(case.value(epistemic, Figure.NCC)),
        epistemic_mean=_or_nan(case.value(epistemic)),
        distance=_or_nan(distance.value if distance else None),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def named(cases: Iterable[KnownCase]) -> tuple[str, ...]:
    """The strata of these cases, those of all and of where they come from first."""
    found = {stratum for case in cases for stratum in case.strata}
    first = [name for name in (ALL, GENERATED, REAL) if name in found]
    return (*first, *sorted(found - set(first)))

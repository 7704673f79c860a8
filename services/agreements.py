"""The use-cases of the page Agreement: readers beside each other and beside models, over all cases. See workflow.

Every figure was stored when its case was measured (see agreeing); here they are only averaged and sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from db import agreements, readers
from db.agreements import Counted, Disputed, Place
from db.vocabulary import AuthorKind, ReadersFigure
from services.access import may_see_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.agreements import AuthorMean, PairMean
    from db.vocabulary import Role
    from services.desk import Desk

__all__ = ["Counted", "Disputed", "Place"]

MOST = 24
"""So many readers, and so many models, have room on the page."""
FEWEST_PATIENTS = 3
"""Patients below which a mean has no interval."""
LEVEL = 0.95
TOO_FEW = f"no interval: fewer than {FEWEST_PATIENTS} patients"
UNDEFINED = "undefined in every case"
NO_CASE = "no case that both drew"
READERS, CONSENSUS = "readers", "consensus"
METHODS = ("majority", "STAPLE", "opinion pool")
"""Of a consensus, in the order of the page; as `experts.maps` names them, which loads scipy."""


class Measure(StrEnum):
    """What the matrix shows."""

    DICE = "Dice"
    DISTANCE = "mean surface distance"
    HD95 = "HD95"

    @property
    def figure(self) -> ReadersFigure:
        """The stored figure."""
        return _FIGURES[self]

    @property
    def unit(self) -> str:
        """Of the figure."""
        return "0 to 1" if self is Measure.DICE else "mm"


_FIGURES = {
    Measure.DICE: ReadersFigure.DICE,
    Measure.DISTANCE: ReadersFigure.DISTANCE,
    Measure.HD95: ReadersFigure.HD95,
}


@dataclass(frozen=True)
class Author:
    """A reader, by letter and for some by name, or a model."""

    name: str
    """As figures name it; not for the screen."""
    title: str
    """As the page names it: 'A', 'A (you)', 'A: Dr. Own', 'aorta 1'."""
    kind: AuthorKind
    number: int = 0
    """Of a reader, from 1 on; it chooses the colour."""


@dataclass(frozen=True)
class Cell:
    """Two authors: the mean of a figure, and where they are furthest apart."""

    first: Author
    second: Author
    mean: float | None
    cases: int
    reason: str
    worst: Place | None


@dataclass(frozen=True)
class Mean:
    """An author's figure over patients, with its interval; None only with the reason."""

    author: Author
    value: float
    lower: float | None
    upper: float | None
    patients: int
    reason: str


@dataclass(frozen=True)
class ConsensusRow:
    """One consensus method beside all others."""

    method: str
    volume_ml: float
    cases: int
    dice: Mapping[str, float]
    """Mean Dice with readers, models (by name) and the other methods."""


@dataclass(frozen=True)
class Disagreement:
    """A case that its readers dispute."""

    place: Place
    """Its value: the volume in mL that some drew and others did not; the slice where most of it lies."""
    alpha: float | None
    """Krippendorff's alpha."""


@dataclass(frozen=True)
class Overview:
    """Who and what the page is about."""

    counted: Counted
    authors: tuple[Author, ...]
    """Readers by letter, then models by name; at most MOST of each."""
    left_out: int
    """Authors for whom there is no room."""

    @property
    def readers(self) -> tuple[Author, ...]:
        """The readers among them."""
        return tuple(one for one in self.authors if one.kind is AuthorKind.READER)

    @property
    def models(self) -> tuple[Author, ...]:
        """The models among them."""
        return tuple(one for one in self.authors if one.kind is AuthorKind.MODEL)


def letter_of(number: int) -> str:
    """1 is A, 26 is Z, 27 is AA: as the columns of a table are named."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def overview(desk: Desk, user: str, role: Role) -> Overview:
    """Which readers and models were compared in this store, as this user may see them."""
    with desk.store.read() as session:
        counted = agreements.counted(session)
        pairs = agreements.pair_means(session, ReadersFigure.DICE)
        known = readers.numbers(session)
    compared = {pair.first for pair in pairs} | {pair.second for pair in pairs if pair.second_kind is AuthorKind.READER}
    persons = [_person(name, number, user, role) for name, number in known.items() if name in compared]
    names = sorted({pair.second for pair in pairs if pair.second_kind is AuthorKind.MODEL})
    models = [Author(name, name, AuthorKind.MODEL) for name in names]
    left_out = len(persons[MOST:]) + len(models[MOST:])
    return Overview(counted, (*persons[:MOST], *models[:MOST]), left_out)


def matrix(desk: Desk, measure: Measure, authors: Sequence[Author]) -> tuple[Cell, ...]:
    """Every reader with every later reader and every model, by row."""
    with desk.store.read() as session:
        means = {(one.first, one.second): one for one in agreements.pair_means(session, measure.figure)}
        worst = agreements.worst_of_pairs(session, measure.figure)
    return tuple(
        _cell(first, second, means, worst)
        for number, first in enumerate(authors)
        for second in authors[number + 1 :]
        if first.kind is AuthorKind.READER
    )


def biases(desk: Desk, authors: Sequence[Author]) -> tuple[Mean, ...]:
    """How far each author draws wider than the readers' consensus, mm; a reader's own drawing is not in his."""
    with desk.store.read() as session:
        found = {one.author: one for one in agreements.author_means(session, ReadersFigure.BIAS)}
    return tuple(_mean(author, found[author.name]) for author in authors if author.name in found)


def disputed(desk: Desk, by: Disputed, most: int | None = None) -> tuple[Disagreement, ...]:
    """The cases whose readers dispute most; all of them where `most` is None."""
    with desk.store.read() as session:
        places = agreements.most_disputed(session, by, most)
        alphas = agreements.of_cases(session, ReadersFigure.ALPHA, [place.case_key for place in places])
    return tuple(Disagreement(place, alphas.get(place.case_key)) for place in places)


def consensus(desk: Desk, models: Sequence[Author]) -> tuple[ConsensusRow, ...]:
    """The methods that make one outline of several, beside each other."""
    with desk.store.read() as session:
        volumes = agreements.consensus_means(session, ReadersFigure.CONSENSUS_VOLUME)
        overlaps = agreements.consensus_means(session, ReadersFigure.CONSENSUS_DICE)
    wanted = {model.name for model in models}
    rows = []
    for one in sorted(volumes, key=lambda one: METHODS.index(one.method) if one.method in METHODS else len(METHODS)):
        dice: dict[str, list[tuple[float, int]]] = {}
        for method, other, kind, mean, cases in overlaps:
            if method == one.method and (kind != AuthorKind.MODEL or other in wanted):
                dice.setdefault(READERS if kind == AuthorKind.READER else other, []).append((mean, cases))
            elif other == one.method and kind == CONSENSUS:
                dice.setdefault(method, []).append((mean, cases))
        means = {name: _pooled(found) for name, found in dice.items()}
        rows.append(ConsensusRow(one.method, one.mean, one.cases, means))
    return tuple(rows)


def _pooled(found: Iterable[tuple[float, int]]) -> float:
    """The mean over all cases, of means over some."""
    every = list(found)
    return sum(mean * cases for mean, cases in every) / sum(cases for _, cases in every)


def _person(name: str, number: int, user: str, role: Role) -> Author:
    letter = letter_of(number)
    own = f"{letter} (you)" if name == user else letter
    return Author(name, f"{letter}: {name}" if may_see_names(role) else own, AuthorKind.READER, number)


def _cell(
    first: Author,
    second: Author,
    means: Mapping[tuple[str, str], PairMean],
    worst: Mapping[tuple[str, str], Place],
) -> Cell:
    """Stored by the order of letters, so that each pair is there once."""
    pair = (first.name, second.name)
    found = means.get(pair)
    if found is None:
        return Cell(first, second, None, 0, NO_CASE, None)
    return Cell(first, second, found.mean, found.cases, UNDEFINED if found.mean is None else "", worst.get(pair))


def _mean(author: Author, found: AuthorMean) -> Mean:
    """Mean over patients with the interval of Student's t; rounding may leave a variance just below 0."""
    count = found.patients
    if count < FEWEST_PATIENTS:
        return Mean(author, found.mean, None, None, count, TOO_FEW)
    from scipy.special import stdtrit  # noqa: PLC0415 -- a page that shows no interval need not load it

    variance = max(0.0, found.square - found.mean**2) * count / (count - 1)
    reach = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * math.sqrt(variance / count)
    return Mean(author, found.mean, found.mean - reach, found.mean + reach, count, "")

"""The use-cases of the page Models: which models there are, and two of them on the same cases. See workflow.

Every figure was stored when a case was taken in or analysed (see findings); here cases are only sorted and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from db import comparisons
from db.vocabulary import Agreement
from services.errors import InputRefused, SecondLookError
from services.evaluation import results
from services.segmentation import registry
from services.segmentation.promptable import package
from services.segmentation.promptable.card import LITE_MEDSAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from db.comparisons import Compared, Drawn
    from db.vocabulary import LabelSource
    from services.desk import Desk
    from services.evaluation.results import Evaluation
    from services.segmentation.card import ModelCard
    from services.segmentation.promptable.card import PromptableCard
    from services.segmentation.registry import Models

RIGHT_FROM = 0.80
"""Outer-wall Dice with the reference from which a result counts as right, unless another threshold is chosen."""


class Origin(StrEnum):
    """How a model came here."""

    SHIPPED = "shipped"
    ADDED = "added"
    PACKAGE = "package"
    """Weights and code are another package's, installed beside this program."""
    IMPORTED = "imported"
    """Its results came in with cases; nothing else is known of it."""


class Change(StrEnum):
    """What became of a case from the first model to the second."""

    BROKEN = "newly broken"
    FIXED = "fixed"
    WRONG = "both wrong"
    RIGHT = "both right"


@dataclass(frozen=True)
class KnownModel:
    """A model, what its card says, and how it did on scans that it never saw."""

    name: str
    version: str
    origin: Origin
    cases: int
    """Cases of this store that hold a result of it."""
    card: ModelCard | None = None
    evaluation: Evaluation | None = None
    problem: str = ""
    """Why it, or its figures, cannot be shown; ''."""
    prompted: PromptableCard | None = None
    """The card of one that outlines what a prompt points at."""

    @property
    def key(self) -> str:
        """Name and version, as tables write it."""
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True)
class Reference:
    """Whom models are compared with: all readers of a case, or one drawing."""

    key: str
    """As an address names it; '' for all readers."""
    title: str
    cases: int | None = None
    """Cases that have it; None for all readers."""
    source: LabelSource | None = None


ALL_READERS = Reference("", "all readers (median)")


@dataclass(frozen=True)
class ComparedCase:
    """One case, the outer-wall Dice of both models with the reference, and what that means."""

    key: str
    synthetic: bool
    first: float
    second: float
    change: Change


@dataclass(frozen=True)
class Comparison:
    """Two models on the cases that both have a figure for."""

    threshold: float
    cases: tuple[ComparedCase, ...]
    """Newly broken first, then fixed; within these the largest change first."""
    counts: Mapping[Change, int]
    ran_together: int
    """Cases that hold results of both, whether they can be compared or not."""
    methods: tuple[str, ...]
    """What computed the figures, with versions."""


def models(desk: Desk) -> tuple[KnownModel, ...]:
    """Every model that is known here: those with a card first, then those whose results came in with cases."""
    with desk.store.read() as session:
        uses = {(use.name, use.version): use.cases for use in comparisons.model_uses(session)}
    known, home = registry.everything(desk.settings.home), desk.settings.home
    carded = [
        *(_with_card(card, Origin.SHIPPED, uses, home) for card in known.shipped),
        *(_with_card(card, Origin.ADDED, uses, home) for card in known.added),
        *(_with_card(card, Origin.SHIPPED, uses, home) for card in known.companions),
        *_promptable(known, uses),
    ]
    there = {(model.name, model.version) for model in carded}
    imported = (KnownModel(*use, Origin.IMPORTED, cases) for use, cases in uses.items() if use not in there)
    damaged = (KnownModel(one.name, "", Origin.ADDED, 0, problem=str(one.problem)) for one in known.damaged)
    return (*carded, *imported, *damaged)


def references(desk: Desk) -> tuple[Reference, ...]:
    """Whom models can be compared with, all readers first."""
    with desk.store.read() as session:
        drawn = comparisons.drawings_of_readers(session)
    return (
        ALL_READERS,
        *(Reference(_key(one), f"{one.name} {one.version}".strip(), one.cases, one.source) for one in drawn),
    )


def compare(
    desk: Desk, first: KnownModel, second: KnownModel, reference: Reference, threshold: float = RIGHT_FROM
) -> Comparison:
    """Both models on the same cases: fixed, newly broken, unchanged. A result is right from `threshold` on.

    Raises InputRefused where both are the same model.
    """
    pair = ((first.name, first.version), (second.name, second.version))
    if pair[0] == pair[1]:
        raise InputRefused("Two models must be chosen to compare them.", "the same one twice.", "Choose another one.")
    name = Agreement.WITH_ONE if reference.key else Agreement.WITH_READERS
    against = _drawing(reference.key) if reference.key else None
    with desk.store.read() as session:
        found = comparisons.figures(session, name, pair, against)
        together = comparisons.ran_together(session, pair)
    cases = _side_by_side(found, pair, threshold)
    counts = {change: sum(case.change is change for case in cases) for change in Change}
    return Comparison(threshold, cases, counts, together, tuple(sorted({one.method for one in found})))


def change_of(first: float, second: float, threshold: float) -> Change:
    """What became of a case whose Dice was `first` and is `second`."""
    right = (first >= threshold, second >= threshold)
    return {
        (True, False): Change.BROKEN,
        (False, True): Change.FIXED,
        (False, False): Change.WRONG,
        (True, True): Change.RIGHT,
    }[right]


def _with_card(card: ModelCard, origin: Origin, uses: Mapping[tuple[str, str], int], home: Path) -> KnownModel:
    model = KnownModel(card.name, card.version, origin, uses.get((card.name, card.version), 0), card)
    try:
        return replace(model, evaluation=results.of_card(card, home))
    except SecondLookError as problem:
        return replace(model, problem=str(problem))


def _promptable(known: Models, uses: Mapping[tuple[str, str], int]) -> Iterator[KnownModel]:
    for card in known.promptable:
        own = card is LITE_MEDSAM
        missing = f"Its package is not installed. {package.HOW_TO_ADD}" if own and not package.is_installed() else ""
        origin, cases = Origin.PACKAGE if own else Origin.ADDED, uses.get((card.name, card.version), 0)
        yield KnownModel(card.name, card.version, origin, cases, problem=missing, prompted=card)


def _side_by_side(
    found: Sequence[Compared], pair: tuple[tuple[str, str], tuple[str, str]], threshold: float
) -> tuple[ComparedCase, ...]:
    by_case: dict[str, dict[tuple[str, str], Compared]] = {}
    for one in found:
        if one.value is not None:
            by_case.setdefault(one.case_key, {})[one.model, one.version] = one
    cases = [_case(both[pair[0]], both[pair[1]], threshold) for both in by_case.values() if len(both) == len(pair)]
    order = list(Change)
    return tuple(sorted(cases, key=lambda case: (order.index(case.change), -abs(case.second - case.first), case.key)))


def _case(first: Compared, second: Compared, threshold: float) -> ComparedCase:
    before, after = first.value or 0.0, second.value or 0.0
    return ComparedCase(first.case_key, first.synthetic, before, after, change_of(before, after, threshold))


def _key(drawn: Drawn) -> str:
    return f"{drawn.name}@{drawn.version}"


def _drawing(key: str) -> tuple[str, str]:
    name, _, version = key.rpartition("@")
    return name, version

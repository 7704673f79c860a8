"""The use-cases of the page Risk and budget, and of a worklist that is sorted by a score. See workflow.

At most MOST_JUDGED judged cases are looked at, those taken in last; what is said of all is counted by the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from db import judgements, score_order
from db.failure_records import HIGH_IS_GOOD, CaseError, CaseTrait
from db.judgements import JudgedCase, Known, Moved, Rule, Unseen
from services.aggregation import names
from services.aggregation.names import Strategy, Where
from services.failure.acceptance import LARGEST_ERROR_MM, LEAST_DICE, UNACCEPTABLE, acceptance_of
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.desk import Desk
    from services.failure.budget import Curve, Judged, Left, Ranked

__all__ = ["JudgedCase", "Known", "Moved", "Unseen"]

MOST_JUDGED = 1_000
MOST_SHOWN = 4
"""Scores whose curves are drawn."""
MOST_MOVED = 10
MOST_CASES = 100_000
"""A week may bring at most so many."""
NO_SCORES = tuple(one.value for one in (*CaseError, *CaseTrait))
"""Values of a case that are no scores: how wrong it is by a reference, and what it is like."""
LOW_IS_DOUBTFUL = (
    *(key for key, parsed in names.KEYS.items() if names.direction(parsed.strategy) < 0),
    *(one.value for one in HIGH_IS_GOOD),
)
"""Of these a low value is what asks for a second look."""
RULE = Rule(UNACCEPTABLE, LEAST_DICE, LARGEST_ERROR_MM)


FIRST = (
    names.DEFAULT,
    names.key_of(Measure.PREDICTIVE, Strategy.MEAN, Where.AORTA),
    names.key_of(Measure.PREDICTIVE, Strategy.EVERY, Where.AORTA),
)
"""What is chosen at first, as far as it is stored."""


@dataclass(frozen=True)
class Budget:
    """How many cases are reviewed of those that come in a week."""

    reviewed: int
    coming: int

    @property
    def share(self) -> float:
        """Of the cases that are reviewed, 0 to 1."""
        return min(1.0, self.reviewed / self.coming) if self.coming else 1.0


@dataclass(frozen=True)
class Order:
    """A way to sort the worklist: by a value, those that ask for a second look first."""

    name: str
    descending: bool

    @property
    def sort(self) -> str:
        """As `WorklistQuery.sort` says it."""
        return f"{score_order.PREFIX}{self.name}"


@dataclass(frozen=True)
class OfScore:
    """One score over judged cases, at the budget."""

    order: Order
    curve: Curve
    keys: tuple[str, ...]
    """The most doubtful case that stays unreviewed, at each point of the curve."""
    left: Left
    last: str
    """The key of the unacceptable case that it finds last; ''."""


@dataclass(frozen=True)
class Seen:
    """What the page shows of the scores that are chosen, all on the same cases."""

    budget: Budget
    known: Known
    cases: int
    unacceptable: int
    synthetic: int
    """Of the cases, those that are generated."""
    scores: tuple[OfScore, ...]
    best: str
    """In words, which of them leaves least unseen."""
    reason: str
    """Why nothing is said; '' where something is."""


def orders(desk: Desk) -> tuple[Order, ...]:
    """All values that cases can be sorted by: our own score, then size, then other scores by name, then the rest."""
    with desk.store.read() as session:
        stored = score_order.names(session)
    first = {names.DEFAULT: 0, names.SIZE: 1}
    ranked = sorted(stored, key=lambda name: (first.get(name, 3 if name in NO_SCORES else 2), name))
    return tuple(map(order_by, ranked))


def order_by(name: str) -> Order:
    """The order by a value of this name."""
    return Order(name, name not in LOW_IS_DOUBTFUL)


def scores(desk: Desk) -> tuple[Order, ...]:
    """Those of `orders` that are scores."""
    return tuple(order for order in orders(desk) if order.name not in NO_SCORES)


def values_of(desk: Desk, sort: str, keys: Sequence[str]) -> dict[str, float] | None:
    """The values that a list is sorted by, of these cases; None where it is not sorted by a score."""
    name = score_order.name_in(sort)
    if name is None:
        return None
    with desk.store.read() as session:
        return score_order.values_of(session, name, keys)


def see(desk: Desk, chosen: Sequence[Order], budget: Budget) -> Seen:
    """What these scores would leave unseen, on the newest judged cases that have all of them."""
    with desk.store.read() as session:
        known = judgements.known(session)
        found = judgements.newest(session, [order.name for order in chosen], MOST_JUDGED) if chosen else ()
    said = [_is_bad(case) for case in found]
    numbers = (len(found), sum(said), sum(case.synthetic for case in found))
    signs = [1.0 if order.descending else -1.0 for order in chosen]
    lines = tuple(
        (bad, case.patient_id, *(sign * value for sign, value in zip(signs, case.values, strict=True)))
        for case, bad in zip(found, said, strict=True)
    )
    judged, ranked = _ranked(lines, len(chosen))
    if judged.too_few:
        return Seen(budget, known, *numbers, (), "", judged.too_few)
    shown = tuple(_of_score(order, one, found, budget) for order, one in zip(chosen, ranked, strict=True))
    return Seen(budget, known, *numbers, shown, _best(chosen, ranked, budget), "")


def every_score(desk: Desk, budget: Budget) -> tuple[Unseen, ...]:
    """What each stored score would leave unseen on the newest judged cases that have it, least first.

    Those with too few of them to say anything stand last, whatever they leave.
    """
    from services.failure.budget import too_few  # noqa: PLC0415 -- as the next

    with desk.store.read() as session:
        found = judgements.unseen(
            session, RULE, budget.share, low_is_doubtful=LOW_IS_DOUBTFUL, leave_out=NO_SCORES, most=MOST_JUDGED
        )

    def place(one: Unseen) -> tuple[bool, float, int, str]:
        few = bool(too_few(one.unacceptable, one.cases))
        return few, one.unseen / max(1, one.unacceptable), -one.cases, one.name

    return tuple(sorted(found, key=place))


def moved(desk: Desk, before: Order, after: Order) -> tuple[tuple[Moved, ...], tuple[Moved, ...], int]:
    """The cases that rise and that fall most where the list is sorted by another score; how many cases have both."""
    with desk.store.read() as session:
        return judgements.moved(session, before.name, after.name, MOST_MOVED, low_is_doubtful=LOW_IS_DOUBTFUL)


def _is_bad(case: JudgedCase) -> bool:
    said = acceptance_of(case.verdict, dice=case.dice, diameter_error_mm=case.diameter_error_mm)
    return bool(said.unacceptable)


@lru_cache(maxsize=2)
def _ranked(lines: tuple[tuple[float, ...], ...], count: int) -> tuple[Judged, tuple[Ranked, ...]]:
    """Judged cases by each score, on the same draws; the slider asks for the same cases again and again."""
    import numpy as np  # noqa: PLC0415 -- as the next

    from services.failure.budget import SEED, Judged  # noqa: PLC0415 -- loads scipy, once asked for

    judged = Judged.of([bool(line[0]) for line in lines], [line[1] for line in lines], np.random.default_rng(SEED))
    if judged.too_few:
        return judged, ()
    return judged, tuple(judged.by([line[2 + number] for line in lines]) for number in range(count))


def _of_score(order: Order, ranked: Ranked, cases: Sequence[JudgedCase], budget: Budget) -> OfScore:
    curve, left = ranked.curve, ranked.left(budget.share)
    last = "" if left.last is None else cases[left.last].case_key
    return OfScore(order, curve, tuple(cases[number].case_key for number in curve.case), left, last)


def _best(chosen: Sequence[Order], ranked: Sequence[Ranked], budget: Budget) -> str:
    from services.failure.budget import best  # noqa: PLC0415 -- as above

    if len(chosen) < 2:
        return ""
    return best({order.name: one for order, one in zip(chosen, ranked, strict=True)}, budget.share)

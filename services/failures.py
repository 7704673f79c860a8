"""The use-cases of the page Failures: which errors does doubt not see, what are they made of, and where do they gather?

Every value was stored when a case was measured (see erring); here cases are sorted and counted by the database, and
no more rows come from it than are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from db import case_values, error_pieces, failure_groups
from db.failure_records import HIGH_IS_GOOD, UNITS, Basis, CaseError, CaseTrait, Cuts
from services.aggregation import names as aggregated
from services.doubts import THICK_MM
from services.failure import subgroups
from services.failure.acceptance import LARGEST_ERROR_MM, LEAST_DICE
from services.failure.attributes import CONTRAST_HU

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from db.failure_records import Attribute, Cell, ErrorKind, ListedPiece, Pair, ValuedCase
    from db.records import Index3
    from services.desk import Desk
    from services.failure.subgroups import Looked

MOST_POINTS = 2_000
"""With more cases the figure counts them in cells."""
CELLS = 40
MOST_SILENT = 200
MOST_PICTURES = 24
MOST_PIECES = 200
MOST_IN_FILE = 20_000
THIRDS = 3
"""Cases that there must be to cut them into thirds."""
RULE = failure_groups.Rule(LEAST_DICE, LARGEST_ERROR_MM)


class Chosen(NamedTuple):
    """What the figure shows: a value that says how wrong a case is, and one that says how unsure its model is."""

    error: str
    score: str
    error_cut: float | None = None
    """None: the median."""
    score_cut: float | None = None


@dataclass(frozen=True)
class Choices:
    """Names that some case has a value of, with how many have one."""

    cases: int
    errors: dict[str, int]
    scores: dict[str, int]
    bases: dict[Basis, int]
    """Cases with any piece of error by what their reference is."""

    @property
    def first_score(self) -> int:
        """The place of the score that is chosen at first."""
        return list(self.scores).index(aggregated.DEFAULT) if aggregated.DEFAULT in self.scores else 0

    @property
    def sortable(self) -> tuple[str, ...]:
        """What the gallery is sorted by."""
        return (*self.errors, *self.scores)


@dataclass(frozen=True)
class Seen:
    """The figure of one choice."""

    chosen: Chosen
    error_cut: float
    score_cut: float
    both: int
    """Cases with both values."""
    points: tuple[Pair, ...]
    """Of all of them; () where there are too many."""
    cells: tuple[Cell, ...]
    """Then they are counted in cells."""
    x_edges: tuple[float, ...]
    y_edges: tuple[float, ...]
    silent: tuple[ValuedCase, ...]
    """Wrong though the model is sure, the most wrong first; at most MOST_SILENT."""
    silent_count: int
    silent_scores: dict[str, float]
    """The score of each listed one."""

    def is_silent(self, x: float, y: float) -> bool:
        """Whether a case with this score and this error is a silent failure."""
        sure = x > self.score_cut if is_sure_when_high(self.chosen.score) else x < self.score_cut
        return sure and (y < self.error_cut if is_good_when_high(self.chosen.error) else y > self.error_cut)


def is_good_when_high(name: str) -> bool:
    """Whether a low value of this name is the worse one."""
    return name in HIGH_IS_GOOD


def is_sure_when_high(name: str) -> bool:
    """Whether a high value of this score means little doubt."""
    parsed = aggregated.parse(name)
    return parsed is not None and aggregated.direction(parsed.strategy) < 0


def unit_of(name: str) -> str:
    """'mm', 'mL', or '' of what has none."""
    if name == aggregated.SIZE:
        return "mL"
    unit = UNITS.get(CaseError(name), "") if name in set(CaseError) else ""
    return "" if unit == "1" else unit


def choices(desk: Desk) -> Choices:
    """What there is to choose from."""
    with desk.store.read() as session:
        known, cases, bases = case_values.names(session), case_values.count_cases(session), error_pieces.bases(session)
    errors = {name.value: known[name] for name in CaseError if name in known}
    apart = set(CaseError) | set(CaseTrait)
    return Choices(cases, errors, {name: count for name, count in known.items() if name not in apart}, bases)


def see(desk: Desk, chosen: Chosen) -> Seen | None:
    """The figure; None where no case has both values."""
    with desk.store.read() as session:
        both = case_values.count_pairs(session, chosen.score, chosen.error)
        return _seen(session, chosen, both) if both else None


def _seen(session: Session, chosen: Chosen, both: int) -> Seen:
    cuts = [
        case_values.quantiles(session, name, (0.5,))[0] if cut is None else cut
        for name, cut in ((chosen.error, chosen.error_cut), (chosen.score, chosen.score_cut))
    ]
    few = both <= MOST_POINTS
    x_edges, y_edges = (() if few else _edges(session, name) for name in (chosen.score, chosen.error))
    silent = _silent(session, chosen, cuts[0], cuts[1])
    sure_high, good_high = is_sure_when_high(chosen.score), is_good_when_high(chosen.error)
    bounds = ((chosen.score, cuts[1]), (chosen.error, cuts[0]))
    return Seen(
        chosen=chosen,
        error_cut=cuts[0],
        score_cut=cuts[1],
        both=both,
        points=case_values.pairs(session, chosen.score, chosen.error, MOST_POINTS) if few else (),
        cells=() if few else case_values.grid(session, chosen.score, chosen.error, x_edges, y_edges),
        x_edges=x_edges,
        y_edges=y_edges,
        silent=silent,
        silent_count=case_values.count_beyond(session, *bounds, x_below=not sure_high, y_below=good_high),
        silent_scores=case_values.of_cases(session, chosen.score, [one.case_key for one in silent]),
    )


def _edges(session: Session, name: str) -> tuple[float, ...]:
    low, high = case_values.range_of(session, name) or (0.0, 1.0)
    edges: list[float] = np.linspace(low, high if high > low else low + 1.0, CELLS + 1).tolist()
    return tuple(edges)


def _silent(session: Session, chosen: Chosen, error_cut: float, score_cut: float) -> tuple[ValuedCase, ...]:
    good_high, bound = is_good_when_high(chosen.error), (chosen.score, score_cut)
    side = {"above": bound} if is_sure_when_high(chosen.score) else {"below": bound}
    worst = case_values.worst(session, chosen.error, MOST_SILENT, descending=not good_high, **side)
    return tuple(one for one in worst if (one.value < error_cut if good_high else one.value > error_cut))


def gallery(desk: Desk, name: str, *, worst_first: bool = True) -> tuple[ValuedCase, ...]:
    """The cases with the worst values of any error or score, or with the best."""
    descending = (is_good_when_high(name) or is_sure_when_high(name)) != worst_first
    with desk.store.read() as session:
        return case_values.worst(session, name, MOST_PICTURES, descending=descending)


def places(desk: Desk, keys: Sequence[str]) -> dict[str, Index3]:
    """Where the largest piece of error of each of these cases lies, as far as they have one."""
    with desk.store.read() as session:
        return error_pieces.largest_places(session, keys)


def place_of(desk: Desk, key: str) -> Index3 | None:
    """The same of one case."""
    return places(desk, [key]).get(key)


def of_case(desk: Desk, key: str) -> tuple[ListedPiece, ...]:
    """The pieces of error of a case, the largest first."""
    with desk.store.read() as session:
        return error_pieces.of_case(session, key)


@dataclass(frozen=True)
class Listed:
    """A part of all pieces."""

    pieces: tuple[ListedPiece, ...]
    count: int
    structures: tuple[str, ...]


def pieces(
    desk: Desk, order: str, kind: ErrorKind | None = None, structure: str = "", most: int = MOST_PIECES
) -> Listed:
    """The largest pieces of all cases by one of error_pieces.ORDERS."""
    with desk.store.read() as session:
        found = error_pieces.largest(session, most, order=order, kind=kind, structure=structure)
        count = error_pieces.count(session, kind=kind, structure=structure)
        return Listed(found, count, error_pieces.structures(session))


def groups(desk: Desk, error: str) -> tuple[Looked, Cuts]:
    """How wrong models are in groups of cases, and where failures gather."""
    with desk.store.read() as session:
        cuts = _cuts(session)
        found = failure_groups.groups(session, error, cuts, RULE)
    return subgroups.look(found, cuts), cuts


def worst_of(desk: Desk, error: str, labels: Mapping[Attribute, str]) -> str | None:
    """The key of the worst case of a group; None where it has none."""
    with desk.store.read() as session:
        high = error not in set(HIGH_IS_GOOD)
        return failure_groups.worst_of(session, labels, error, _cuts(session), RULE, descending=high)


def _cuts(session: Session) -> Cuts:
    known = case_values.names(session).get(CaseTrait.THROMBUS, 0)
    thirds = case_values.quantiles(session, CaseTrait.THROMBUS, (1 / 3, 2 / 3)) if known >= THIRDS else ()
    return Cuts(THICK_MM, CONTRAST_HU, failure_groups.tertiles_of_size(session), thirds)


def pairs(desk: Desk, chosen: Chosen) -> tuple[Pair, ...]:
    """Both values of the newest cases, for a file."""
    with desk.store.read() as session:
        return case_values.pairs(session, chosen.score, chosen.error, MOST_IN_FILE)

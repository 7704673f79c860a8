"""From what is known of a case to reasons for a second look that stand side by side. Pure functions.

No number is made of all signals: in an audit of 962 aortas no combination found failures better than the best single
signal did. Each signal that is high says so by itself, with its place and how it stands among all cases here. A signal
is high above a percentile, so that about so many cases are flagged by it whatever they are: it orders, it does not say
that an outline is wrong.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from db.records import NewFlag
from db.vocabulary import FlagReason
from services.aggregation.names import DEFAULT, Strategy, Where, key_of
from services.failure.level import FIRST, LOOK
from services.flags import said_slices
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from services.failure.spots import Spot

METHOD, VERSION = "triage", "1"
HIGH, HIGHEST = 95.0, 99.0
"""Percentiles among the other cases from which on a signal says look, and look first."""
FEWEST = 20
"""Other cases below which no percentile is given."""
TOO_FEW = f"fewer than {FEWEST} other cases have this score"


class Signal(NamedTuple):
    """A stored score that says by itself that a case is doubtful."""

    key: str
    measure: Measure
    """Whose map shows where."""
    title: str


SIGNALS = (
    Signal(key_of(Measure.MUTUAL, Strategy.FOREGROUND, Where.AORTA), Measure.MUTUAL, "Epistemic doubt"),
    Signal(DEFAULT, Measure.PREDICTIVE, "Doubt"),
)
"""Side by side; one whose score is not stored says nothing."""


class Standing(NamedTuple):
    """How a case's score stands among those of other cases."""

    below: int
    """Others with a smaller value."""
    others: int

    @property
    def percentile(self) -> float:
        """Per cent of the others; nan with fewer than FEWEST of them."""
        return 100 * self.below / self.others if self.others >= FEWEST else math.nan

    @property
    def is_high(self) -> bool:
        """Whether this is to be said."""
        return self.percentile >= HIGH


def uncertain_flag(signal: Signal, standing: Standing, spot: Spot | None) -> NewFlag | None:
    """Such as 'Epistemic doubt sits on the left wall, slices 89 to 105; higher than in 97 % of 61 other cases.'.

    None where the signal is not high.
    """
    if not standing.is_high:
        return None
    severity = FIRST if standing.percentile >= HIGHEST else LOOK
    among = f"higher than in {_share(standing)} other cases"
    if spot is None:
        return NewFlag(FlagReason.UNCERTAIN, severity, f"{signal.title} is {among}.")
    text = f"{signal.title} sits {spot.side}, {said_slices(spot.slices)}; {among}."
    return NewFlag(FlagReason.UNCERTAIN, severity, text, spot.place, spot.slices)


def _share(standing: Standing) -> str:
    """Rounded down, so that nothing is said to be higher than it is."""
    if standing.below == standing.others:
        return f"all {standing.others}"
    return f"{math.floor(standing.percentile)} % of {standing.others}"

"""What the tab Doubt says of the scores of a case's maps. Pure functions; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.cards import DASH, escaped, table
from dashboard.doubt_cards import value

if TYPE_CHECKING:
    from services.scorings import OfCase, Placed

HEADING = ("Score", "Value", "Percentile among all cases")
CAPTION = "Scores of this map among all cases"
MEANS = (
    "One number of a map, to sort cases by; a higher one is more doubt, of Geary's C a lower one. In aneurysms size "
    "goes with everything: a score that ranks a case as its predicted volume does says little more than that."
)
FITTED = (
    "Meta-aggregators by the fit {}: how unlike the cases of that fit this one is, in nats; 0 is the least unusual."
)


def scores(found: OfCase | None) -> str:
    """The scores that come first, each with its place among all cases, and the others folded; '' without any."""
    if found is None:
        return ""
    rows = [[escaped(one.score.name), value(one.score), _place(one)] for one in found.first]
    said = f" {FITTED.format(found.fit)}" if found.fit else ""
    return table(CAPTION, HEADING, rows) + f'<p class="sl-muted">{escaped(MEANS + said)}</p>' + _others(found)


def _others(found: OfCase) -> str:
    rows = [[escaped(one.score.name), value(one.score)] for one in found.others]
    shown = table("", HEADING[:2], rows)
    return f'<details class="sl-fold"><summary>Further scores</summary>{shown}</details>' if rows else ""


def _place(one: Placed) -> str:
    place = one.standing
    if place is None or place.percentile is None:
        why = "No other case has this score" if place else "Undefined here"
        return f'<span class="sl-why" title="{why}">{DASH}</span>'
    others = f"{place.others:,} other case{'' if place.others == 1 else 's'}"
    return f'<span title="higher than in {place.below:,} of {others}">{place.percentile:.0f}</span>'

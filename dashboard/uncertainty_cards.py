"""What the page Uncertainty says beside its figures, and its table. Pure functions; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards, doubt_cards
from dashboard.cards import DASH, escaped
from dashboard.figures.doubt_curves import BETWEEN
from dashboard.state import CASE_PARAMETER
from services.uncertainty.names import ONE

if TYPE_CHECKING:
    from db.records import StoredFigure
    from services.doubt_figures import Seen
    from services.doubts import KnownCase

MOST_ROWS = 200
"""Cases that the table shows; the file has all."""
HEADINGS = ("Mean", "95th percentile", "AAC", "TRA-99", "NCC", "Wrong voxels")
ORDERS = tuple(f"{name}, {which}" for name in HEADINGS for which in ("highest", "lowest"))
SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'
NO_READERS = "two readers are needed who drew the same case, and a model with its probabilities."
TITLES = {
    "parts": ("Two kinds of doubt in each case", "A click opens the case where the chosen measure is highest."),
    "rejection": (
        "Does doubt find the errors?",
        "The sooner a curve rises, the better the measure finds wrong voxels.",
    ),
    "reliability": ("Do probabilities mean what they say?", "On the dotted line they are as often right as they say."),
    "spread": ("How doubt is spread over cases", "Means of the chosen measure."),
    "cases": ("Cases", ""),
}


def counted(seen: Seen) -> str:
    """How many cases are looked at, and how many of all those are."""
    number = len(seen.cases)
    bounded = f", of the {seen.looked_at:,} measured last of {seen.stored:,}" if seen.looked_at < seen.stored else ""
    judged = sum(_is_known(seen.row(case)[-1]) for case in seen.cases)
    words = f"{_cases(number)} of {seen.choice.model}{bounded}; {judged:,} with two readers."
    synthetic = f" {SYNTHETIC}" if any(case.synthetic for case in seen.cases) else ""
    return f'<p class="sl-muted">{escaped(words)}{synthetic}</p>'


def caption(seen: Seen, name: str) -> str:
    """Title, one sentence, and the same as a file; or why there is no figure."""
    title, words = TITLES[name]
    why = _why_not(seen, name)
    said = f"{DASH} {why}" if why else f"{words} {_of(seen, name)}"
    link = "" if why else f' <a class="sl-data" href="{escaped(address(seen, name))}" download>Data (CSV)</a>'
    return f'<p class="sl-caption"><strong>{escaped(title)}</strong> <span>{escaped(said.strip())}</span>{link}</p>'


def address(seen: Seen, name: str) -> str:
    """Where the data of a figure are."""
    one = seen.choice
    said = {"model": one.model, "measure": one.measure, "stratum": one.stratum, "structure": one.structure}
    return f"/doubt/{name}.csv?{urlencode(said)}"


def alt(seen: Seen, name: str) -> str:
    """What a figure shows, for those who do not see it."""
    title, words = TITLES[name]
    return f"{title} {words} {_of(seen, name)} The numbers are in the file beside the title."


def cases(seen: Seen, order: str) -> str:
    """The cases, each a link, in the order that is chosen; undefined ones last."""
    column, descending = HEADINGS.index(order.rpartition(", ")[0]), order.endswith("highest")
    known = sorted(seen.cases, key=lambda case: _rank(seen.row(case)[column], descending=descending))
    rows = [[_link(case), *map(_cell, seen.row(case))] for case in known[:MOST_ROWS]]
    more = len(known) - len(rows)
    note = f'<p class="sl-muted">And {more:,} more, in the same order; the file has all.</p>' if more > 0 else ""
    said = f"{seen.choice.measure}{'' if seen.unit == ONE else f' ({seen.unit})'}, by case"
    return caption(seen, "cases") + cards.table(said, ("Case", *HEADINGS), rows) + note


def _rank(one: StoredFigure | None, *, descending: bool) -> tuple[bool, float]:
    if one is None or one.value is None:
        return True, 0.0
    return False, -one.value if descending else one.value


def _cell(one: StoredFigure | None) -> str:
    if one is None or one.value is None:
        reason = one.reason if one else "fewer than two readers, or no probabilities"
        return f'<span class="sl-why" title="{escaped(reason)}">{DASH}</span>'
    return escaped(doubt_cards.number(one.value, ONE))


def _link(case: KnownCase) -> str:
    badge = f" {SYNTHETIC}" if case.synthetic else ""
    target = f"case?{urlencode({CASE_PARAMETER: case.key})}"
    return f'<a href="{escaped(target)}" target="_self">{escaped(case.key)}</a>{badge}'


def _why_not(seen: Seen, name: str) -> str:
    """Why there is nothing to show; '' where there is."""
    if name == "parts" and not seen.points():
        return f"no case has both {' and '.join(seen.pair)}: a model of several networks is needed."
    if (name == "rejection" and not seen.bands) or (name == "reliability" and not seen.bins):
        return NO_READERS
    if name == "spread" and not any(seen.groups.values()):
        return f"no case has a map of {seen.choice.measure}."
    return ""


def _of(seen: Seen, name: str) -> str:
    """What the shown figures are about."""
    if name == "rejection":
        band = seen.bands.get(seen.choice.measure)
        about = f"; the band holds {BETWEEN}" if band else ""
        most = max((one.cases for one in seen.bands.values()), default=0)
        return f"Medians over {_cases(most)}{about}. The truth is what most readers drew."
    if name == "reliability":
        most = max((one.cases for one in seen.bins), default=0)
        structure = f"{seen.choice.structure[:1].upper()}{seen.choice.structure[1:]}"
        return f"{structure}, voxels of {_cases(most)} together."
    return ""


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"


def _is_known(one: StoredFigure | None) -> bool:
    return one is not None and one.value is not None

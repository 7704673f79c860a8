"""What the page Risk and budget says beside its figure, and its tables. Pure functions; every text is escaped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards
from dashboard.cards import DASH, escaped
from dashboard.exports import WORDS
from dashboard.state import CASE_PARAMETER
from services.aggregation.names import DEFAULT, SIZE
from services.failure.acceptance import LARGEST_ERROR_MM, LEAST_DICE
from services.risks import order_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.failure.budget import Share
    from services.risks import Budget, Moved, OfScore, Order, Seen, Unseen

SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'
NO_SCORES = (
    "No scores are stored yet. They are made when a case is measured that a model has outlined with its "
    "probabilities: secondlook analyse --all, or secondlook measure --all for cases that were analysed before."
)
HEADING = ("Score", "Unseen of the unacceptable (95 %)", "Unacceptable among the unreviewed (95 %)", "Unseen a week")
JUDGED = (
    "Unacceptable is what a review calls major edit or reject; without a review, a Dice of the outer wall below "
    f"{LEAST_DICE:.2f} or a diameter error of {LARGEST_ERROR_MM:g} mm or more against a reference."
)
NOT_A_DRAW = (
    "Readers choose what they review: unless cases were drawn at random, these shares hold for such cases alone."
)


def counted(seen: Seen) -> str:
    """How many cases are judged, and by what."""
    known = seen.known
    words = (
        f"{seen.cases:,} judged cases have these scores, {seen.unacceptable:,} of them are unacceptable. In the store "
        f"{known.by_verdict:,} are judged by a verdict and {known.by_reference:,} by a reference."
    )
    badge = f" {SYNTHETIC}" if seen.synthetic else ""
    return f'<p class="sl-muted" title="{escaped(JUDGED)}">{escaped(words)} {escaped(NOT_A_DRAW)}{badge}</p>'


def too_few(seen: Seen) -> str:
    """Why there is no figure, and what would make one."""
    why = f"{DASH} No curve yet: {seen.reason}. {JUDGED}"
    return f'<p class="sl-muted">{escaped(why)}</p>'


def said(seen: Seen) -> str:
    """The sentence above the figure."""
    one = seen.budget
    words = f"{one.reviewed:,} of {one.coming:,} cases a week are reviewed, the most doubtful first."
    return f'<p class="sl-decision">{escaped(f"{words} {seen.best}".strip())}</p>'


def table(seen: Seen) -> str:
    """What each chosen score leaves at the budget; size alone is named as what it is."""
    rows = [[_name(one), *_left(one), _a_week(one, seen), _last(one), _list(one.order)] for one in seen.scores]
    heading = (*HEADING, "Found last", "")
    return cards.table("At this budget", heading, rows) + links("scores", seen)


def every(found: Sequence[Unseen], budget: Budget) -> str:
    """All scores at the budget, and why the first one is no winner yet."""
    rows = [
        [escaped(one.name), _of(one.unseen, one.unacceptable), f"{one.cases:,}", _list(order_by(one.name))]
        for one in found
    ]
    note = f"The best of {len(found)} scores on the same cases is partly luck: on other cases expect it to find less."
    note += " Scores that too few judged cases have stand last."
    heading = ("Score", "Unseen of the unacceptable", "Judged cases", "")
    title = f"All scores, {budget.reviewed:,} of {budget.coming:,} reviewed"
    return f'<p class="sl-muted">{escaped(note)}</p>' + cards.table(title, heading, rows)


def moved(before: Order, after: Order, found: tuple[tuple[Moved, ...], tuple[Moved, ...], int]) -> str:
    """The cases that rise and fall most, as two tables beside each other."""
    up, down, count = found
    if not count:
        return '<p class="sl-muted">No case has both scores.</p>'
    words = f"{count:,} cases have both; the worklist by {after.name} instead of {before.name}. {_list(after)}"
    if not up and not down:
        return f'<p class="sl-muted">{words} No case moves.</p>'
    tables = _moves("Rise most", up, count) + _moves("Fall most", down, count)
    return f'<p class="sl-muted">{words}</p><div class="sl-moved">{tables}</div>'


def promise(sentence: str, needed: int) -> str:
    """What holds for all cases and not for the judged ones alone, since it rests on cases drawn at random."""
    more = f" Needed: {needed:,} more cases, each with the same chance to be drawn." if needed else ""
    words = f"{sentence}{more} The score: {DEFAULT}."
    return f'<p class="sl-caption"><strong>What can be promised</strong> <span>{escaped(words)}</span></p>'


def links(name: str, seen: Seen) -> str:
    """The same as files."""
    said = [("score", one.order.name) for one in seen.scores]
    asked = urlencode([*said, ("budget", seen.budget.reviewed), ("coming", seen.budget.coming)])
    shown = " ".join(
        f'<a class="sl-data" href="/risk/{name}.{kind}?{escaped(asked)}" download>{word}</a>'
        for kind, word in WORDS.items()
    )
    return f'<p class="sl-muted">{shown}</p>'


def _moves(title: str, found: Sequence[Moved], count: int) -> str:
    rows = [[_case(one.case_key, synthetic=one.synthetic), f"{one.before:,}", f"{one.after:,}"] for one in found]
    return cards.table(title, ("Case", "Was", f"Is, of {count:,}"), rows)


def _name(one: OfScore) -> str:
    return escaped(one.order.name) + (' <span class="sl-why">size alone</span>' if one.order.name == SIZE else "")


def _left(one: OfScore) -> list[str]:
    return [_share(one.left.unseen), _share(one.left.risk)]


def _share(share: Share) -> str:
    if math.isnan(share.value):
        return f'<span class="sl-why" title="{escaped(share.by)}">{DASH}</span>'
    interval = f"{100 * share.lower:.0f}{DASH}{100 * share.upper:.0f}"
    return f'<span title="95 %: {escaped(share.by)}">{100 * share.value:.0f} ({interval}) %</span>'


def _a_week(one: OfScore, seen: Seen) -> str:
    if math.isnan(one.left.unseen.value):
        return DASH
    return f"{seen.budget.coming * seen.unacceptable / seen.cases * one.left.unseen.value:.1f}"


def _last(one: OfScore) -> str:
    return _case(one.last) if one.last else DASH


def _case(key: str, *, synthetic: bool = False) -> str:
    target = f"case?{urlencode({CASE_PARAMETER: key})}"
    link = f'<a href="{escaped(target)}" target="_self" class="sl-whole">{escaped(key)}</a>'
    return f"{link} {SYNTHETIC}" if synthetic else link


def _list(order: Order) -> str:
    """A link to the worklist in this order; the list reads it behind the #."""
    asked = urlencode({"sort": order.sort, "descending": str(order.descending).lower()})
    title = f"Order the worklist by {order.name}"
    return f'<a href="./#{escaped(asked)}" target="_self" title="{escaped(title)}">order the worklist</a>'


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else DASH

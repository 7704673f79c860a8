"""Groups of cases on the page Failures: how wrong in each, and where failures gather. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards
from dashboard.cards import escaped
from dashboard.failure_cards import caption, files, muted, shown, why
from services.failure.subgroups import SIGNIFICANT, SUPPORT, TOO_FEW

if TYPE_CHECKING:
    from services.failure.subgroups import Key, Looked, Subgroup

NO_MEAN = "no case of this group has this error"
NOT_JUDGED = "no case of this group has a review or a reference"
WORST = "failures/worst"
RULES = "Groups of one or two of what is known of a case, by a rule of our own."


def slices(looked: Looked, error: str) -> str:
    """Where failures gather, in plain words; or that they do not, or that too little is known."""
    whole = looked.all
    title = "Where failures gather"
    if not whole.failed:
        words = f"None failed; judged cases: {whole.judged:,}." if whole.judged else f"{NOT_JUDGED}."
        return caption(title, words.capitalize())
    if not looked.rules:
        return caption(title, f"No group has {SUPPORT} judged cases yet; {whole.judged:,} are judged in all.")
    words = f"{RULES} {looked.rules:,} groups of at least {SUPPORT} judged cases were looked at, corrected p below "
    words += f"{SIGNIFICANT:g} are shown."
    found = "".join(
        f"<li>{_worst(one.sentence, one.labels, error)} <span class='sl-muted'>{one.lift:.1f} times as often as all, "
        f"corrected p {_p(one.p)}</span></li>"
        for one in looked.slices
    )
    none = muted("None of them fails more often than chance lets groups do.")
    return caption(title, words, files("slices")) + (f"<ul>{found}</ul>" if found else none)


def subgroups(looked: Looked, error: str) -> str:
    """Every group with its mean error, its share of failures, and a corrected p."""
    rows = [_row(one, error) for one in looked.subgroups]
    words = f"Mean with 95 % interval (Student's t), share that failed with Wilson's; p of {looked.tested:,} looks."
    heading = ("Group", "Cases", f"Mean {error}", "95 % interval", "Failed", "95 % interval", "p, corrected")
    table = cards.table("Subgroups", heading, rows) if rows else muted("The cases do not differ in what is known.")
    return caption("Groups of cases", words, files("groups", error=error)) + table


def _row(one: Subgroup, error: str) -> list[str]:
    sums = one.sums
    interval = why(TOO_FEW) if one.lower is None or one.upper is None else f"{one.lower:.3g} to {one.upper:.3g}"
    return [
        _worst(one.words, one.labels, error),
        f"{sums.cases:,}",
        escaped(shown(error, sums.mean)) if sums.measured else why(NO_MEAN),
        interval,
        f"{sums.failed:,} of {sums.judged:,}" if sums.judged else why(NOT_JUDGED),
        f"{one.share[0]:.0%} to {one.share[1]:.0%}" if one.share else why(NOT_JUDGED),
        why(one.reason) if one.p is None else _p(one.p),
    ]


def _worst(words: str, labels: Key, error: str) -> str:
    """A way into the worst case of a group."""
    asked = urlencode({"error": error, **{name.value: label for name, label in labels}})
    return (
        f'<a href="/{WORST}?{escaped(asked)}" target="_self" title="Opens the worst case of this group">'
        f"{escaped(words)}</a>"
    )


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"

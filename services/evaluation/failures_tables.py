"""Tables of failures and strange scans, as Markdown, from the file of `secondlook evaluate --failures`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from services.aggregation.names import DEFAULT, KEYS, SIZE, Where
from services.evaluation.failures_settings import BOTH
from services.evaluation.failures_summary import AUGRC, AUROC, EXCESS, FAILURES, OUTSIDE, PLAIN, WITHIN
from services.evaluation.held_out import Generator
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
WIDTH = 138
THOUSAND = 1000
CHANCE = 0.5
"""AUROC of a score that says nothing."""
FIRST = (Measure.PREDICTIVE.value, Where.AORTA.value)
"""The map and the place of the table that README shows."""
PAPER = {
    OUTSIDE: "mean rank of 16 over 10 settings: foreground-ratio quantile 6.2, mean 9.5",
    FAILURES: "mean rank of 16 over 10 settings: foreground-ratio quantile 3.4, mean 11.9",
}


def brief(published: Document) -> list[str]:
    """README's table: every score of the first map by its mean ranks, and the aim beside what was found."""
    return [*ranks(published), "", *_wrapped(aim(published))]


def page(published: Document) -> list[str]:
    """Everything, as docs/methods.md shows it."""
    made = published["made"]
    scans = ", ".join(
        f"{published['scans'][one.value]} of the {one} ({published['failed'][one.value]} failed)" for one in Generator
    )
    measured = f"Measured on {made['at'][:10]} by `{made['command']}`: scans, {scans}. {published['note']}"
    return [
        *textwrap.wrap(measured, WIDTH, break_on_hyphens=False), "", *ranks(published), "", *_wrapped(aim(published)),
        "", *failures(published), "", *outside(published), "", *_wrapped(real(published)),
    ]  # fmt: skip


def ranks(published: Document) -> list[str]:
    """Mean ranks of the first map's scores in both tasks, and what each finds over all scans."""
    both = {task: _ranking(published, task) for task in (FAILURES, OUTSIDE)}
    heads = [
        "score",
        f"mean rank, {FAILURES}",
        f"mean rank, {OUTSIDE}",
        f"AUROC, failures, {BOTH}",
        "the same, like size",
    ]
    order = sorted(both[FAILURES]["values"], key=lambda key: both[FAILURES]["ranks"].get(key, float("inf")))
    rows = [
        [
            _strategy(key),
            _rank(both[FAILURES], key),
            _rank(both[OUTSIDE], key),
            *(_figure(_of(published["failures"], key, BOTH), name, 1, 2) for name in (AUROC, WITHIN)),
        ]
        for key in order
    ]
    return _table(heads, rows)


def failures(published: Document) -> list[str]:
    """How well each score of the first map finds failures, a group of scans after the other."""
    heads = ["score", "scans", "E-AURC x 1000", "AUGRC x 1000", "AUROC", "AUROC, like size"]
    rows = [
        [
            _strategy(one["score"]), one["scans"],
            *(_figure(one, name, THOUSAND, 1) for name in (EXCESS, AUGRC)),
            *(_figure(one, name, 1, 2) for name in (AUROC, WITHIN)),
        ]
        for one in published["failures"]
        if _is_first(one["score"])
    ]  # fmt: skip
    return _table(heads, rows)


def outside(published: Document) -> list[str]:
    """AUROC of each score of the first map for scans from outside, a column a setting."""
    names = [setting["name"] for setting in published["settings"]]
    keys = list(dict.fromkeys(one["score"] for one in published["outside"] if _is_first(one["score"])))
    rows = [
        [_strategy(key), *(_figure(_of(published["outside"], key, name), AUROC, 1, 2) for name in names)]
        for key in keys
    ]
    heads = [f"{one['name']} ({one['outside']} of {one['inside'] + one['outside']})" for one in published["settings"]]
    return _table(["score", *heads], rows)


def aim(published: Document) -> str:
    """Whether what was aimed at was found, in sentences."""
    default = published["parameters"]["default"]
    gains = "; ".join(f"{task} {_gain(_ranking(published, task))}" for task in (FAILURES, OUTSIDE))
    one, size = (_of(published["failures"], key, BOTH) for key in (default, SIZE))
    found = ", ".join(
        f"{name}: {_figure(one, name, 1, 2)} against {_figure(size, name, 1, 2)}{_turned(size, name)}"
        for name in (AUROC, WITHIN)
    )
    return (
        f"Aimed at: the default score ({default}) has a better mean rank than the plain mean in both tasks, and an"
        " AUROC above that of size alone, also among scans of like size. Found: ranks better by:"
        f" {gains}. Default against size alone, {BOTH}, {found}."
    )


def _turned(one: Document | None, name: str) -> str:
    """What a score below chance tells where small values are taken for the doubtful ones."""
    value = one["figures"][name][0] if one else None
    return "" if value is None or value >= CHANCE else f", or {1 - value:.2f} with the small ones first"


def real(published: Document) -> str:
    """Where the real scan lies, in one sentence."""
    default = published["parameters"]["default"]
    found = next((one for one in published["real"] if one[0] == default), None)
    if found is None or found[1] is None:
        return "The real CTA was not looked at."
    among = f"higher than {found[1]:.0f} % of the scans of the {Generator.SAME}"
    return (
        f"The real CTA (a dissection, no exact labels): its default score is {among}; more cannot be said of one scan."
    )


def claims(published: Document) -> list[str]:
    """The rows of docs/claims.md."""
    lines = ["| claim | the paper | ours: difference of mean ranks (95 % interval) | |", "|---|---|---|---|"]
    for task in (FAILURES, OUTSIDE):
        gain = _ranking(published, task)["gain"]
        said = f"The foreground-ratio quantile ranks better than the mean in {task}"
        lines.append(f"| {said} | {PAPER[task]} | {_bounds(gain, 1, 1, signed=True)} | **{verdict(gain)}** |")
    return lines


def verdict(gain: Sequence[Any] | None) -> str:
    """By the rule of docs/claims.md, for a difference that is positive where the claim holds."""
    if gain is None or gain[0] is None or gain[1] is None:
        return "not tested"
    return "reproduced" if gain[1] > 0 else "not reproduced"


def _ranking(published: Document, task: str) -> Document:
    wanted = (task, *FIRST)
    return next(one for one in published["rankings"] if (one["task"], one["measure"], one["where"]) == wanted)


def _of(rows: Sequence[Document], key: str, scans: str) -> Document | None:
    return next((one for one in rows if (one["score"], one["scans"]) == (key, scans)), None)


def _is_first(key: str) -> bool:
    one = KEYS[key]
    return key == SIZE or (one.measure, one.where) == FIRST


def _strategy(key: str) -> str:
    return f"**{KEYS[key].strategy}**" if key in {DEFAULT, PLAIN, SIZE} else KEYS[key].strategy.value


def _rank(ranking: Document, key: str) -> str:
    return f"{ranking['ranks'][key]:.1f}" if key in ranking["ranks"] else DASH


def _gain(ranking: Document) -> str:
    return _bounds(ranking["gain"], 1, 1, signed=True)


def _figure(one: Document | None, name: str, times: float, digits: int) -> str:
    return DASH if one is None else _bounds(one["figures"][name], times, digits)


def _bounds(figure: Sequence[Any] | None, times: float, digits: int, *, signed: bool = False) -> str:
    if figure is None or figure[0] is None:
        return DASH
    form = f"{'+' if signed else ''}.{digits}f"
    words = f"{figure[0] * times:{form}}"
    if figure[1] is not None:
        words += f" ({figure[1] * times:{form}} to {figure[2] * times:{form}})"
    return words.replace("-", MINUS)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]

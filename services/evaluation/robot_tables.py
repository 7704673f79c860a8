"""The tables about corrections by clicks, written from the published document and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.evaluation.robot_results import Document

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
BEGIN, END = "<!-- from docs/results/clicks.json; do not edit -->", "<!-- end of the clicks -->"
OURS = "piece merge"
PAPER = "about 1.8 clicks fewer at NoC@90 than RITM and FocalClick, on pathology; tables not seen"
CLAIMS = {
    "global only": "fewer clicks than by outlining anew each time (as RITM does)",
    "box merge": "fewer clicks than by pasting a whole box (as FocalClick does)",
}
SHOWN = (1, 3, 5, 10, 20)
"""Numbers of clicks whose Dice the table shows."""
PERCENTS = (85, 90, 95)
"""Targets of Dice."""
LATER = ("changed", "collateral", "spoilt")


def written(page: str, published: Document) -> str:
    """A page with all tables between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page must hold '{BEGIN}' and below it '{END}'.")
    said = f"{published['measured']}, `{published['command']}`. Generated scans are SYNTHETIC."
    parts = ([said, published["note"]], claims(published), table(published), differences(published))
    return before + BEGIN + "".join("\n\n" + "\n".join(part) for part in parts) + "\n\n" + END + after


def claims(published: Document) -> list[str]:
    """What the paper claims, what was found here on generated scans, and whether it held; as lines of Markdown."""
    rows = {(row["group"], row["start"], row["arm"]): row for row in published["rows"]}
    begun = list(dict.fromkeys((group, start) for group, start, _ in rows))
    lines = ["| claim | the paper | ours: NoC@90 more than the piece merge (95 % interval) | |", "|---|---|---|---|"]
    for arm, claim in CLAIMS.items():
        found = {f"{group}, {start}": rows[group, start, arm]["NoC@90 more than ours"] for group, start in begun}
        known = {name: one for name, one in found.items() if one["lower"] is not None}
        said = "; ".join(f"{name}: {_signed(one)}" for name, one in known.items()) or DASH
        lines.append(f"| {claim} | {PAPER} | {said} | **{_verdict(list(known.values()))}** |")
    left = [row["collateral a later click"]["value"] for row in published["rows"] if row["arm"] == OURS]
    none = all(not value for value in left)
    said = f"{max((value or 0 for value in left), default=0):g} voxels a later click, in every group"
    held = "reproduced" if none else "not reproduced"
    return [*lines, f"| a later click changes nothing but the piece it is in | by construction | {said} | **{held}** |"]


def _verdict(differences: list[Document]) -> str:
    """By the rule of docs/claims.md, over persons."""
    if not differences:
        return "not tested"
    if all(one["lower"] > 0 for one in differences):
        return "reproduced"
    gained, lost = (any(test(one) for one in differences) for test in (_is_gain, _is_loss))
    return "partly" if gained and not lost else "not reproduced"


def _is_gain(one: Document) -> bool:
    return bool(one["lower"] > 0)


def _is_loss(one: Document) -> bool:
    return bool(one["upper"] < 0)


def table(published: Document) -> list[str]:
    """Every group, start and arm, as lines of Markdown."""
    heads = ["scans", "begins from", "arm", *(f"{what}@{percent}" for what in ("NoC", "NoF") for percent in PERCENTS)]
    heads += [*(f"Dice, {count}" for count in SHOWN), *LATER, "ms"]
    rows = [_cells(row) for row in published["rows"]]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def differences(published: Document) -> list[str]:
    """How many clicks more than the piece merge each other arm needs, paired by slice, as lines of Markdown."""
    names = [name for name in published["rows"][0] if name.endswith("more than ours")]
    heads = ["scans", "begins from", "arm", *(name.split()[0] for name in names)]
    rows = [
        [row["group"], row["start"], row["arm"], *(_signed(row[name]) for name in names)]
        for row in published["rows"]
        if any(row[name]["value"] for name in names)
    ]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def _cells(row: Document) -> list[str]:
    needed = [_number(row[f"NoC@{percent}"], 1) for percent in PERCENTS]
    failed = [f"{row[f'NoF@{percent}']} of {row['slices']}" for percent in PERCENTS]
    reached = [_number(row["dice"][str(count)], 3, interval=False) for count in SHOWN]
    later = [_number(row[f"{name} a later click"], 0, interval=False) for name in LATER]
    median, p95 = (row["ms a click"][name] for name in ("median", "p95"))
    taken = DASH if median is None else f"{median:.0f} ({p95:.0f})"
    return [row["group"], row["start"], row["arm"], *needed, *failed, *reached, *later, taken]


def _number(estimate: Document, digits: int, *, interval: bool = True) -> str:
    if estimate["value"] is None:
        return DASH
    said = f"{estimate['value']:.{digits}f}"
    known = interval and estimate["lower"] is not None
    return f"{said} ({estimate['lower']:.{digits}f} to {estimate['upper']:.{digits}f})" if known else said


def _signed(estimate: Document) -> str:
    values = (estimate["value"], estimate["lower"], estimate["upper"])
    mean, low, high = (DASH if one is None else f"{one:+.1f}".replace("-", MINUS) for one in values)
    return mean if estimate["lower"] is None else f"{mean} ({low} to {high})"

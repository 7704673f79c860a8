"""The tables about corrections by clicks, written from the published document and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.evaluation.robot_results import Document

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
SHOWN = (1, 3, 5, 10, 20)
"""Numbers of clicks whose Dice the table shows."""
HEADS = ("scans", "begins from", "arm", "NoC@85", "NoC@90", "NoF@85", "NoF@90")
LATER = ("changed", "collateral", "spoilt")


def table(published: Document) -> list[str]:
    """Every group, start and arm, as lines of Markdown."""
    heads = [*HEADS, *(f"Dice, {count}" for count in SHOWN), *LATER, "ms"]
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
    needed = [_number(row[f"NoC@{percent}"], 1) for percent in (85, 90)]
    failed = [f"{row[f'NoF@{percent}']} of {row['slices']}" for percent in (85, 90)]
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

"""What the figures of the page Uncertainty show, as rows of a table to be downloaded. Pure functions."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from services.doubt_figures import OF_A_CASE
from services.errors import InputRefused
from services.uncertainty.across_cases import histogram
from services.uncertainty.figure_names import ERROR

if TYPE_CHECKING:
    from services.doubt_figures import Seen

    Cells = tuple[str | float | int | None, ...]


def rows(seen: Seen, figure: str) -> tuple[Cells, list[Cells]]:
    """What a figure shows as a heading and rows. Raises InputRefused for another name than of a figure."""
    if figure not in FIGURES:
        raise InputRefused(
            f"A figure must be one of {', '.join(FIGURES)}.", "another name.", "Use the links of the page Uncertainty."
        )
    return FIGURES[figure](seen)


def _rejection(seen: Seen) -> tuple[Cells, list[Cells]]:
    heading = ("measure", "share kept", "accuracy p10", "accuracy median", "accuracy p90", "cases")
    points: list[Cells] = [
        (measure.value, *point, one.cases)
        for measure, one in seen.bands.items()
        for point in zip(one.at, one.low, one.middle, one.high, strict=True)
    ]
    return heading, points


def _reliability(seen: Seen) -> tuple[Cells, list[Cells]]:
    heading = ("structure", "voxels", "mean confidence", "share right", "cases")
    return heading, [(seen.choice.structure, one.count, one.confidence, one.right, one.cases) for one in seen.bins]


def _parts(seen: Seen) -> tuple[Cells, list[Cells]]:
    heading = ("case", "generated", *(f"{measure}, mean" for measure in seen.pair))
    return heading, [(case.key, _yes(case.synthetic), one, other) for case, one, other in seen.points()]


def _spread(seen: Seen) -> tuple[Cells, list[Cells]]:
    edges, counts = histogram(seen.groups)
    groups = list(counts)
    heading = ("from", "below", *(f"cases, {name}" for name in groups))
    return heading, [
        (low, high, *(counts[name][number] for name in groups)) for number, (low, high) in enumerate(pairwise(edges))
    ]


def _cases(seen: Seen) -> tuple[Cells, list[Cells]]:
    measure = seen.choice.measure
    heading = ("case", "generated", *(f"{measure}, {figure}" for figure in OF_A_CASE), ERROR, "undefined because")
    lines: list[Cells] = []
    for case in seen.cases:
        found = seen.row(case)
        reasons = dict.fromkeys(one.reason for one in found if one is not None and one.reason)
        values = (None if one is None else one.value for one in found)
        lines.append((case.key, _yes(case.synthetic), *values, "; ".join(reasons)))
    return heading, lines


def _yes(said: bool) -> str:
    return "yes" if said else "no"


FIGURES = {"rejection": _rejection, "reliability": _reliability, "parts": _parts, "spread": _spread, "cases": _cases}

"""Readers beside each other and beside models: the matrix of pairs, and how far each draws too wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from db.vocabulary import AuthorKind
from services.agreements import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.agreements import Author, Cell, Mean

AXIS = {"tickfont_size": palette.TEXT_PX, "fixedrange": True, "showgrid": False, "categoryorder": "array"}
CELL_PX, FRAME_PX, LINE_PX = 44, 96, 30
WORST, BEST = "#0B2A3F", "#D6EEFB"
"""The readers' blue: dark where two are far apart."""
LOWEST_DICE = 0.5
"""The scale of Dice begins here, or lower where a mean does."""


def matrix_figure(cells: Sequence[Cell], authors: Sequence[Author], measure: Measure) -> go.Figure:
    """A square a pair, readers down, readers and models across; each carries the rank of its cell."""
    down = [one.title for one in authors if one.kind is AuthorKind.READER]
    shown = [(number, cell) for number, cell in enumerate(cells) if cell.mean is not None]
    both = [(number, cell, row, column) for number, cell in shown for row, column in _squares(cell)]
    low, high = _range([cell.mean for _, cell in shown if cell.mean is not None], measure)
    across = [one.title for one in authors]
    means = {(row, column): cell.mean for _, cell, row, column in both}
    values = [[means.get((row, column)) for column in across] for row in down]
    figure = go.Figure(_colours(values, across, down, measure, (low, high)))
    figure.add_trace(_marks(both, measure, (low, high)))
    figure.update_xaxes(side="top", categoryarray=across, **AXIS)
    figure.update_yaxes(autorange="reversed", categoryarray=down, **AXIS)
    margin = {"l": 0, "r": 0, "t": 24, "b": 8}
    return figure.update_layout(height=FRAME_PX + CELL_PX * len(down), margin=margin, clickmode="event+select")


def bias_figure(means: Sequence[Mean]) -> go.Figure:
    """A line an author: the mean in millimetres and its 95 % interval; positive is outside the consensus."""
    figure = go.Figure()
    for kind, symbol in ((AuthorKind.READER, "circle"), (AuthorKind.MODEL, "diamond-open")):
        figure.add_trace(_dots([one for one in means if one.author.kind is kind], symbol))
    figure.add_vline(0, line={"color": palette.MUTED, "width": 1, "dash": "dot"})
    names = [one.author.title for one in means]
    figure.update_xaxes(title="wider than the consensus by (mm)", gridcolor=palette.LINE, zeroline=False)
    figure.update_yaxes(autorange="reversed", gridcolor=palette.LINE, categoryorder="array", categoryarray=names)
    return figure.update_layout(height=72 + LINE_PX * len(means), margin=palette.FRAME, showlegend=False)


def _squares(cell: Cell) -> list[tuple[str, str]]:
    """Row and column; two readers have two squares."""
    first, second = cell.first.title, cell.second.title
    return [(first, second), (second, first)] if cell.second.kind is AuthorKind.READER else [(first, second)]


def _range(means: Sequence[float], measure: Measure) -> tuple[float, float]:
    if measure is Measure.DICE:
        return min([LOWEST_DICE, *means]), 1.0
    return 0.0, max([1.0, *means])


def _colours(
    values: list[list[float | None]], across: list[str], down: list[str], measure: Measure, ends: tuple[float, float]
) -> go.Heatmap:
    ramp = [WORST, palette.READERS[0], BEST]
    return go.Heatmap(
        z=values, x=across, y=down, zmin=ends[0], zmax=ends[1], xgap=2, ygap=2, hoverinfo="skip",
        colorscale=ramp if measure is Measure.DICE else ramp[::-1],
        colorbar={"title": {"text": _scale(measure), "side": "right"}, "thickness": 10, "outlinewidth": 0},
    )  # fmt: skip


def _scale(measure: Measure) -> str:
    return f"{measure} ({measure.unit})"


def _marks(both: Sequence[tuple[int, Cell, str, str]], measure: Measure, ends: tuple[float, float]) -> go.Scatter:
    """The numbers, on squares that are not seen and take the click."""
    digits = 2 if measure is Measure.DICE else 1
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[column for *_, column in both],
        y=[row for _, _, row, _ in both],
        customdata=[[number] for number, *_ in both],
        text=[f"{cell.mean:.{digits}f}" for _, cell, _, _ in both],
        textfont={"color": [_ink(cell.mean, measure, ends) for _, cell, _, _ in both], "size": palette.TEXT_PX + 1},
        hovertext=[_hover(cell, measure) for _, cell, _, _ in both],
        hovertemplate="%{hovertext}<extra></extra>",
        mode="markers+text",
        marker={"symbol": "square", "size": CELL_PX - 6, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        showlegend=False,
    )


def _ink(mean: float | None, measure: Measure, ends: tuple[float, float]) -> str:
    """Dark numbers on light squares."""
    low, high = ends
    share = ((mean or 0.0) - low) / (high - low)
    return "#000000" if (share if measure is Measure.DICE else 1 - share) > 0.45 else "#FFFFFF"


def _hover(cell: Cell, measure: Measure) -> str:
    digits, unit = (3, "") if measure is Measure.DICE else (2, " mm")
    cases = f"{cell.cases} case{'' if cell.cases == 1 else 's'}"
    worst = f"<br>furthest apart: {cell.worst.value:.{digits}f}{unit}, {cell.worst.case_key}" if cell.worst else ""
    return f"{cell.first.title} and {cell.second.title}: {cell.mean:.{digits}f}{unit}, mean of {cases}{worst}"


def _dots(means: Sequence[Mean], symbol: str) -> go.Scatter:
    return go.Scatter(
        x=[one.value for one in means],
        y=[one.author.title for one in means],
        mode="markers",
        marker={"size": 9, "symbol": symbol, "color": [_colour(one.author) for one in means]},
        error_x={
            "type": "data",
            "symmetric": True,
            "array": [0.0 if one.upper is None else one.upper - one.value for one in means],
            "thickness": 1.5,
            "color": palette.MUTED,
        },
        text=[_interval(one) for one in means],
        hovertemplate="%{y}: %{x:+.2f} mm, %{text}<extra></extra>",
    )


def _colour(author: Author) -> str:
    if author.kind is AuthorKind.MODEL:
        return palette.MUTED
    return palette.READERS[(author.number - 1) % len(palette.READERS)]


def _interval(one: Mean) -> str:
    interval = one.reason if one.lower is None else f"95 % interval {one.lower:+.2f} to {one.upper:+.2f}"
    return f"{interval}, {one.patients} patient{'' if one.patients == 1 else 's'}"

"""Means with intervals, a line a stratum, a column a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.evaluation.results import Estimate, Row

COLUMNS = ("same generator", "other generator")
COLOURS = {"outer wall": palette.ACCENT, "lumen": palette.LUMEN}
LINE_PX, FRAME_PX = 24, 88


def strata_figure(rows: Sequence[Row]) -> go.Figure:
    """One measure: `rows` top to bottom, a dot a mean and a bar its 95 % interval; nothing where undefined."""
    figure = make_subplots(1, 2, shared_yaxes=True, column_titles=COLUMNS, horizontal_spacing=0.04)
    for column, estimates in enumerate(([row.same for row in rows], [row.other for row in rows]), start=1):
        figure.add_trace(_dots(rows, estimates), 1, column)
    unit = "" if rows[0].unit == "1" else f" ({rows[0].unit})"
    figure.update_xaxes(title=f"{rows[0].measure}{unit}", gridcolor=palette.LINE, **_range(rows))
    names = [row.stratum for row in rows]
    figure.update_yaxes(autorange="reversed", gridcolor=palette.LINE, categoryorder="array", categoryarray=names)
    figure.update_annotations(font_size=13)
    margin = {"l": 0, "r": 8, "t": 24, "b": 0}
    return figure.update_layout(height=FRAME_PX + LINE_PX * len(rows), margin=margin, showlegend=False)


def _dots(rows: Sequence[Row], estimates: Sequence[Estimate]) -> go.Scatter:
    shown = [(row.stratum, one) for row, one in zip(rows, estimates, strict=True) if one.value is not None]
    return go.Scatter(
        x=[one.value for _, one in shown],
        y=[stratum for stratum, _ in shown],
        mode="markers",
        marker={"size": 8, "color": COLOURS[rows[0].measure.rpartition(" ")[0]]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_reach(one, one.upper) for _, one in shown],
            "arrayminus": [_reach(one, one.lower) for _, one in shown],
            "thickness": 1.5,
        },
        text=[_hover(one) for _, one in shown],
        hovertemplate="%{y}: %{x:.2f}, %{text}<extra></extra>",
    )


def _reach(one: Estimate, end: float | None) -> float:
    return 0.0 if one.value is None or end is None else abs(end - one.value)


def _hover(one: Estimate) -> str:
    interval = one.reason if one.lower is None else f"95 % interval {one.lower:.2f} to {one.upper:.2f}"
    return f"{interval}, n = {one.cases}"


def _range(rows: Sequence[Row]) -> dict[str, object]:
    """Dice from 0 to 1, whatever the values; distances from 0 on."""
    return {"range": [0, 1]} if rows[0].unit == "1" else {"rangemode": "tozero"}

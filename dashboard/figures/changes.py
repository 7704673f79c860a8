"""Two models on the same cases: a point a case, in the quarter that says what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from services.comparing import Change

if TYPE_CHECKING:
    from services.comparing import Comparison

COLOURS = {
    Change.BROKEN: palette.WORSE,
    Change.FIXED: palette.BETTER,
    Change.WRONG: palette.MUTED,
    Change.RIGHT: palette.MUTED,
}
SYMBOLS = {
    Change.BROKEN: "triangle-down",
    Change.FIXED: "triangle-up",
    Change.WRONG: "circle-open",
    Change.RIGHT: "circle",
}
HEIGHT_PX = 360
MOST_POINTS = 5_000
"""What a browser still draws at once; cases that changed come first."""


def changes_figure(comparison: Comparison, first: str, second: str) -> go.Figure:
    """Dice of `first` against Dice of `second`; every point carries the key of its case."""
    figure = go.Figure()
    for change in Change:
        cases = [case for case in comparison.cases[:MOST_POINTS] if case.change is change]
        figure.add_scatter(
            x=[case.first for case in cases],
            y=[case.second for case in cases],
            customdata=[[case.key] for case in cases],
            mode="markers",
            name=f"{change} ({comparison.counts[change]})",
            marker={"color": COLOURS[change], "symbol": SYMBOLS[change], "size": 9},
            hovertemplate="%{customdata[0]}: %{x:.3f} to %{y:.3f}<extra></extra>",
        )
    line = {"color": palette.MUTED, "width": 1, "dash": "dot"}
    figure.add_hline(comparison.threshold, line=line).add_vline(comparison.threshold, line=line)
    figure.update_xaxes(title=f"{first}: outer wall Dice", range=[-0.02, 1.02], gridcolor=palette.LINE)
    figure.update_yaxes(title=f"{second}: outer wall Dice", range=[-0.02, 1.02], gridcolor=palette.LINE)
    margin = {"l": 0, "r": 8, "t": 8, "b": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=margin, legend={"orientation": "h", "y": 1.12})

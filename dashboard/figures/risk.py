"""Risk against coverage: what is unacceptable among the cases that nobody reviews, score by score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from services.aggregation.names import SIZE

if TYPE_CHECKING:
    from services.risks import OfScore, Seen

HEIGHT_PX = 380
BAND_OPACITY = 0.15


def risk_figure(seen: Seen) -> go.Figure:
    """A line and its band a score; every point carries the key of the case that would be reviewed next."""
    figure = go.Figure()
    colours = iter(palette.SCORES)
    for one in seen.scores:
        size = one.order.name == SIZE
        colour = palette.MUTED if size else next(colours)
        _add_band(figure, one, colour)
        _add_line(figure, one, colour, "dash" if size else "solid")
    _add_budget(figure, seen)
    figure.update_xaxes(title="cases left unreviewed (%)", range=[0, 101], gridcolor=palette.LINE)
    figure.update_yaxes(title="of them unacceptable (%)", rangemode="tozero", gridcolor=palette.LINE, zeroline=False)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME | {"t": 60}, legend=legend)


def _add_band(figure: go.Figure, one: OfScore, colour: str) -> None:
    curve = one.curve
    figure.add_scatter(
        x=[100 * share for share in (*curve.coverage, *reversed(curve.coverage))],
        y=[100 * share for share in (*curve.lower, *reversed(curve.upper))],
        fill="toself",
        fillcolor=colour,
        opacity=BAND_OPACITY,
        mode="none",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=one.order.name,
    )


def _add_line(figure: go.Figure, one: OfScore, colour: str, dash: str) -> None:
    curve = one.curve
    figure.add_scatter(
        x=[100 * share for share in curve.coverage],
        y=[100 * share for share in curve.risk],
        customdata=[[key] for key in one.keys],
        mode="lines+markers",
        name=one.order.name,
        legendgroup=one.order.name,
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 5, "color": colour},
        hovertemplate="%{x:.0f} % unreviewed: %{y:.1f} % unacceptable<br>next: %{customdata[0]}<extra></extra>",
    )


def _add_budget(figure: go.Figure, seen: Seen) -> None:
    """Where the budget lies, and the share that is unacceptable whatever the score says."""
    note = {"size": palette.TEXT_PX}
    line = {"color": palette.MUTED, "width": 1, "dash": "dot"}
    every = 100 * seen.unacceptable / seen.cases
    figure.add_hline(every, line=line, annotation_text="by chance", annotation_font=note)
    words = f"{seen.budget.reviewed:,} of {seen.budget.coming:,} reviewed"
    figure.add_vline(100 * (1 - seen.budget.share), line=line, annotation_text=words, annotation_font=note)

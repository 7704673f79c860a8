"""One statistic over the weeks: weekly means, the smoothed mean, and the limits that it is held against."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.drifting import Drifted
    from services.failure.drift import Point

HEIGHT_PX = 280
LARGEST_PX, SMALLEST_PX = 14, 5
BAND_OPACITY = 0.15


def drift_figure(found: Drifted) -> go.Figure:
    """A dot a week, larger with more cases; every point carries the Monday of its week, and whether it lies high."""
    figure = go.Figure()
    points = [point for point in found.chart.points if point.week.cases]
    judged = [point for point in points if not math.isnan(point.smoothed)]
    if judged:
        _add_limits(figure, judged)
    _add_means(figure, points, found.chart.mean)
    if judged:
        _add_smoothed(figure, judged, found.chart.mean)
    if not math.isnan(found.chart.mean):
        line = {"color": palette.MUTED, "width": 1, "dash": "dot"}
        figure.add_hline(
            found.chart.mean, line=line, annotation_text="reference", annotation_font={"size": palette.TEXT_PX}
        )
    unit = f" ({found.statistic.unit})" if found.statistic.unit else ""
    figure.update_xaxes(
        title="week, by its Monday", gridcolor=palette.LINE, tickformat="%-d %b %Y", range=_span(points)
    )
    figure.update_yaxes(title=f"{found.statistic}{unit}", gridcolor=palette.LINE, zeroline=False)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME | {"t": 36}, legend=legend)


def _span(points: Sequence[Point]) -> list[date] | None:
    """Of the axis: a week more at each end, so that a single week has an axis of days too."""
    days = [point.week.monday for point in points]
    return [min(days) - timedelta(weeks=1), max(days) + timedelta(weeks=1)] if days else None


def _add_limits(figure: go.Figure, points: Sequence[Point]) -> None:
    days = [point.week.monday for point in points]
    figure.add_scatter(
        x=[*days, *reversed(days)],
        y=[*(point.lower for point in points), *(point.upper for point in reversed(points))],
        fill="toself",
        fillcolor=palette.MUTED,
        opacity=BAND_OPACITY,
        mode="none",
        name="limits",
        hoverinfo="skip",
    )


def _add_means(figure: go.Figure, points: Sequence[Point], mean: float) -> None:
    most = max((point.week.cases for point in points), default=1)
    figure.add_scatter(
        x=[point.week.monday for point in points],
        y=[point.week.mean for point in points],
        customdata=[_known(point, point.week.mean, mean) for point in points],
        mode="markers",
        name="mean of a week",
        marker={
            "color": palette.MUTED,
            "size": [max(SMALLEST_PX, LARGEST_PX * (point.week.cases / most) ** 0.5) for point in points],
        },
        hovertemplate="week of %{customdata[0]}: %{y:.3g}, cases: %{customdata[2]}<extra></extra>",
    )


def _add_smoothed(figure: go.Figure, points: Sequence[Point], mean: float) -> None:
    figure.add_scatter(
        x=[point.week.monday for point in points],
        y=[point.smoothed for point in points],
        customdata=[_known(point, point.smoothed, mean) for point in points],
        mode="lines+markers",
        name="smoothed mean",
        line={"color": palette.ACCENT, "width": 2},
        marker={
            "size": [10 if point.alarm else 5 for point in points],
            "color": [palette.WORSE if point.alarm else palette.ACCENT for point in points],
            "symbol": ["diamond" if point.alarm else "circle" for point in points],
        },
        hovertemplate="week of %{customdata[0]}: smoothed %{y:.3g}<extra></extra>",
    )


def _known(point: Point, value: float, mean: float) -> list[object]:
    return [point.week.monday.isoformat(), not value < mean, point.week.cases]

"""How good what is left becomes when the most doubtful voxels go, and whether probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from services.uncertainty.across_cases import HIGH, LOW
from services.uncertainty.names import ENTROPIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.doubt_figures import Seen
    from services.uncertainty.across_cases import Band, Bin
    from services.uncertainty.names import Measure

HEIGHT_PX = 340
BAND_OPACITY = 0.22
LARGEST_PX, SMALLEST_PX = 16, 5
VOXELS = "%{customdata[0]:,} voxels of %{customdata[1]} cases"
BETWEEN = f"{100 * LOW:.0f} to {100 * HIGH:.0f} % of the cases"


def rejection_figure(seen: Seen) -> go.Figure:
    """The median accuracy of every measure, with a band over the cases for the chosen one."""
    figure = go.Figure()
    chosen = seen.choice.measure
    if chosen in seen.bands:
        _add_band(figure, seen.bands[chosen], palette.MEASURES[chosen])
    for measure, one in seen.bands.items():
        _add_middle(figure, measure, one, chosen=measure is chosen)
    figure.update_xaxes(title="voxels thrown away, most doubtful first (%)", range=[0, 100], gridcolor=palette.LINE)
    figure.update_yaxes(title="accuracy of the others", gridcolor=palette.LINE)
    return _laid_out(figure)


def reliability_figure(bins: Sequence[Bin], structure: str) -> go.Figure:
    """Share of voxels that are right against the mean confidence of each bin; larger dots hold more voxels."""
    figure = go.Figure()
    line = {"color": palette.MUTED, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="as right as it says", hoverinfo="skip")
    most = max((one.count for one in bins), default=1)
    figure.add_scatter(
        x=[one.confidence for one in bins],
        y=[one.right for one in bins],
        customdata=[[one.count, one.cases] for one in bins],
        mode="lines+markers",
        name=structure,
        line={"color": palette.ACCENT, "width": 2},
        marker={"size": [max(SMALLEST_PX, LARGEST_PX * (one.count / most) ** 0.25) for one in bins]},
        hovertemplate=f"says %{{x:.2f}}, right %{{y:.2f}}<br>{VOXELS}<extra></extra>",
    )
    figure.update_xaxes(title="mean confidence of the bin", range=[-0.02, 1.02], gridcolor=palette.LINE)
    figure.update_yaxes(title="share that is right", range=[-0.02, 1.02], gridcolor=palette.LINE)
    return _laid_out(figure)


def _add_band(figure: go.Figure, one: Band, colour: str) -> None:
    known = [point for point in zip(_away(one), one.low, one.high, strict=True) if None not in point]
    away, low, high = ([point[axis] for point in known] for axis in range(3))
    figure.add_scatter(
        x=[*away, *reversed(away)],
        y=[*low, *reversed(high)],
        fill="toself",
        fillcolor=colour,
        opacity=BAND_OPACITY,
        line={"width": 0},
        name=BETWEEN,
        hoverinfo="skip",
    )


def _add_middle(figure: go.Figure, measure: Measure, one: Band, *, chosen: bool) -> None:
    dash = "dash" if measure in ENTROPIES else "solid"
    figure.add_scatter(
        x=_away(one),
        y=list(one.middle),
        mode="lines",
        name=measure.value,
        line={"color": palette.MEASURES[measure], "width": 3 if chosen else 1.25, "dash": dash},
        hovertemplate=f"{measure}: %{{y:.3f}} with %{{x:.0f}} % thrown away, {one.cases} cases<extra></extra>",
    )


def _away(one: Band) -> list[float]:
    return [100 * (1 - kept) for kept in one.at]


def _laid_out(figure: go.Figure) -> go.Figure:
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME | {"t": 40}, legend=legend)

"""Cases by their doubt: its two parts against each other, and how a measure is spread over cases."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from dashboard.figures.doubt_curves import HEIGHT_PX
from services.uncertainty.across_cases import histogram

if TYPE_CHECKING:
    from services.doubt_figures import Seen

SYMBOLS = {True: "circle", False: "diamond"}
NAMES = {True: "generated", False: "real"}
UNITS = {"1": ""}


def parts_figure(seen: Seen) -> go.Figure:
    """The means of both parts of doubt in each case; every point carries the key of its case."""
    figure = go.Figure()
    first, second = seen.pair
    for synthetic in (True, False):
        points = [point for point in seen.points() if point[0].synthetic is synthetic]
        if not points:
            continue
        figure.add_scatter(
            x=[one for _, one, _ in points],
            y=[other for _, _, other in points],
            customdata=[[case.key] for case, _, _ in points],
            mode="markers",
            name=f"{NAMES[synthetic]} ({len(points)})",
            marker={"color": palette.ACCENT, "symbol": SYMBOLS[synthetic], "size": 9, "opacity": 0.85},
            hovertemplate=f"%{{customdata[0]}}: {first} %{{x:.3g}}, {second} %{{y:.3g}}<extra></extra>",
        )
    unit = "nats" if first.endswith("entropy") else ""
    for update, measure in ((figure.update_xaxes, first), (figure.update_yaxes, second)):
        title = {
            "text": _with_unit(f"{measure}, mean of the region", unit),
            "font": {"color": palette.MEASURES[measure]},
        }
        update(title=title, rangemode="tozero", gridcolor=palette.LINE)
    return _laid_out(figure)


def spread_figure(seen: Seen) -> go.Figure:
    """How many cases have which mean of the chosen measure, by where they come from."""
    figure = go.Figure()
    edges, counts = histogram(seen.groups)
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    colour = palette.MEASURES[seen.choice.measure]
    for name, of_group in counts.items():
        generated = name == NAMES[True]
        figure.add_bar(
            x=middles,
            y=list(of_group),
            name=f"{name} ({sum(of_group)})",
            marker={"color": colour, "pattern": {"shape": "" if generated else "/"}, "line": {"width": 0}},
            hovertemplate=f"{name}: %{{y}} cases around %{{x:.3g}}<extra></extra>",
        )
    title = _with_unit(f"{seen.choice.measure}, mean of the region", UNITS.get(seen.unit, seen.unit))
    figure.update_xaxes(title=title, gridcolor=palette.LINE)
    figure.update_yaxes(title="cases", gridcolor=palette.LINE)
    return _laid_out(figure).update_layout(barmode="stack", bargap=0.06)


def _with_unit(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _laid_out(figure: go.Figure) -> go.Figure:
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME | {"t": 40}, legend=legend, showlegend=True)

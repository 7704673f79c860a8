"""Error against uncertainty: where a model is wrong and does not know it. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from dashboard.figures import palette
from services.failures import is_good_when_high, is_sure_when_high, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.failures import Seen

HEIGHT_PX = 420
SILENT = "silent failures"
SYMBOLS = {True: "circle", False: "diamond"}
NAMES = {True: "generated", False: "real"}


def quadrant_figure(seen: Seen) -> go.Figure:
    """Every case as a point that carries its key, or the number of cases in each cell and the worst silent failures."""
    figure = go.Figure()
    if seen.cells:
        _add_cells(figure, seen)
    rest = [one for one in seen.points if not seen.is_silent(one.x, one.y)]
    for synthetic in (True, False):
        some = [(one.case_key, one.x, one.y) for one in rest if one.synthetic is synthetic]
        _add_points(figure, some, NAMES[synthetic], palette.ACCENT, SYMBOLS[synthetic], seen)
    known = seen.silent_scores
    silent = [(one.case_key, known[one.case_key], one.value) for one in seen.silent if one.case_key in known]
    if seen.points:
        silent = [(one.case_key, one.x, one.y) for one in seen.points if seen.is_silent(one.x, one.y)]
    _add_points(figure, silent, SILENT, palette.WORSE, "circle", seen)
    line = {"color": palette.MUTED, "width": 1, "dash": "dot"}
    figure.add_vline(seen.score_cut, line=line)
    figure.add_hline(seen.error_cut, line=line)
    return _laid_out(figure, seen)


def _add_points(
    figure: go.Figure, points: Sequence[tuple[str, float, float]], name: str, colour: str, symbol: str, seen: Seen
) -> None:
    if not points:
        return
    figure.add_scatter(
        x=[x for _, x, _ in points],
        y=[y for _, _, y in points],
        customdata=[[key] for key, _, _ in points],
        mode="markers",
        name=f"{name} ({len(points):,})",
        marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.85},
        hovertemplate=f"%{{customdata[0]}}: {titled(seen.chosen.error)} %{{y:.3g}}, score %{{x:.3g}}<extra></extra>",
    )


def _add_cells(figure: go.Figure, seen: Seen) -> None:
    """An empty cell stays empty: 0 would have a colour."""
    counts: list[list[int | None]] = [[None] * (len(seen.x_edges) - 1) for _ in seen.y_edges[1:]]
    for column, row, cases in seen.cells:
        counts[row][column] = cases
    figure.add_heatmap(
        x=list(seen.x_edges),
        y=list(seen.y_edges),
        z=counts,
        colorscale=[[0, "rgba(76, 154, 255, 0.15)"], [1, palette.ACCENT]],
        colorbar={"title": "cases", "thickness": 10},
        hovertemplate="%{z:,} cases around score %{x:.3g}, error %{y:.3g}<extra></extra>",
    )


def titled(name: str) -> str:
    """With its unit."""
    unit = unit_of(name)
    return f"{name} ({unit})" if unit else name


def _laid_out(figure: go.Figure, seen: Seen) -> go.Figure:
    """Worse is up and surer is left, whichever way a value counts."""
    down: dict[str, Any] = {"autorange": "reversed"}
    turned = down if is_good_when_high(seen.chosen.error) else {}
    across = down if is_sure_when_high(seen.chosen.score) else {}
    figure.update_yaxes(title=f"{titled(seen.chosen.error)}, worse upwards", gridcolor=palette.LINE, **turned)
    figure.update_xaxes(title=f"{titled(seen.chosen.score)}, more doubt to the right", gridcolor=palette.LINE, **across)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME | {"t": 40}, legend=legend, showlegend=True)

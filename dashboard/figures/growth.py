"""The largest diameter of one patient over the years, with intervals, the threshold, and a dashed extrapolation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from services.measurement.growth import DAYS_A_YEAR

if TYPE_CHECKING:
    from datetime import date

    from services.growing import Course, Followed

HEIGHT_PX = 240
OPEN_END_YEARS = 3
"""How far a crossing without a latest date is drawn."""


def growth_figure(course: Course, key: str) -> go.Figure:
    """A point a scan at its (shifted) date; `key` names the case that is open."""
    figure = go.Figure()
    scans = [scan for scan in course.scans if scan.day and scan.dated]
    _add_scans(figure, scans, key)
    threshold = course.crossing.threshold_mm if course.crossing else None
    if threshold is not None:
        line = {"color": palette.THRESHOLD, "width": 2, "dash": "dash"}
        note = {"size": palette.TEXT_PX}
        figure.add_hline(threshold, line=line, annotation_text=f"{threshold:g} mm", annotation_font=note)
    _add_crossing(figure, course)
    font = {"size": palette.TEXT_PX}
    figure.update_xaxes(title={"text": "study date (shifted)", "font": font}, gridcolor=palette.LINE, tickfont=font)
    title = {"text": "largest diameter (mm)", "font": font}
    figure.update_yaxes(title=title, gridcolor=palette.LINE, tickfont=font, zeroline=False)
    return figure.update_layout(height=HEIGHT_PX, margin=palette.FRAME, showlegend=False, hoverlabel={"font": font})


def alt_text(course: Course) -> str:
    """What the figure shows, for those who do not see it."""
    dated = [scan.dated for scan in course.scans if scan.day and scan.dated]
    said = "; ".join(f"{one.day}: {one.diameter_mm:.1f} mm" for one in dated if one)
    return f"Largest diameter by study date (shifted). {said}. A dashed line is extrapolated."


def _add_scans(figure: go.Figure, scans: list[Followed], key: str) -> None:
    rows = [scan.decided.diameter for scan in scans]
    values = [row.value if row else None for row in rows]
    up = [(row.upper or row.value) - row.value if row and row.value else 0 for row in rows]
    down = [row.value - (row.lower or row.value) if row and row.value else 0 for row in rows]
    figure.add_scatter(
        x=[scan.day for scan in scans],
        y=values,
        mode="lines+markers",
        line={"color": palette.ACCENT, "width": 1},
        marker={
            "size": 10,
            "color": palette.ACCENT,
            "symbol": ["circle" if scan.key == key else "circle-open" for scan in scans],
        },
        error_y={"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5},
        customdata=[[scan.key] for scan in scans],
        hovertemplate="%{customdata[0]}: %{y:.1f} mm<extra></extra>",
    )


def _add_crossing(figure: go.Figure, course: Course) -> None:
    """From the last scan to where the threshold is reached, and between which dates that may be."""
    found = course.crossing
    if found is None or found.earliest is None:
        return
    last = course.growths[-1].last
    line = {"color": palette.ACCENT, "width": 1, "dash": "dash"}
    if found.expected is not None:
        figure.add_scatter(
            x=[last.day, found.expected],
            y=[last.diameter_mm, found.threshold_mm],
            mode="lines",
            line=line,
            hovertemplate="extrapolated<extra></extra>",
        )
    latest = found.latest or _later(found.expected or found.earliest)
    figure.add_scatter(
        x=[found.earliest, latest],
        y=[found.threshold_mm] * 2,
        mode="lines",
        line={"color": palette.ACCENT, "width": 5},
        opacity=0.4,
        hovertemplate="extrapolated: %{x}<extra></extra>",
    )


def _later(day: date) -> date:
    return day + timedelta(days=round(OPEN_END_YEARS * DAYS_A_YEAR))

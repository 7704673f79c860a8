"""The shown diameter, its intervals side by side, the threshold, and what readers measured: one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboard.figures import palette
from db.records import Shown
from services.measurement.decided import INTERVALS, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.records import NewMeasurement
    from services.measurement.decided import Decided

ROW_PX, FRAME_PX = 27, 74
ROOM_LEFT, ROOM_RIGHT, NARROWEST_MM = 0.06, 0.2, 4.0
"""Of the width, to the left of all values and, where names stand, to their right."""
BY_HAND = "by hand"
READERS = "readers"
MOST_POINTS = 12
"""Up to so many samples are points; more are a strip of lines."""


def diameters_figure(found: Decided, readers: Mapping[str, NewMeasurement]) -> go.Figure:
    """What is known of the largest diameter, in mm from left to right.

    readers: the diameter of every reader's own outline, by the reader's name, in the order of the layers.
    """
    figure = go.Figure()
    for row in found.intervals:
        _add_interval(figure, row, shown=name_of(row) == found.interval_name)
    for rank, (reader, row) in enumerate(readers.items()):
        _add_mark(figure, READERS, row, f"outline of {reader}", _reader(rank), "circle")
    for row in orthogonal(found):
        _add_mark(figure, BY_HAND, row, row.reader, _colour_of(row.reader, found, readers), "diamond", text=row.reader)
    _add_diameter(figure, found)
    _add_thresholds(figure, found)
    present = {row for trace in figure.data for row in trace.y}
    rows = [name for name in (*INTERVALS, BY_HAND) if name in present]
    return _laid_out(figure, rows)


def orthogonal(found: Decided) -> list[NewMeasurement]:
    """What readers took by hand across the vessel, which compares with the shown diameter; not what is axial."""
    return [row for row in found.by_hand if row.name == Shown.DIAMETER]


def has_anything(found: Decided, readers: Mapping[str, NewMeasurement]) -> bool:
    """Whether any row has a value to show."""
    rows = [*found.intervals, *readers.values(), *orthogonal(found), *([found.diameter] if found.diameter else [])]
    return any(row.value is not None or row.lower is not None for row in rows)


def alt_text(found: Decided) -> str:
    """What the figure shows, for those who do not see it."""
    value = found.diameter.value if found.diameter else None
    said = [f"Largest orthogonal diameter {value:.1f} mm." if value is not None else "No diameter."]
    known = [row for row in found.intervals if row.lower is not None and row.upper is not None]
    if known:
        parts = (f"{name_of(row)} {row.lower:.1f} to {row.upper:.1f} mm" for row in known)
        said.append(f"Intervals: {'; '.join(parts)}.")
    said += [f"{row.reader} measured {row.value:.1f} mm by hand." for row in orthogonal(found) if row.value is not None]
    said += [f"Threshold {threshold:g} mm." for threshold in thresholds(found)]
    return " ".join(said)


def thresholds(found: Decided) -> list[float]:
    """The threshold, then the other one where the sex is not known; in mm."""
    said = found.flip.parameters if found.flip else {}
    values = (said.get("threshold_mm"), said.get("other_mm"))
    return [float(value) for value in values if isinstance(value, int | float)]


def _add_interval(figure: go.Figure, row: NewMeasurement, *, shown: bool) -> None:
    name = name_of(row)
    colour = palette.READERS[0] if name == READERS else palette.ACCENT if shown else palette.MUTED
    if row.lower is None or row.upper is None:
        _add_reason(figure, name, row)
        return
    said = f"{row.lower:.1f} to {row.upper:.1f} mm, {len(row.samples)} samples, {row.method} {row.method_version}"
    line = {"color": colour, "width": 6 if shown else 4}
    _add(figure, [row.lower, row.upper], name, mode="lines", line=line, opacity=0.75, text=said)
    if name != READERS:
        many = len(row.samples) > MOST_POINTS
        symbol = "line-ns-open" if many else "circle"
        marker = {"symbol": symbol, "color": colour, "size": 13 if many else 7, "opacity": 0.25 if many else 1.0}
        _add(figure, row.samples, name, mode="markers", marker=marker, hoverinfo="skip", hovertemplate=None)


def _add_reason(figure: go.Figure, name: str, row: NewMeasurement) -> None:
    """Undefined is a dash with its reason, at the left end of its row."""
    _add(figure, [None], name, mode="markers", text=row.reason)
    figure.add_annotation(
        x=0.01,
        xref="x domain",
        y=name,
        text="\N{EN DASH}",
        hovertext=f"{name}: {row.reason}",
        showarrow=False,
        font={"color": palette.MUTED, "size": 14},
    )


def _add_mark(
    figure: go.Figure, where: str, row: NewMeasurement, who: str, colour: str, symbol: str, *, text: str = ""
) -> None:
    if row.value is None:
        return
    marker = {"symbol": symbol, "color": colour, "size": 10, "line": {"width": 1, "color": palette.MUTED}}
    hover = f"{who}: {row.value:.1f} mm<extra></extra>"
    font = {"size": palette.TEXT_PX}
    said = {"text": [text], "textposition": "middle right", "textfont": font} if text else {}
    mode = "markers+text" if text else "markers"
    _add(figure, [row.value], where, mode=mode, marker=marker, hovertemplate=hover, **said)


def _add_diameter(figure: go.Figure, found: Decided) -> None:
    """A thin line through all rows at the shown diameter."""
    if found.diameter is not None and found.diameter.value is not None:
        figure.add_vline(found.diameter.value, line={"color": palette.ACCENT, "width": 1})


def _add_thresholds(figure: go.Figure, found: Decided) -> None:
    for rank, threshold in enumerate(thresholds(found)):
        line = {"color": palette.THRESHOLD, "width": 2 if rank == 0 else 1, "dash": "dash"}
        note = {"size": palette.TEXT_PX}
        text = f"{threshold:g} mm"
        figure.add_vline(threshold, line=line, annotation_text=text, annotation_font=note, annotation_position="top")


def _add(figure: go.Figure, values: object, name: str, **said: object) -> None:
    xs = list(values) if isinstance(values, list | tuple) else [values]
    usual: dict[str, object] = {"hovertemplate": "%{y}: %{text}<extra></extra>"}
    figure.add_scatter(x=xs, y=[name] * len(xs), showlegend=False, name=name, **usual | said)


def _reach(figure: go.Figure) -> list[float]:
    """From left of the smallest value to right of the largest, with room for the names beside diamonds."""
    found = [x for trace in figure.data for x in trace.x if x is not None] + [line.x0 for line in figure.layout.shapes]
    low, high = min(found), max(found)
    width = max(high - low, NARROWEST_MM)
    named = any("text" in trace.mode for trace in figure.data)
    return [low - ROOM_LEFT * width, high + (ROOM_RIGHT if named else ROOM_LEFT) * width]


def _colour_of(reader: str, found: Decided, readers: Mapping[str, NewMeasurement]) -> str:
    """As the viewer has it: that of the reader's own outline, else by the order of those who measured by hand."""
    own = list(dict.fromkeys(row.reader for row in found.by_hand))
    return _reader(list(readers).index(reader) if reader in readers else own.index(reader))


def _reader(rank: int) -> str:
    return palette.READERS[rank % len(palette.READERS)]


def _laid_out(figure: go.Figure, rows: list[str]) -> go.Figure:
    font = {"size": palette.TEXT_PX}
    title = {"text": "largest orthogonal diameter (mm)", "font": font, "standoff": 6}
    reach = {"range": _reach(figure), "tickfont": font, "zeroline": False}
    figure.update_xaxes(title=title, gridcolor=palette.LINE, **reach)
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1], tickfont=font, gridcolor=palette.LINE)
    height = FRAME_PX + ROW_PX * max(len(rows), 1)
    margin = palette.FRAME | {"t": 20}
    return figure.update_layout(height=height, margin=margin, showlegend=False, hoverlabel={"font": font})

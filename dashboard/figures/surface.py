"""The outer wall in 3D, coloured by doubt or by the thickness of the thrombus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.figures import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import NewMeasurement

HEIGHT_PX = 420
GROUND, WORDS = "#000000", "#FFD166"
"""Black as every image area, and the colour of orientation words in the viewer."""
OUTSIDE_MM = 8.0


@dataclass(frozen=True)
class Colouring:
    """What the surface may be coloured by: its values at the vertices, name, unit and colours."""

    name: str
    unit: str
    values: tuple[float, ...]
    ramp: Sequence[str]

    @property
    def title(self) -> str:
        """Name with unit, for the colour bar."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def colourings(row: NewMeasurement) -> tuple[Colouring, ...]:
    """What a stored surface can be coloured by, doubt first."""
    said = row.parameters
    doubt, thickness = said.get("uncertainty"), said.get("thickness_mm")
    found = []
    if isinstance(doubt, list):
        name, unit = str(said.get("uncertainty_name", "")), str(said.get("uncertainty_unit", ""))
        found.append(Colouring(name or "total uncertainty", unit, tuple(map(float, doubt)), palette.TOTAL))
    if isinstance(thickness, list):
        found.append(Colouring("thrombus thickness", "mm", tuple(map(float, thickness)), palette.THROMBUS))
    return tuple(found)


def surface_figure(row: NewMeasurement, colouring: Colouring | None) -> go.Figure:
    """The surface seen from the front, head up, with words for the directions. LPS mm."""
    x, y, z = np.array(row.points).T
    i, j, k = np.array(row.parameters["faces"]).T
    said: dict[str, object] = {"color": palette.MUTED} if colouring is None else _coloured(colouring)
    light = {"ambient": 0.75, "diffuse": 0.35, "specular": 0.05, "roughness": 0.9}
    mesh = go.Mesh3d(x=x, y=y, z=z, i=i, j=j, k=k, lighting=light, hovertemplate=_hover(colouring), **said)
    figure = go.Figure([mesh, _words(x, y, z)])
    bare = {"visible": False, "showgrid": False, "showbackground": False}
    camera = {"eye": {"x": 0.0, "y": -2.7, "z": 0.0}, "up": {"x": 0, "y": 0, "z": 1}}
    scene = {"aspectmode": "data", "xaxis": bare, "yaxis": bare, "zaxis": bare, "camera": camera, "bgcolor": GROUND}
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure.update_layout(height=HEIGHT_PX, margin=margin, scene=scene, paper_bgcolor=GROUND, showlegend=False)


def alt_text(row: NewMeasurement, colouring: Colouring | None) -> str:
    """What the figure shows, for those who do not see it."""
    if colouring is None:
        return f"Surface of the outer wall of {row.subject}, seen from the front."
    low, high = min(colouring.values), max(colouring.values)
    by = f"coloured by {colouring.name}, {low:.3g} to {high:.3g} {colouring.unit}".strip()
    return f"Surface of the outer wall of {row.subject}, seen from the front, {by}."


def _coloured(colouring: Colouring) -> dict[str, object]:
    stops = [[at / (len(colouring.ramp) - 1), colour] for at, colour in enumerate(colouring.ramp)]
    font = {"size": palette.TEXT_PX, "color": "#E6EDF3"}
    bar = {"title": {"text": colouring.title, "font": font, "side": "right"}, "tickfont": font, "thickness": 12}
    high = max(*colouring.values, 1e-6)
    bar |= {"tickvals": [0, high / 2, high], "ticktext": [f"{one:.3g}" for one in (0, high / 2, high)]}
    return {
        "intensity": colouring.values,
        "colorscale": stops,
        "cmin": 0.0,
        "cmax": high,
        "colorbar": bar | {"len": 0.8, "x": 0.98, "xanchor": "right"},
    }


def _hover(colouring: Colouring | None) -> str:
    return "<extra></extra>" if colouring is None else f"%{{intensity:.2f}} {colouring.unit}<extra></extra>"


def _words(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> go.Scatter3d:
    """Anterior is towards -y, left towards +x, head towards +z in LPS."""
    middle = ((x.min() + x.max()) / 2, (y.min() + y.max()) / 2, (z.min() + z.max()) / 2)
    places = (
        (middle[0], y.min() - OUTSIDE_MM, z.min() - OUTSIDE_MM, "anterior"),
        (x.max() + OUTSIDE_MM, middle[1], middle[2], "left"),
        (middle[0], middle[1], z.max() + OUTSIDE_MM, "head"),
    )
    px, py, pz, words = zip(*places, strict=True)
    font = {"size": 13, "color": WORDS}
    return go.Scatter3d(x=px, y=py, z=pz, text=words, mode="text", textfont=font, hoverinfo="skip")

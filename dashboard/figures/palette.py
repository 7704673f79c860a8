"""The colours of figures; the same thing has the same colour on every page."""

from __future__ import annotations

ACCENT = "#4C9AFF"
LUMEN = "#D55E00"
MUTED = "#8B949E"
LINE = "#2D333B"
WORSE, BETTER = "#F85149", "#009E73"

"""The colours of figures; the same thing has the same colour on every page, and in the viewer (colours.js)."""

from __future__ import annotations

from services.uncertainty.names import Measure

ACCENT = "#4C9AFF"
LUMEN = "#D55E00"
MUTED = "#8B949E"
LINE = "rgba(139, 148, 158, 0.3)"
WORSE, BETTER = "#F85149", "#009E73"
READERS = ("#56B4E9", "#8CCBF0", "#2E93CE", "#BFE2F8")
"""By their order among the readers of a case."""
THRESHOLD = "#D29922"
TOTAL = ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725")
"""The ramp of all doubt, from none to most."""
THROMBUS = ("#3A2A08", "#E69F00", "#FFF3D6")
"""From no thrombus to the thickest."""
ALEATORIC = ("#00191A", "#00A3A1", "#D8FFFB")
EPISTEMIC = ("#22001E", "#C02A9B", "#FFE3F6")
MEASURES = {
    Measure.TOTAL: TOTAL[3],
    Measure.ALEATORIC: ALEATORIC[1],
    Measure.EPISTEMIC: EPISTEMIC[1],
    Measure.PREDICTIVE: TOTAL[3],
    Measure.EXPECTED: ALEATORIC[1],
    Measure.MUTUAL: EPISTEMIC[1],
    Measure.SOFTMAX: MUTED,
}
"""One colour a measure of doubt; an entropy has that of the part that it stands for."""
SCORES = (ACCENT, EPISTEMIC[1], BETTER, THRESHOLD)
"""Of scores beside each other, in the order they are chosen; size alone is MUTED."""
TEXT_PX = 12
FRAME = {"l": 0, "r": 8, "t": 8, "b": 0}

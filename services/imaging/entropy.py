"""How maps of doubt are stored, whoever computed them: one scale for all cases, so that pictures can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREDICTIVE, EXPECTED, MUTUAL = "predictive entropy", "expected entropy", "mutual information"
NATS = "nats"
STEPS = 4095
"""Steps between 0 and the largest value: 0.0003 nats each for the entropy of three classes."""
SPREAD = 16
"""Stored values lie so far apart: 4095 steps fill 16 bits, of which a viewer may show the upper 8."""


def steps_of(values: NDArray[np.floating], largest: float, unit: str) -> tuple[NDArray[np.uint16], dict[str, object]]:
    """A map from 0 to `largest` as it is stored, and its unit, range and slope. Below 0 counts as 0."""
    stored = (np.rint(np.clip(values / largest, 0, 1) * STEPS) * SPREAD).astype(np.uint16)
    return stored, {"unit": unit, "minimum": 0.0, "maximum": largest, "slope": largest / (STEPS * SPREAD)}

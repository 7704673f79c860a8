"""What intervals of the diameter were fitted to: a small versioned TOML, shipped, and written by a command.

secondlook evaluate --doubt --fit services/presets/diameter_doubt.toml    fits anew on the calibration cohort
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from services.errors import InputRefused

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHIPPED = "diameter_doubt.toml"
"""In services/presets."""


@dataclass(frozen=True)
class DoubtFit:
    """Constants of the intervals. Lengths in mm."""

    version: str
    fitted_on: str
    """Which scans, in words."""
    model: str
    """Whose errors these are, name@version."""
    seed: int
    """Of the sampling while fitting."""
    cases: int
    """Scans with a diameter that it was fitted on."""
    correlation_mm: float
    """Over which the random velocity changes."""
    floor_mm: float
    """a: amplitude of the random field where the model is sure; sqrt(a^2 + (b d)^2) where the local doubt is d."""
    per_doubt: float
    """b, per millimetre of local doubt."""
    per_member: float
    """c: how far a member's way to stray is followed: by a normal weight of deviation c / sqrt(members - 1)."""
    bias_mm: float
    """Mean of sampled less true diameter, which is taken off."""
    floor_alone_mm: float
    """a, b and the bias where there are no members."""
    per_doubt_alone: float
    bias_alone_mm: float
    error_mm: float
    """Half-width of the conformal interval."""
    error_spreads: float
    """Half-width of the normalised one, in spreads of the members plus `spread_floor_mm`."""
    spread_floor_mm: float
    coverage: float
    """Of shape sampling on the scans that it was fitted on."""
    width_mm: float
    """Its mean width there."""
    score_mm: float
    """Its mean interval score there."""

    def amplitude(self, doubt_mm: Floats, *, members: bool) -> Floats:
        """Of the random field, mm, where the local doubt is so large."""
        floor, slope = (self.floor_mm, self.per_doubt) if members else (self.floor_alone_mm, self.per_doubt_alone)
        return np.asarray(np.hypot(floor, slope * doubt_mm))

    def bias(self, *, members: bool) -> float:
        """What is taken off a sampled diameter, mm."""
        return self.bias_mm if members else self.bias_alone_mm

    @property
    def said(self) -> dict[str, Any]:
        """What an interval's parameters keep of it."""
        return {"fit": self.version, "fitted_on": self.fitted_on, "fitted_for": self.model}


def shipped() -> DoubtFit:
    """The constants of this program."""
    return parsed((files("services") / "presets" / SHIPPED).read_text(encoding="utf-8"))


def parsed(text: str) -> DoubtFit:
    """Constants as TOML says them. Raises InputRefused where one is missing, unknown, or of another kind."""
    said = tomllib.loads(text)
    known = {field.name: field.type for field in fields(DoubtFit)}
    wrong = sorted(set(said) ^ set(known)) or [
        name for name, kind in known.items() if isinstance(said[name], str) != (kind == "str")
    ]
    if wrong:
        raise InputRefused(
            "The constants of the diameter's intervals must be those that this program reads.",
            f"other ones: {', '.join(wrong)}.",
            "Fit them anew: secondlook evaluate --doubt --fit FILE.",
        )
    return DoubtFit(**said)


def write(path: Path, fit: DoubtFit) -> None:
    """Keep constants as TOML."""
    lines = ["# Written by `secondlook evaluate --doubt --fit`; what each means: docs/methods.md"]
    for field in fields(fit):
        value = getattr(fit, field.name)
        lines.append(f"{field.name} = {json.dumps(value) if isinstance(value, str) else repr(value)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

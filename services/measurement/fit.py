"""What intervals of the diameter were fitted to: a small versioned TOML, shipped, and written by a command.

secondlook evaluate --doubt --fit    fits anew on the calibration cohort
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from services.errors import InputRefused

if TYPE_CHECKING:
    from pathlib import Path

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
    """Amplitude where the model is sure: a of sqrt(a^2 + (b d)^2)."""
    per_doubt: float
    """b: amplitude per millimetre of local doubt d."""
    bias_mm: float
    """Mean of sampled less true diameter, which is taken off."""
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
            "Fit them anew: secondlook evaluate --doubt --fit.",
        )
    return DoubtFit(**said)


def write(path: Path, fit: DoubtFit) -> None:
    """Keep constants as TOML."""
    lines = ["# Written by `secondlook evaluate --doubt --fit`; what each means: docs/methods.md"]
    for field in fields(fit):
        value = getattr(fit, field.name)
        lines.append(f'{field.name} = "{value}"' if isinstance(value, str) else f"{field.name} = {value:g}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

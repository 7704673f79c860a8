"""The figures of single scans, a line of JSON each, appended as they come: an interrupted evaluation goes on."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from services.evaluation.held_out import Generator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.evaluation.held_out import HeldOut
    from services.evaluation.measures import Measured


@dataclass(frozen=True)
class Line:
    """The figures of one scan; None where undefined, with the reason."""

    name: str
    generator: Generator
    seed: int
    factors: tuple[str, ...]
    removed: str
    """The factor that was taken away, where the scan is the pair of another; ''."""
    figures: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def figure(self, measure: str) -> float:
        """One figure; nan where undefined."""
        value = self.figures[measure]
        return math.nan if value is None else value

    @property
    def identity(self) -> tuple[str, str, str]:
        """Which scan this is."""
        return self.generator, self.name, self.removed


def line_of(case: HeldOut, found: Mapping[str, Measured]) -> Line:
    """What was measured on one scan."""
    figures = {measure: None if math.isnan(one.value) else one.value for measure, one in found.items()}
    reasons = {measure: one.reason for measure, one in found.items() if one.reason}
    return Line(case.name, case.generator, case.plan.seed, case.factors, case.removed or "", figures, reasons)


def append(path: Path, line: Line) -> None:
    """Keep one more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(line), allow_nan=False) + "\n")


def kept(path: Path) -> list[Line]:
    """The lines so far. One that was cut off when the process ended is left out, and its scan is measured again."""
    if not path.is_file():
        return []
    whole, _, cut = path.read_text(encoding="utf-8").rpartition("\n")
    if cut:
        path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    return [_line(text) for text in whole.splitlines()]


def _line(text: str) -> Line:
    said = json.loads(text)
    return Line(**said | {"generator": Generator(said["generator"]), "factors": tuple(said["factors"])})

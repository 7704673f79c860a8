"""Median of runs, percentiles, and a results file that says when and on what it was measured."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
RUNS = 5


@dataclass(frozen=True)
class Figure:
    """One figure: the median of its runs beside what it is compared with."""

    name: str
    value: float
    unit: str
    runs: tuple[float, ...]
    wanted: str = ""
    """What it should be: 'at least 10 x' is a bar, 'aim: at most 6 ms' an aim."""
    holds: bool | None = None


def figure(
    name: str,
    runs: Sequence[float],
    unit: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    aim: bool = False,
) -> Figure:
    """The median of some runs, and whether it is what was wanted."""
    value = statistics.median(runs)
    kept = tuple(round(run, 4) for run in runs)
    limit = at_most if at_most is not None else at_least
    if limit is None:
        return Figure(name, round(value, 4), unit, kept)
    holds = value <= limit if at_most is not None else value >= limit
    wanted = f"{'aim: ' if aim else ''}{'at most' if at_most is not None else 'at least'} {limit:g} {unit}"
    return Figure(name, round(value, 4), unit, kept, wanted, holds)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all are at or below (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked) + 0.5) - 1))]


def report(name: str, figures: Sequence[Figure], facts: dict[str, object], *, command: str = "") -> None:
    """Print the figures and keep them in benchmarks/results/<name>.json."""
    for one in figures:
        verdict = "" if one.holds is None else "  holds" if one.holds else "  DOES NOT HOLD"
        print(f"{one.name:58} {one.value:>12,.4g} {one.unit:5} {one.wanted}{verdict}")
    machine = {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command or f"python -m benchmarks.{name}",
        "machine": machine,
        **facts,
        "figures": [asdict(one) for one in figures],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def table(results: dict[str, Any]) -> list[str]:
    """The figures of a results file as lines of a Markdown table, as README shows them."""
    return [
        f"| {one['name']} | {_rounded(one['value']):,g} {one['unit']} | {one['wanted'] or 'for comparison'} |"
        for one in results["figures"]
    ]


def _rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())

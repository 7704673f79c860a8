"""The evaluation of one model, from generated scans to a file of figures. Heavy: the command line runs it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.evaluation import bootstrap, lines, results, summary
from services.evaluation.held_out import VERSIONS, Generator
from services.evaluation.measures import PERCENTILE, Outline, compare
from services.evaluation.real_scan import look_at
from services.evaluation.results import Evaluation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.evaluation.held_out import HeldOut
    from services.evaluation.lines import Line
    from services.evaluation.real_scan import RealScan
    from services.evaluation.results import Look
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard

Predict = Callable[[NDArray[np.int16], NDArray[np.float64]], Outline]
"""HU [k, j, i] and the affine (k, j, i) to LPS mm, to what a model marks."""
VERSION = "1"
"""Of what is measured and how; figures of another version are not mixed with these."""
COUNTED = ("monai", "numpy", "openvino", "scipy", "torch")
"""Packages whose version the figures may hang on."""


def fingerprint_of(card: ModelCard, locator: ModelCard | None, inference: str) -> str:
    """Twelve letters that change with weights, coarse pass, way of inference, generators or what is measured."""
    weights = [[one.key, *(member.sha256 for member in one.members)] for one in (card, locator) if one]
    said = json.dumps([VERSION, VERSIONS, inference, weights], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def evaluate(cases: Sequence[HeldOut], predict: Predict, card: ModelCard, kept: Path, progress: Tell) -> list[Line]:
    """The figures of every case; those that `kept` already has are not measured again, each new one is appended."""
    there = {line.identity: line for line in lines.kept(kept)}
    found = []
    for number, case in enumerate(cases):
        progress("scans evaluated", number, len(cases))
        line = there.get((case.generator, case.name, case.removed or ""))
        if line is None:
            scan = case.generate()
            line = lines.line_of(case, compare(predict(scan.hounsfield, scan.affine), scan, card.classes))
            lines.append(kept, line)
        found.append(line)
    progress("scans evaluated", len(cases), len(cases))
    return found


def look_again(
    real: RealScan | None, predict: Predict, card: ModelCard, fingerprint: str, before: Sequence[Look]
) -> tuple[Look, ...]:
    """All looks at the real scan, one more if these weights have not looked yet."""
    if real is None or any(look.fingerprint == fingerprint for look in before):
        return tuple(before)
    return *before, look_at(real, predict(real.hounsfield, real.affine), card.classes, fingerprint)


def figures_of(
    card: ModelCard, fingerprint: str, found: Sequence[Line], looks: Sequence[Look], command: str
) -> Evaluation:
    """The tables of a model, with everything that says how they were made."""
    seeds = {column.value: _seeds(found, column) for column in Generator}
    return Evaluation(
        model=card.key,
        fingerprint=fingerprint,
        weights=tuple(member.sha256 for member in card.members),
        made=how_made(command),
        seeds=seeds | {"bootstrap": (summary.BOOTSTRAP_SEED,)},
        parameters={
            "version": VERSION,
            "generator versions": {column.value: number for column, number in VERSIONS.items()},
            "interval": f"{bootstrap.LEVEL:.0%} percentile bootstrap over persons, {bootstrap.RESAMPLES:,} resamples",
            "percentile of the surface distance": PERCENTILE,
        },
        strata=summary.strata_of(found),
        pairs=summary.pairs_of(found),
        looks=tuple(looks),
    )


def looks_before(path: Path) -> tuple[Look, ...]:
    """The looks at the real scan that the file of an earlier evaluation counts."""
    earlier = results.read(path)
    return earlier.looks if earlier else ()


def _seeds(found: Sequence[Line], column: Generator) -> tuple[int, ...]:
    return tuple(sorted({line.seed for line in found if line.generator is column}))


def how_made(command: str) -> dict[str, str]:
    """When and on what, in words; never a path or a name of a machine."""
    said = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "command": command}
    machine = {"processor": _processor(), "cores": str(os.cpu_count()), "python": platform.python_version()}
    return said | machine | {name: version(name) for name in COUNTED}


def _processor() -> str:
    """As the kernel names it, where it does."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())

"""What the robot's corrections come to: a document with clicks needed, failures, curves and collateral changes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from services.evaluation import bootstrap, robot
from services.evaluation.bootstrap import mean_with_interval
from services.evaluation.held_out import VERSIONS
from services.evaluation.robot import ARMS, MOST_CLICKS, OURS, Clicked, click_through
from services.evaluation.robot_slices import tasks
from services.evaluation.summary import BOOTSTRAP_SEED
from services.segmentation.promptable import correcting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.evaluation.robot_slices import Source
    from services.imaging.progress import Tell
    from services.segmentation.promptable.click_network import ClickModel

Document = dict[str, Any]
TARGETS = (0.85, 0.9, 0.95)
"""The last is ours: where the first clicks suffice for 0.9, ways of merging differ later."""
CURVE = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
"""Numbers of clicks at which Dice is published."""
VERSION = "1"
"""Of what is measured and how."""
CLAIM = "arXiv:2603.27625"
NOTE = "The real CTA's labels are a program's: agreement, not accuracy. One person: no interval."


class Line(NamedTuple):
    """One correction of one slice, as it is kept: a line of JSON."""

    group: str
    scan: str
    person: int
    slice_index: int
    start: str
    arm: str
    clicked: Clicked


def measure(chosen: Sequence[Source], model: ClickModel, kept: Path, progress: Tell) -> list[Line]:
    """Every slice of every scan by every arm. A scan that `kept` has whole is not clicked again; each is appended."""
    before = defaultdict(list)
    for line in _read(kept):
        before[line.group, line.scan].append(line)
    found: list[Line] = []
    for number, source in enumerate(chosen):
        progress("scans clicked through", number, len(chosen))
        there = before.get((source.group, source.name))
        if there is None:
            there = [
                Line(source.group, source.name, source.person, task.on.slice_index, task.start, arm.name, clicked)
                for task in tasks(source)
                for arm in ARMS
                for clicked in [click_through(task.on, task.mask, arm, model)]
            ]
            append(kept, there)
        found += there
    progress("scans clicked through", len(chosen), len(chosen))
    return found


def fingerprint_of(identity: Mapping[str, object], persons: int) -> str:
    """Twelve letters that change with weights, method, generators, robot or scans: other lines are not mixed."""
    said = [VERSION, VERSIONS, correcting.VERSION, robot.SEED, [asdict(arm) for arm in ARMS], dict(identity), persons]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def document(lines: Sequence[Line], identity: Mapping[str, object], command: str) -> Document:
    """All that is published, ready for JSON: for each group, start and arm its figures; differences from ours."""
    begun = dict.fromkeys((line.group, line.start) for line in lines)
    rows = [_row(lines, group, start, arm.name) for group, start in begun for arm in ARMS]
    return {
        "claim": CLAIM,
        "measured": datetime.now(UTC).date().isoformat(),
        "command": command,
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "packages": {name: version(name) for name in ("torch", "monai", "numpy", "scipy")},
        "model": dict(identity),
        "method": {"name": correcting.METHOD, "version": correcting.VERSION},
        "robot": {
            "seed": robot.SEED,
            "jitter_voxels": robot.JITTER_VOXELS,
            "most_clicks": MOST_CLICKS,
            "content_at_dice": robot.ENOUGH,
        },
        "arms": [asdict(arm) for arm in ARMS],
        "generator_versions": {group.value: number for group, number in VERSIONS.items()},
        "interval": f"{bootstrap.LEVEL:.0%} percentile bootstrap over persons, {bootstrap.RESAMPLES:,} resamples",
        "interval_seed": BOOTSTRAP_SEED,
        "note": NOTE,
        "rows": rows,
    }


def _row(lines: Sequence[Line], group: str, start: str, arm: str) -> Document:
    """The figures of one arm on the slices of one group, from one start."""
    here = _chosen(lines, group, start, arm)
    ours = {(line.scan, line.slice_index): line.clicked for line in _chosen(lines, group, start, OURS.name)}
    row: Document = {"group": group, "start": start, "arm": arm, "slices": len(here)}
    for target in TARGETS:
        percent = round(100 * target)
        needed = [line.clicked.clicks_to(target) for line in here]
        more = [
            one - ours[line.scan, line.slice_index].clicks_to(target) for one, line in zip(needed, here, strict=True)
        ]
        row[f"NoC@{percent}"], row[f"NoC@{percent} more than ours"] = _estimate(here, needed), _estimate(here, more)
        row[f"NoF@{percent}"] = sum(line.clicked.fails(target) for line in here)
    row["dice"] = {str(count): _estimate(here, [line.clicked.after(count) for line in here]) for count in CURVE}
    late = [line for line in here if len(line.clicked.changed) > correcting.GLOBAL_CLICKS]
    for name in ("changed", "collateral", "spoilt"):
        row[f"{name} a later click"] = _estimate(late, [_late(line, name) for line in late])
    taken = [one for line in here for one in line.clicked.milliseconds]
    row["ms a click"] = {name: _percentile(taken, at) for name, at in (("median", 50), ("p95", 95))}
    return row


def _percentile(taken: Sequence[float], at: float) -> float | None:
    """Of milliseconds; None where nothing was clicked."""
    return float(np.percentile(taken, at)) if taken else None


def _late(line: Line, name: str) -> float:
    """Mean over a slice's clicks after the first global ones."""
    return float(np.mean(getattr(line.clicked, name)[correcting.GLOBAL_CLICKS :]))


def _estimate(here: Sequence[Line], values: Sequence[float]) -> Document:
    """The mean of a value of each line, with its interval over persons."""
    persons = [line.person for line in here]
    return asdict(mean_with_interval(values, persons, np.random.default_rng(BOOTSTRAP_SEED)))


def _chosen(lines: Sequence[Line], group: str, start: str, arm: str) -> list[Line]:
    return [line for line in lines if (line.group, line.start, line.arm) == (group, start, arm)]


def append(path: Path, lines: Sequence[Line]) -> None:
    """Keep all corrections of one scan, as one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([[*line[:-1], asdict(line.clicked)] for line in lines])
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def _read(path: Path) -> list[Line]:
    """The scans so far, a line of the file each. One that was cut off is left out, and clicked through again."""
    if not path.is_file():
        return []
    whole, _, cut = path.read_text(encoding="utf-8").rpartition("\n")
    if cut:
        path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    return [_line(one) for text in whole.splitlines() for one in json.loads(text)]


def _line(kept: Sequence[Any]) -> Line:
    group, scan, person, index, start, arm, clicked = kept
    scores, changed, collateral, spoilt, taken = (tuple(values) for values in clicked.values())
    return Line(group, scan, person, index, start, arm, Clicked(scores, changed, collateral, spoilt, taken))

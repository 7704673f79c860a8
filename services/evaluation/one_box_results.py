"""From the runs of one box to a file and a table: medians, worst, slices that failed, and what it took."""

from __future__ import annotations

import hashlib
import json
import statistics
from typing import TYPE_CHECKING, Any

from services.evaluation import one_box, one_box_lines
from services.evaluation.evaluating import how_made
from services.evaluation.held_out import VERSIONS
from services.evaluation.one_box import FOLLOWED, PLAIN, InFolder, Remembering, measure, runs_of
from services.evaluation.one_box_scenes import REAL
from services.evaluation.real_scan import NOTE
from services.segmentation.promptable import outlining

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from services.evaluation.one_box import Outcome, Scene
    from services.imaging.progress import Tell
    from services.segmentation.promptable.prompts import Promptable

JITTERS, PHANTOM_JITTERS = 5, 2
ARMS = (FOLLOWED, *PLAIN)
HEADING = ("scans", "way", "starts", "3D Dice, median", "worst", "slices below 0.7", "answers a run")


def fingerprint_of(model: Promptable) -> str:
    """Twelve letters that change with the model, the way of following, or what is measured."""
    said = [one_box.VERSION, outlining.VERSION, outlining.WINDOWS_HU, model.identity, sorted(VERSIONS.values())]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def measure_scene(
    scene: Scene, model: Promptable, folder: Path, kept: Path, turn: tuple[int, int], progress: Tell
) -> None:
    """All runs on one scene that `kept` does not have; `turn`: which of how many processes this is."""
    which, of = turn
    remembering, embeddings = Remembering(model), InFolder(folder, scene.name)
    runs = list(runs_of(scene, JITTERS if scene.name == REAL else PHANTOM_JITTERS, ARMS))
    for number, run in enumerate(runs):
        progress(scene.name, number, len(runs))
        if number % of == which - 1 and run.key not in one_box_lines.kept(kept):
            one_box_lines.append(kept, measure(scene, run, remembering, embeddings))
    progress(scene.name, len(runs), len(runs))


def document(
    outcomes: Iterable[Outcome], windows: Sequence[Mapping[str, Any]], model: Promptable, command: str
) -> dict[str, Any]:
    """What is published: every run, the table, and how it was made."""
    runs = sorted(outcomes, key=lambda one: one.run.key)
    groups = dict.fromkeys((_group(one), one.run.arm) for one in runs)
    rows = [row(name, arm, [one for one in runs if (_group(one), one.run.arm) == (name, arm)]) for name, arm in groups]
    return {
        "made": how_made(command),
        "model": dict(model.identity),
        "method": {"name": outlining.METHOD, "version": outlining.VERSION, "members": 1},
        "windows_hu": [list(window) for window in outlining.WINDOWS_HU],
        "jitter": {"voxels": one_box.MOST_VOXELS, "part": one_box.MOST_PART, "boxes": JITTERS},
        "generator_versions": {column.value: number for column, number in VERSIONS.items()},
        "note": NOTE,
        "rows": sorted(rows, key=lambda one: (one["scans"] != REAL, one["scans"], ARMS.index(one["way"]))),
        "windows": list(windows),
        "runs": [_as_json(one) for one in runs],
    }


def row(scans: str, way: str, runs: Sequence[Outcome]) -> dict[str, Any]:
    """One line of the table."""
    found = [one.dice for one in runs]
    return {
        "scans": scans,
        "way": way,
        "starts": len(runs),
        "median": statistics.median(found),
        "worst": min(found),
        "low": statistics.fmean(one.low for one in runs),
        "asked": statistics.median(one.asked for one in runs),
        "seconds_an_answer": sum(one.seconds for one in runs) / max(sum(one.new for one in runs), 1),
    }


def table(published: Mapping[str, Any]) -> list[str]:
    """Markdown, as the README and the page show it."""
    lines = ["| " + " | ".join(HEADING) + " |", "|" + "---|" * len(HEADING)]
    cells = "| {scans} | {way} | {starts} | {median:.2f} | {worst:.2f} | {low:.0%} | {asked:.0f} |"
    return [*lines, *(cells.format(**one) for one in published["rows"])]


def windows_table(published: Mapping[str, Any]) -> list[str]:
    """Markdown, as the page shows it."""
    cells = "| {windows} | {boxes} | {median:.3f} | {mean:.3f} | {worst:.2f} |"
    heading = ["| windows | boxes | Dice of the slice, median | mean | worst |", "|---|---|---|---|---|"]
    return [*heading, *(cells.format(**one) for one in published["windows"])]


def _group(outcome: Outcome) -> str:
    """All phantoms of a generator are one line."""
    return outcome.run.scene.partition(":")[0]


def _as_json(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    said = {"scan": run.scene, "way": run.arm, "slice": run.index, "jitter": run.number}
    figures = {"dice": round(outcome.dice, 4), "low": round(outcome.low, 4)}
    return said | figures | {"asked": outcome.asked, "stops": list(outcome.stops)}

"""What came of a transfer trial: one document with every run, and the tables and verdicts that follow from it."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from services.segmentation.paired import COVERAGE, RESAMPLES, paired_difference
from services.segmentation.transfer_trial import ARMS, FDIF, MEAN, OUTER_WALL, SCRATCH, Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.segmentation.paired import Difference
    from services.segmentation.transfer_trial import Trial

Published = dict[str, Any]
"""A results document, as JSON keeps it."""
CLAIM = "arXiv:2603.23199"


class Verdict(StrEnum):
    """Whether a claim held here."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    NOT_TESTED = "not tested"


def verdict(differences: Sequence[Difference]) -> Verdict:
    """Reproduced: every interval lies above 0. Partly: at least one does, and none lies below 0."""
    if not differences:
        return Verdict.NOT_TESTED
    if all(one.is_gain for one in differences):
        return Verdict.REPRODUCED
    if any(one.is_gain for one in differences) and not any(one.is_loss for one in differences):
        return Verdict.PARTLY
    return Verdict.NOT_REPRODUCED


def document(
    trial: Trial, runs: Sequence[Run], pretraining: Sequence[Mapping[str, Any]], command: str
) -> dict[str, Any]:
    """All that is published of a trial, ready for JSON."""
    return {
        "claim": CLAIM,
        "measured": datetime.now(UTC).date().isoformat(),
        "command": command,
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "packages": {name: version(name) for name in ("torch", "monai", "numpy", "scipy")},
        "synthetic": True,
        "trial": asdict(trial),
        "score": MEAN,
        "interval": {"coverage": COVERAGE, "resamples": RESAMPLES, "method": "crossed bootstrap of seeds and cases"},
        "pretraining": list(pretraining),
        "runs": [asdict(one) for one in runs],
    }


def runs_of(published: Mapping[str, Any]) -> list[Run]:
    """The runs of a published document."""
    return [Run(**one) for one in published["runs"]]


def scores(runs: Sequence[Run], arm: str, size: int, what: str = MEAN) -> np.ndarray:
    """Dice of one arm with `size` labelled cases: (seed, test case)."""
    chosen = sorted((one for one in runs if (one.arm, one.size) == (arm, size)), key=lambda one: one.seed)
    return np.array([one.dice[what] for one in chosen])


def gains(runs: Sequence[Run], better: str, worse: str, what: str = MEAN) -> dict[int, Difference]:
    """By number of labelled cases: the difference of two arms, where both were run."""
    sizes = sorted({one.size for one in runs if one.arm == better} & {one.size for one in runs if one.arm == worse})
    return {
        size: paired_difference(scores(runs, better, size, what), scores(runs, worse, size, what)) for size in sizes
    }


def tables(runs: Sequence[Run]) -> list[str]:
    """Every row of the tables in docs/claims.md, as Markdown."""
    rows = [_mean_row(runs, arm, what) for what in (MEAN, OUTER_WALL) for arm in ARMS]
    rows += [_gain_row(runs, FDIF, SCRATCH, what) for what in (MEAN, "lumen", "thrombus", OUTER_WALL)]
    return rows + [_gain_row(runs, FDIF, arm, MEAN) for arm in ARMS if arm not in (FDIF, SCRATCH)]


def _sizes(runs: Sequence[Run]) -> list[int]:
    return sorted({one.size for one in runs})


def _mean_row(runs: Sequence[Run], arm: str, what: str) -> str:
    """Mean Dice of an arm at every size; a dash where it was not run."""
    held = {size: scores(runs, arm, size, what) for size in _sizes(runs)}
    cells = [f"{values.mean():.3f}" if values.size else "\N{EN DASH}" for values in held.values()]
    return f"| {arm} | {what} | {' | '.join(cells)} |"


def _gain_row(runs: Sequence[Run], better: str, worse: str, what: str) -> str:
    found = gains(runs, better, worse, what)
    cells = [as_words(found[size]) if size in found else "\N{EN DASH}" for size in _sizes(runs)]
    return f"| {better} \N{MINUS SIGN} {worse} | {what} | {' | '.join(cells)} |"


def as_words(difference: Difference) -> str:
    """A difference as tables write it: mean, and its interval in brackets."""
    mean, low, high = (f"{value:+.3f}".replace("-", "\N{MINUS SIGN}") for value in vars(difference).values())
    return f"{mean} ({low} to {high})"

"""What came of a transfer trial: one document with every run, and what follows from it about a claim."""

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
from services.segmentation.transfer_trial import MEAN, Run

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
    """Reproduced: every interval lies above 0. Partly: at least one does, none below. Not tested: one is missing."""
    if not all(one.is_known for one in differences) or not differences:
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
        "runs": [asdict(one) for one in whole_seeds(trial, runs)],
    }


def runs_of(published: Mapping[str, Any]) -> list[Run]:
    """The runs of a published document."""
    return [Run(**one) for one in published["runs"]]


def whole_seeds(trial: Trial, runs: Sequence[Run]) -> list[Run]:
    """The runs of those seeds of which every run is done, in the trial's order: arms are compared on equal seeds."""
    done = {(one.seed, one.arm, one.size): one for one in runs}
    whole = [seed for seed in range(trial.seeds) if all(key in done for key in trial.wanted if key[0] == seed)]
    return [done[key] for key in trial.wanted if key[0] in whole]


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


def gain_of_gains(runs: Sequence[Run], better: str, worse: str, what: str = MEAN) -> Difference | None:
    """By how much the gain with the fewest labelled cases exceeds that with the most; None without two sizes."""
    sizes = sorted(gains(runs, better, worse, what))
    if len(sizes) < 2:
        return None
    few, many = (scores(runs, better, size, what) - scores(runs, worse, size, what) for size in (sizes[0], sizes[-1]))
    return paired_difference(few, many)

"""Writes services/presets/training_statistics.toml: what scans look like that the shipped networks learnt from.

python -m scripts.training_statistics --scans 48    (some seconds a scan)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from services.phantom.anatomy import generate
from services.phantom.structures import INSIDE_THE_WALL
from services.segmentation.training_set import TRAINING_SEED, training_plan
from services.uncertainty.distance import NAMES, SHIPPED, STEP_MM, VERSION, statistics_of

TARGET = Path(__file__).parents[1] / "services" / "presets" / SHIPPED


def main(scans: Annotated[int, typer.Option(min=12, max=320)] = 48) -> None:
    """Generate the first training scans again, and write mean and covariance of their statistics."""
    rows = []
    for number in range(scans):
        made = generate(training_plan(TRAINING_SEED, number, STEP_MM))
        found = statistics_of(made.hounsfield, np.isin(made.labels, INSIDE_THE_WALL), (STEP_MM,) * 3)
        if found is not None:
            rows.append(found)
        print(f"{number + 1} of {scans}", flush=True)
    TARGET.write_text("\n".join(written(np.array(rows))) + "\n", encoding="utf-8")


def written(rows: np.ndarray) -> list[str]:
    """The lines of the file, of statistics (scan, 6)."""
    covariance = [f"  [{_numbers(row)}]," for row in np.cov(rows, rowvar=False)]
    return [
        "# Image statistics of the first scans that the shipped ensemble learnt from (SYNTHETIC, nobody's).",
        "# Written by `python -m scripts.training_statistics`; used by services/uncertainty/distance.py.",
        f'version = "{VERSION}"',
        f"scans = {len(rows)}",
        f"first_seed = {TRAINING_SEED}",
        f"names = [{', '.join(repr(name) for name in NAMES)}]",
        f"mean = [{_numbers(rows.mean(axis=0))}]",
        "covariance = [",
        *covariance,
        "]",
    ]


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


if __name__ == "__main__":
    typer.run(main)

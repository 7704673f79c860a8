"""Measures how far the simulated readers differ beside what is published; docs/results/readers.json, docs/phantoms.md.

python -m scripts.reader_cohorts --cases 24
python -m scripts.reader_cohorts --page          writes the page again from the file, and measures nothing

SYNTHETIC readers. A case that is in the file already is not measured again, so that a run can be ended and gone on
with. Beside them real readers: the nodules of `lidc_four_readers`, where SECONDLOOK_REAL_DATA has them.
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services import labels
from services.drawings import dice
from services.evaluation.bootstrap import mean_with_interval
from services.measurement.measure import METHOD, VERSION, measure
from services.measurement.names import Name
from services.phantom.anatomy import generate
from services.phantom.cohort import demo_cases
from services.phantom.readers import draw_readers
from services.phantom.simulated_readers import COHORTS, READERS_VERSION
from services.phantom.writing import GENERATOR, GENERATOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.phantom.anatomy import Phantom

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "docs" / "results" / "readers.json", ROOT / "docs" / "phantoms.md"
BEGIN, END = "<!-- from docs/results/readers.json; do not edit -->", "<!-- end of readers -->"
APART_MM = 5.0
BOOTSTRAP_SEED = 26
NONE = "\N{EN DASH}"


def main() -> None:
    """Measure what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=24, help="of the demonstration's cohort")
    parser.add_argument("--page", action="store_true", help="only write the table again")
    wanted = parser.parse_args()
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if wanted.page and not found:
        parser.error("nothing was measured yet: begin without --page")
    if not wanted.page:
        found = measured(found, wanted.cases)
    PAGE.write_text(quoted(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


def measured(found: dict[str, Any], count: int) -> dict[str, Any]:
    """The results with the first `count` cases in them, written after each."""
    made = {
        "readers": READERS_VERSION,
        "generator": f"{GENERATOR} {GENERATOR_VERSION}",
        "measurement": f"{METHOD} {VERSION}",
    }
    if found.get("made") != made:
        found = {"synthetic": True, "command": "python -m scripts.reader_cohorts", "made": made, "cases": {}}
    found["real"] = real_readers() or found.get("real")
    for case in demo_cases(count):
        if case.folder not in found["cases"]:
            found["cases"][case.folder] = of_case(generate(case.plan))
            RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(case.folder, found["cases"][case.folder], flush=True)
    return found


def of_case(phantom: Phantom) -> dict[str, Any]:
    """Of every cohort the diameters of the four readers in mm (null with its reason), and Dice of all pairs."""
    return {name: _of_readers([one.labels for one in draw_readers(phantom, cohort)], phantom)
            for name, cohort in COHORTS.items()}  # fmt: skip


def _of_readers(drawn: Sequence[np.ndarray], phantom: Phantom) -> dict[str, Any]:
    pairs = [dice(one > 0, other > 0) for one, other in combinations(drawn, 2)]
    diameters: list[float | None] = []
    reasons: list[str] = []
    for mask in drawn:
        found = measure(mask, phantom.plan.grid.affine, labels.DEFAULT)[Name.ORTHOGONAL]
        diameters.append(None if found.value is None else round(found.value, 2))
        reasons.append(found.reason)
    return {"dice": [round(value, 4) for value in pairs if value is not None], "diameters_mm": diameters,
            "reasons": [reason for reason in reasons if reason]}  # fmt: skip


def real_readers() -> dict[str, Any] | None:
    """Mean pairwise Dice of the real nodules, or None where they are not."""
    path = Path(os.environ.get("SECONDLOOK_REAL_DATA", "")) / "lidc_four_readers" / "lidc_4rater_masks.npz"
    if not path.is_file():
        return None
    with np.load(path) as masks:
        pairs = [dice(a > 0, b > 0) for key in masks for a, b in combinations(masks[key], 2)]
        shared = float(np.mean([value for value in pairs if value is not None]))
        return {"what": "LIDC-IDRI, four radiologists", "nodules": len(masks.files), "dice": shared}


def table(found: dict[str, Any]) -> list[str]:
    """Lines of Markdown: the cohorts, and what they are compared with."""
    lines = [
        "| readers | scans | Dice of two, mean | largest diameter of two differs by, mean (SD) | by 5 mm or more |",
        "|---|---|---|---|---|",
    ]
    cases = found["cases"]
    for name in COHORTS:
        shared = np.mean([value for case in cases.values() for value in case[name]["dice"]])
        lines.append(f"| simulated, {name} | {len(cases)} | {shared:.2f} | {_differences(cases, name)} |")
    if found.get("real"):
        real = found["real"]
        lines.append(f"| real: {real['what']} | {real['nodules']} nodules | {real['dice']:.2f} | {NONE} | {NONE} |")
    lines.append(f"| published, by protocol (Cayne 2004) | 25, eight observers | {NONE} | 2.8 (4.4) mm | {NONE} |")
    lines.append(f"| published, local and central (Lederle 1995) | 806 pairs | {NONE} | {NONE} | 17% |")
    return lines


def _differences(cases: Mapping[str, dict[str, Any]], name: str) -> str:
    """Mean, standard deviation and share of the differences of two readers; persons are resampled for the interval."""
    persons = {case.folder: case.plan.seed for case in demo_cases(len(cases))}
    apart = [
        (abs(one - other), persons[folder])
        for folder, case in cases.items()
        for one, other in combinations(case[name]["diameters_mm"], 2)
        if one is not None and other is not None
    ]
    if not apart:
        return f"{NONE} | {NONE}"
    values = np.array([value for value, _ in apart])
    found = mean_with_interval(values.tolist(), [person for _, person in apart], np.random.default_rng(BOOTSTRAP_SEED))
    interval = "" if found.lower is None else f", 95% {found.lower:.1f} to {found.upper:.1f}"
    share = np.mean(values >= APART_MM)
    return f"{values.mean():.1f} ({values.std(ddof=1):.1f}) mm{interval}, {len(apart)} pairs | {share:.0%}"


def quoted(text: str, found: dict[str, Any]) -> str:
    """A page with the table between its marks brought up to date; the same page without marks."""
    before, mark, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = found["made"]
    said = (
        f"Measured by `{found['command']}`: readers version {made['readers']}, generator {made['generator']},"
        f"\ndiameters by {made['measurement']}. Intervals: percentile bootstrap over persons, seed {BOOTSTRAP_SEED}."
    )
    return "\n".join([before + mark, *table(found), "", said, END]) + after if mark else text


if __name__ == "__main__":
    main()

"""What `secondlook evaluate --failures` does: aggregated scores on held-out scans. See cli_evaluate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from services import terminal
from services.cli_evaluate_uncertainty import FOLDER as ANSWERS
from services.errors import NotFound
from services.segmentation import installed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "failures"
"""Below evaluations/: the scores of every scan. What the ensemble said lies where --uncertainty keeps it."""


def evaluate_failures(
    home: Path, persons: int, turns: tuple[int, int], out: Path | None, real_data: Path | None, *, as_json: bool
) -> None:
    """Ask about what is not kept yet, score it, keep all figures, and print the tables."""
    from services.evaluation import failures_lines, failures_results, failures_tables  # noqa: PLC0415 -- OpenVINO
    from services.evaluation.failures_scoring import scores_of_scan, versions  # noqa: PLC0415
    from services.evaluation.held_out import held_out  # noqa: PLC0415
    from services.evaluation.real_scan import read_scan  # noqa: PLC0415
    from services.evaluation.uncertainty_asking import Networks  # noqa: PLC0415
    from services.evaluation.uncertainty_ways import Part  # noqa: PLC0415
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415

    card = installed.shipped(installed.AORTA)
    if card is None:
        raise NotFound(
            "The shipped ensemble must be here.", "none.", "Train it: secondlook train. See docs/commands.md."
        )
    networks = Networks({Part.A: card}, installed.shipped(installed.LOCATOR), KeptNetworks())
    answers = home / "evaluations" / ANSWERS
    with terminal.progress() as progress:
        lines = failures_lines.evaluate(
            held_out(persons, pairs=False), networks, scores_of_scan, versions(),
            folder=home / "evaluations" / FOLDER, answers=answers, turns=turns, progress=progress,
        )  # fmt: skip
        scan = read_scan(real_data) if real_data else None
        real = failures_lines.of_real_scan(scan, networks, scores_of_scan, answers) if scan else {}
    command = f"secondlook evaluate --failures --persons {persons}"
    published = failures_results.document(lines, networks, versions(), real, command)
    _write(out or home / "evaluations" / "failures.json", published)
    terminal.show(published, failures_tables.page(published), as_json=as_json)


def _write(target: Path, published: Mapping[str, object]) -> None:
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)

"""What `secondlook evaluate --clicks` does: a robot corrects slices by clicks. See cli_evaluate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from services import terminal

if TYPE_CHECKING:
    from pathlib import Path


def evaluate_clicks(home: Path, persons: int, out: Path | None, real_data: Path | None, *, as_json: bool) -> None:
    """Click through slices of held-out scans and of the real one, keep the figures, and print them as a table."""
    from services.evaluation import real_scan, robot_results, robot_tables  # noqa: PLC0415 -- generating loads scipy
    from services.evaluation.robot_slices import sources  # noqa: PLC0415
    from services.segmentation.promptable.click_network import load_click_model  # noqa: PLC0415 -- loads torch

    model = load_click_model()
    fingerprint = robot_results.fingerprint_of(model.identity, persons)
    folder = home / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = list(sources(persons, real_scan.read_scan(real_data) if real_data else None))
    with terminal.progress() as progress:
        lines = robot_results.measure(chosen, model, folder / f"clicks-{fingerprint}.jsonl", progress)
    published = robot_results.document(lines, model.identity, f"secondlook evaluate --clicks --persons {persons}")
    target = out or folder / "clicks.json"
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)
    terminal.show(published, robot_tables.table(published), as_json=as_json)

"""What `secondlook evaluate --one-box` does: a vessel followed from one box, from many starts. See cli_evaluate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from services import terminal
from services.errors import InputRefused

if TYPE_CHECKING:
    from pathlib import Path


def evaluate_one_box(
    home: Path, persons: int, turn: str, out: Path | None, real_data: Path | None, *, as_json: bool
) -> None:
    """Follow from every start that has no figures yet, keep all figures so far, and print them as a table."""
    from services.evaluation import one_box_lines, one_box_results, one_box_windows, real_scan  # noqa: PLC0415 -- loads scipy
    from services.evaluation.one_box_scenes import phantom_scenes, real_scene  # noqa: PLC0415
    from services.segmentation.promptable.card import LITE_MEDSAM  # noqa: PLC0415
    from services.segmentation.promptable.loading import load  # noqa: PLC0415 -- loads torch

    turns = turns_of(turn)
    model = load(LITE_MEDSAM, threads=1 if turn else 0)
    folder = home / "evaluations"
    kept = folder / f"one_box-{one_box_results.fingerprint_of(model)}.jsonl"
    with terminal.progress() as progress:
        real = real_scan.read_scan(real_data) if real_data else None
        if real is not None:
            one_box_results.measure_scene(real_scene(real), model, folder / "embeddings", kept, turns, progress)
        windows = one_box_windows.table(real_scene(real), model) if real and not turn else []
        for scene in phantom_scenes(persons):
            one_box_results.measure_scene(scene, model, folder / "embeddings", kept, turns, progress)
    command = f"secondlook evaluate --one-box --persons {persons}"
    published = one_box_results.document(one_box_lines.kept(kept).values(), windows, model, command)
    target = out or folder / "one_box.json"
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)
    terminal.show(published, one_box_results.table(published), as_json=as_json)


def turns_of(turn: str) -> tuple[int, int]:
    """'1/2', the first of two processes, as (1, 2); (1, 1) of ''. Raises InputRefused."""
    which, _, of = (turn or "1/1").partition("/")
    if not (which.isdigit() and of.isdigit() and 1 <= int(which) <= int(of)):
        raise InputRefused("A turn must be which process of how many.", "another form.", "Say 1/2 and 2/2.")
    return int(which), int(of)

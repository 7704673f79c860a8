"""What `secondlook evaluate --uncertainty` does: every way to a map of doubt on held-out scans. See cli_evaluate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from services import terminal
from services.errors import NotFound
from services.segmentation import installed

if TYPE_CHECKING:
    from pathlib import Path

    from services.evaluation.uncertainty_ways import Part
    from services.segmentation.card import ModelCard

FOLDER = "uncertainty"
"""Below evaluations/: what every scan was asked, and its figures."""


def evaluate_uncertainty(
    home: Path, persons: int, controls: Path | None, turns: tuple[int, int], out: Path | None, *, as_json: bool
) -> None:
    """Ask about what is not kept yet, judge it, keep all figures, and print the tables."""
    from services.evaluation import uncertainty_lines, uncertainty_results, uncertainty_tables  # noqa: PLC0415 -- OpenVINO
    from services.evaluation.held_out import held_out  # noqa: PLC0415
    from services.evaluation.uncertainty_asking import Networks  # noqa: PLC0415
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415

    networks = Networks(cards_of(controls), installed.shipped(installed.LOCATOR), KeptNetworks())
    cases = held_out(persons, pairs=False)
    with terminal.progress() as progress:
        lines = uncertainty_lines.evaluate(cases, networks, home / "evaluations" / FOLDER, turns, progress)
    command = f"secondlook evaluate --uncertainty --persons {persons}{' --controls FOLDER' if controls else ''}"
    published = uncertainty_results.document(lines, networks, command)
    target = out or home / "evaluations" / "uncertainty.json"
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)
    terminal.show(published, uncertainty_tables.page(published), as_json=as_json)


def cards_of(controls: Path | None) -> dict[Part, ModelCard]:
    """Who is asked: what was shipped, and what lies in a folder of controls as `secondlook train soft` leaves it there.

    Raises NotFound without the shipped ensemble, without networks that learnt from readers, or where the folder has
    none of either.
    """
    from services.evaluation.uncertainty_ways import Part  # noqa: PLC0415 -- loads scipy

    by_folder = {
        installed.AORTA: (Part.A, Part.AUGMENTATION),
        installed.SOFT: (Part.B,),
        installed.LIGHT: (Part.LIGHT, Part.DROPOUT),
        "aorta_exact": (Part.EXACT,),
        "aorta_first_reader": (Part.FIRST,),
        "aorta_majority": (Part.MAJORITY,),
    }
    found = {folder: card for folder in by_folder if (card := installed.shipped(folder))}
    if controls is not None:
        lying = _lying(controls, by_folder)
        found = lying | found
    for folder, what in ((installed.AORTA, "shipped ensemble"), (installed.SOFT, "networks that learnt from readers")):
        if folder not in found:
            raise NotFound(f"The {what} must be here.", "none.", "Train it: secondlook train. See docs/commands.md.")
    return {part: found[folder] for folder, parts in by_folder.items() if folder in found for part in parts}


def _lying(controls: Path, known: dict[str, tuple[Part, ...]]) -> dict[str, ModelCard]:
    """Cards of a folder of controls, checked down to their files, by the names of the folders that they lie in."""
    from services.segmentation.card import CARD, read_card  # noqa: PLC0415 -- reads the files

    found = {path.parent.name: path for path in sorted(controls.rglob(CARD)) if path.parent.name in known}
    if not found:
        raise NotFound("A folder of controls must hold trained networks.", "none.", "See `secondlook train soft`.")
    return {name: read_card(path) for name, path in found.items()}

"""What `secondlook evaluate --doubt` does: intervals of the diameter beside the exact truth. See cli_evaluate."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from services import terminal
from services.errors import NotFound
from services.imaging.progress import silent
from services.segmentation import registry

if TYPE_CHECKING:
    from pathlib import Path

AORTA, LOCATOR = "aorta", "locator"


def evaluate_doubt(home: Path, persons: int, fit_file: Path | None, out: Path | None, *, as_json: bool) -> None:
    """Predict and measure what is not kept yet, fit the constants if wanted, and print the tables."""
    from services.evaluation import doubt_fitting, doubt_results, doubt_tables, evaluating  # noqa: PLC0415 -- scipy
    from services.evaluation.doubt_evidence import SEED  # noqa: PLC0415
    from services.measurement import fit as fits  # noqa: PLC0415
    from services.segmentation import inference  # noqa: PLC0415 -- loads OpenVINO
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415

    by_folder = {card.folder.name: card for card in registry.shipped()}
    if AORTA not in by_folder:
        raise NotFound("The shipped ensemble must be here.", "none.", "Train it: secondlook train aorta FOLDER.")
    card, locator = by_folder[AORTA], by_folder.get(LOCATOR)
    predict = partial(inference.predict, card=card, locator=locator, progress=silent, engines=KeptNetworks())
    folder = home / "evaluations" / f"doubt-{evaluating.fingerprint_of(card, locator, inference.VERSION)}"
    with terminal.progress() as progress:
        gathered = doubt_results.gather_all(doubt_results.cohorts(persons), predict, card, folder, progress)
        fit = doubt_fitting.fit_to(gathered, card.key, SEED, progress) if fit_file else fits.shipped()
        found = doubt_results.scored(gathered, fit, progress)
    if fit_file:
        fits.write(fit_file, fit)
    command = f"secondlook evaluate --doubt --persons {persons}"
    published = doubt_results.document(gathered, found, fit, card, command)
    target = out or home / "evaluations" / "doubt.json"
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)
    said = [
        doubt_tables.fitted(published),
        "",
        *doubt_tables.table(published),
        "",
        *doubt_tables.strata_table(published),
    ]
    terminal.show(published, said, as_json=as_json)

"""Writes services/presets/meta_aggregators.json: the meta-aggregators that are shipped.

python -m scripts.meta_fit FOLDER --scans 220    (half a minute a scan; goes on where it stopped)

FOLDER keeps what the shipped ensemble says of each generated scan, and scores.jsonl with all scores, a scan a line.
"""

from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003 -- typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from services.aggregation import meta_fits
from services.aggregation.common_grid import SPACING_MM, on_common_grid
from services.aggregation.fitted_scans import FIRST_SEED, Kept, kept_map
from services.aggregation.meta_fitting import fit_all
from services.aggregation.of_case import of_maps
from services.aggregation.scores import volume_of
from services.phantom.writing import GENERATOR_VERSION
from services.segmentation import installed
from services.segmentation.engine import KeptNetworks
from services.segmentation.inference import predict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.segmentation.inference import Prediction

VERSION = "shipped-1"
"""With the number of scans behind it."""


def main(
    folder: Path,
    scans: Annotated[int, typer.Option(min=1)] = 220,
    only_there: Annotated[bool, typer.Option(help="Fit on the scans that FOLDER has, and ask for none.")] = False,
) -> None:
    """Ask the shipped ensemble about the scans that are not yet in FOLDER, then fit."""
    card = installed.shipped(installed.AORTA)
    if card is None:
        raise SystemExit("The shipped ensemble must be installed. Found: none. Install Second Look whole.")
    locator, engines = installed.locator_of(card), KeptNetworks()

    def asked(scan: NDArray[np.int16], affine: NDArray[np.float64]) -> Prediction:
        return predict(scan, affine, card, locator=locator, engines=engines)

    cases: dict[int, dict[str, float | None]] = {}
    for number in range(scans):
        if only_there and not (folder / f"{FIRST_SEED + number}.npz").is_file():
            continue
        cases[FIRST_SEED + number] = _scores(kept_map(number, folder, asked))
        print(f"{number + 1} of {scans}", flush=True)
    _write(folder, cases, card.key)


def _scores(kept: Kept) -> dict[str, float | None]:
    grid = on_common_grid(kept.maps, kept.mask, kept.region, kept.image, SPACING_MM)
    found = [*of_maps(grid, None), volume_of(kept.mask, SPACING_MM)]
    return {one.key: None if math.isnan(one.value) else one.value for one in found}


def _write(folder: Path, cases: dict[int, dict[str, float | None]], model: str) -> None:
    lines = (json.dumps({"seed": seed, "scores": scores}) for seed, scores in cases.items())
    (folder / "scores.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    defined = [{key: value for key, value in case.items() if value is not None} for case in cases.values()]
    about = {
        "on": "generated scans of the training family (SYNTHETIC), with seeds that no network learnt from",
        "scans": len(cases),
        "first_seed": FIRST_SEED,
        "generator": GENERATOR_VERSION,
        "model": model,
    }
    fits = fit_all(defined, f"{VERSION}, {len(cases)} scans", about)
    meta_fits.place_of_shipped().write_text(fits.written(), encoding="utf-8")
    for key, one in fits.fitted.items():
        count = len(one.mixtures[0].weights)
        print(f"{key}: {len(one.features)} features, {len(one.mixtures)} mixtures of {count} Gaussians")


if __name__ == "__main__":
    typer.run(main)

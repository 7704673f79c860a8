"""Maps of generated scans that the shipped meta-aggregator is fitted on: training's family, with seeds of their own.

What the shipped ensemble says of a scan is kept on the disk, so that what was interrupted goes on where it stopped, and
so that scores can be computed anew. A scan takes half a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from db.records import Region
from services.phantom.anatomy import generate
from services.segmentation.training_set import training_plan
from services.uncertainty.names import Measure, largest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from db.records import Index3
    from services.segmentation.inference import Prediction

    Predicting = Callable[[NDArray[np.int16], NDArray[np.float64]], Prediction]

FIRST_SEED = 950_001
"""Of these scans; training's begin at 600,001 and 700,001, those of cohorts to measure on at 900,001 and below."""
STEP_MM = 2.0
"""Voxels of these scans: those that the shipped networks work on."""
STEPS = 65_535
"""A map is kept in so many steps of its largest value."""


@dataclass(frozen=True)
class Kept:
    """What the model says of one scan, on a box of it."""

    maps: dict[Measure, NDArray[np.float32]]
    """(k, j, i) each, entropy / ln K, in [0, 1]."""
    mask: NDArray[np.uint8]
    """Predicted classes."""
    region: Region
    """The box."""
    image: Index3
    """Shape of the whole scan."""


def kept_map(number: int, folder: Path, predict: Predicting) -> Kept:
    """What the model says of scan `number`: from `folder`, else asked for now and kept there."""
    path = folder / f"{FIRST_SEED + number}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".unfinished.npz")
        np.savez_compressed(draft, **_asked(number, predict))
        draft.replace(path)
    with np.load(path) as kept:
        maps = {
            measure: kept[_name(measure)].astype(np.float32) / STEPS for measure in Measure if _name(measure) in kept
        }
        mask, image = kept["mask"], tuple(kept["image"].tolist())
        return Kept(maps, mask, Region(tuple(kept["origin"].tolist()), mask.shape), image)


def _asked(number: int, predict: Predicting) -> dict[str, Any]:
    plan = training_plan(FIRST_SEED, number, STEP_MM)
    scan = generate(plan).hounsfield
    found = predict(scan, plan.grid.affine)
    said = {Measure.PREDICTIVE: found.predictive_entropy, Measure.MUTUAL: found.mutual_information}
    most = largest(Measure.PREDICTIVE, len(found.probability))
    steps = {
        _name(measure): np.rint(np.clip(values / most, 0, 1) * STEPS).astype(np.uint16)
        for measure, values in said.items()
        if values is not None
    }
    return {**steps, "mask": found.mask, "origin": found.region.origin, "image": scan.shape}


def _name(measure: Measure) -> str:
    return measure.value.replace(" ", "_")

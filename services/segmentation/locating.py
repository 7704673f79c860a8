"""The coarse pass: where the aorta is, so that the ensemble need not look at the whole scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from db.records import Region
from services.segmentation.ensemble import infer, windows_over
from services.volume import bounding_region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engines
    from services.segmentation.grids import Scan

MARGIN_MM = 24.0
"""The ensemble looks at this much around what the locator found."""
LEAST_ML = 4.0
"""Less than this is no aorta: a tube of 2 cm is longer than 1.2 cm. Then the whole body is looked at."""
PART_OF_LARGEST = 0.1
"""Pieces smaller than this part of the largest one are dropped; a calcified or dissected aorta may fall in pieces."""
FEW_WINDOWS = 2
"""A body that each member sees whole through so many windows is not searched first: little would be saved, and the
locator, which learnt from whole bodies, may be lost in a piece of one."""
BODY_HU = -300.0
BODY_STEP_MM = 4.0
BODY_SHARE = 0.005
"""A plane belongs to the body where this share of it is denser than BODY_HU: noise and wires are not."""


@dataclass(frozen=True)
class Located:
    """A box of a scan, and how it was chosen."""

    region: Region
    found: dict[str, Any]


def locate(scan: Scan, card: ModelCard, locator: ModelCard | None, *, engines: Engines, tell: Tell) -> Located:
    """The box around what the locator takes for the aorta; all without locator.

    The body where few windows of the card cover it, or where the locator finds too little.
    """
    if locator is None:
        return Located(scan.whole, {"locator": None, "region": "the whole image, since no locator was given"})
    body = body_of(scan)
    if len(windows_over(scan, card, body).corners) <= FEW_WINDOWS:
        why = f"the whole body, which {FEW_WINDOWS} windows cover"
        return Located(body, {"locator": None, "region": why})
    coarse = infer(scan, locator, body, engines=engines, tell=tell, task="finding the aorta")
    pieces = _large_pieces(coarse.uncertainty.mean.argmax(axis=0) > 0)
    found_ml = float(np.count_nonzero(pieces) * np.prod(locator.spacing_mm) / 1000)
    found = {"locator": locator.key, "found_ml": round(found_ml, 1), "windows_of_locator": coarse.windows}
    box = bounding_region(pieces)
    if box is None or found_ml < LEAST_ML:
        why = f"the whole body, since the locator found {found_ml:.1f} ml, less than {LEAST_ML:g}"
        return Located(body, {**found, "region": why})
    origin = np.add(box.origin, coarse.box.origin)
    placed = Region((int(origin[0]), int(origin[1]), int(origin[2])), box.shape)
    around = f"what the locator found and {MARGIN_MM:g} mm around it"
    return Located(coarse.grid.region_of(placed, MARGIN_MM), {**found, "region": around})


def body_of(scan: Scan) -> Region:
    """The box of a scan without the air around the body; all of it where there is nothing but air."""
    steps = [max(1, round(BODY_STEP_MM / spacing)) for spacing in scan.spacing_mm]
    tissue = scan.hounsfield[:: steps[0], :: steps[1], :: steps[2]] > BODY_HU
    bounds = []
    for axis, (step, size) in enumerate(zip(steps, scan.hounsfield.shape, strict=True)):
        share = tissue.mean(axis=tuple(other for other in range(3) if other != axis))
        planes = np.flatnonzero(share > BODY_SHARE)
        if planes.size == 0:
            return scan.whole
        bounds.append((max(0, int(planes[0] - 1) * step), min(size, int(planes[-1] + 2) * step)))
    (k, k_end), (j, j_end), (i, i_end) = bounds
    return Region((k, j, i), (k_end - k, j_end - j, i_end - i))


def _large_pieces(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Connected pieces (26 neighbours) that are not much smaller than the largest."""
    labels, count = cc3d.connected_components(mask, return_N=True)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray((sizes >= PART_OF_LARGEST * sizes.max())[labels] & mask)

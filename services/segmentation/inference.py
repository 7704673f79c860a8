"""From a scan and an ensemble to probabilities, doubt and a mask on the scan's own voxels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from services.imaging.progress import silent
from services.segmentation.engine import KeptNetworks
from services.segmentation.ensemble import infer
from services.segmentation.grids import Scan
from services.segmentation.locating import locate
from services.segmentation.member_walls import MemberWalls
from services.segmentation.posture import Posture
from services.segmentation.windows import OVERLAP, SIGMA
from services.uncertainty.decomposition import ONE_MEMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from db.records import Region
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engines
    from services.segmentation.ensemble import OnGrid
    from services.segmentation.locating import Located

VERSION = "2"
"""Of this way from a scan to maps; stored with every map."""
AXES = "slices upwards, rows backwards, columns to the patient's left; turned and mirrored to this where they are not"


@dataclass(frozen=True)
class Prediction:
    """What an ensemble says about a scan, on a box of its own voxels. Beyond the box nothing was looked at."""

    region: Region
    probability: NDArray[np.float32]
    """(class, k, j, i), mean over members, background first; sums to 1 over class."""
    predictive_entropy: NDArray[np.float32]
    """(k, j, i), nats, 0 to ln(classes), as the two that follow; all three are interpolated from the networks' grid."""
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    """None where `missing` says why."""
    mask: NDArray[np.uint8]
    """(k, j, i): the most probable class, 0 background."""
    members: int
    spacing_mm: tuple[float, float, float]
    """Of the scan's voxels, along k, j, i."""
    parameters: Mapping[str, Any]
    """How it was made, ready for JSON: model, weights, grid, windows, region, engine."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Maps that are undefined here, and why."""
    member_walls: MemberWalls | None = None
    """Where each member sees the outer wall, on the networks' grid; None where a prediction was made without."""


def predict(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    card: ModelCard,
    *,
    locator: ModelCard | None = None,
    progress: Tell = silent,
    engines: Engines | None = None,
) -> Prediction:
    """Segment a scan with every member of a card, and say how sure they are.

    Args:
        hounsfield: HU [k, j, i] of one scan; read only.
        affine: 4x4, (k, j, i) to LPS millimetres. The scan may lie in any orientation.
        card: the ensemble.
        locator: finds the aorta first, on a coarse grid; without it the whole scan is looked at.
        progress: hears what is done and how many windows of how many; may raise, to cancel.
        engines: give a `KeptNetworks` for many scans, so that networks are loaded once.
    """
    engines = engines or KeptNetworks()
    posture = Posture.of(affine)
    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    scan = Scan(posture.stand(hounsfield), posture.standing((k_mm, j_mm, i_mm)))
    located = locate(scan, card, locator, engines=engines, tell=progress)
    on_grid = infer(scan, card, located.region, engines=engines, tell=progress, task="segmenting")

    def on_scan(values: NDArray[np.float32]) -> NDArray[np.float32]:
        spread = on_grid.grid.spread(values, on_grid.box, located.region)
        return np.ascontiguousarray(posture.lie(spread))

    doubt = on_grid.uncertainty
    region = posture.lying_region(located.region, scan.whole.shape)
    probability = np.empty((len(doubt.mean), *region.shape), dtype=np.float32)
    for of_class, values in zip(probability, doubt.mean, strict=True):
        of_class[:] = on_scan(values)
    return Prediction(
        region,
        probability,
        on_scan(doubt.predictive_entropy),
        on_scan(doubt.expected_entropy),
        None if doubt.mutual_information is None else on_scan(doubt.mutual_information),
        most_probable(probability),
        doubt.members,
        (k_mm, j_mm, i_mm),
        _parameters(card, on_grid, located),
        {"mutual_information": ONE_MEMBER} if doubt.mutual_information is None else {},
        MemberWalls(on_grid.member_walls, posture.standing_affine(affine, hounsfield.shape) @ on_grid.steps),
    )


def most_probable(probability: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(class, k, j, i) to the most probable class of each voxel, the first of equals; slice by slice."""
    mask = np.empty(probability.shape[1:], dtype=np.uint8)
    for k, labels in enumerate(mask):
        labels[:] = probability[:, k].argmax(axis=0)
    return mask


def _parameters(card: ModelCard, on_grid: OnGrid, located: Located) -> dict[str, Any]:
    return {
        "model": card.key,
        "weights_sha256": [member.sha256 for member in card.members],
        "seeds": [member.seed for member in card.members],
        "inference": VERSION,
        "engine": on_grid.engine,
        "grid_mm": list(card.spacing_mm),
        "axes": AXES,
        "patch": list(card.patch),
        "overlap": OVERLAP,
        "weights_of_a_window": f"Gaussian, sigma {SIGMA:g} of its length",
        "windows_of_a_member": on_grid.windows,
        **located.found,
    }

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
from services.uncertainty.decomposition import OF_ONE_MEMBER
from services.uncertainty.expert_guided import total_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from db.records import Region
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engines
    from services.segmentation.ensemble import OnGrid
    from services.segmentation.grids import Grid
    from services.segmentation.locating import Located

VERSION = "2"
"""Of this way from a scan to maps; stored with every map."""
SEGMENTING = "segmenting"
"""The step that counts the windows of all networks but the locator."""
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
    aleatoric: NDArray[np.float32] | None = None
    """(k, j, i), variance summed over classes, as the next: see `uncertainty.expert_guided`. None where `missing` says
    why, or where a prediction was made without."""
    epistemic: NDArray[np.float32] | None = None

    @property
    def total(self) -> NDArray[np.float32] | None:
        """The sum of aleatoric and epistemic; None where one of them is."""
        return total_of(self.aleatoric, self.epistemic)


@dataclass(frozen=True)
class Standing:
    """A scan as networks look at it, however it lies in its file."""

    posture: Posture
    scan: Scan
    spacing_mm: tuple[float, float, float]
    """Of the lying scan."""

    @classmethod
    def of(cls, hounsfield: NDArray[np.int16], affine: NDArray[np.float64]) -> Standing:
        """A scan [k, j, i] in HU with its affine to LPS millimetres, on its feet."""
        posture = Posture.of(affine)
        k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
        scan = Scan(posture.stand(hounsfield), posture.standing((k_mm, j_mm, i_mm)))
        return cls(posture, scan, (k_mm, j_mm, i_mm))

    def lying(self, region: Region) -> Region:
        """A box of the standing scan in the voxels of the lying one."""
        return self.posture.lying_region(region, self.scan.whole.shape)

    def on_scan(self, values: NDArray[np.float32], grid: Grid, box: Region, region: Region) -> NDArray[np.float32]:
        """A map on a box of the networks' grid at the voxels of a box of the standing scan, lying."""
        return np.ascontiguousarray(self.posture.lie(grid.spread(values, box, region)))

    def classes_on_scan(
        self, values: NDArray[np.float32], grid: Grid, box: Region, region: Region
    ) -> NDArray[np.float32]:
        """The same for (class, k, j, i), one class at a time."""
        found = np.empty((len(values), *self.lying(region).shape), dtype=np.float32)
        for of_class, one in zip(found, values, strict=True):
            of_class[:] = self.on_scan(one, grid, box, region)
        return found


def predict(
    hounsfield: NDArray[np.int16],
    affine: NDArray[np.float64],
    card: ModelCard,
    *,
    locator: ModelCard | None = None,
    companion: ModelCard | None = None,
    progress: Tell = silent,
    engines: Engines | None = None,
) -> Prediction:
    """Segment a scan with every member of a card, and say how sure they are.

    Args:
        hounsfield: HU [k, j, i] of one scan; read only.
        affine: 4x4, (k, j, i) to LPS millimetres. The scan may lie in any orientation.
        card: the ensemble, or one network with two heads.
        companion: networks that learnt from several readers, for the aleatoric part; mask and probability stay those of
            the card.
        locator: finds the aorta first, on a coarse grid; without it the whole scan is looked at.
        progress: hears what is done and how many windows of how many; may raise, to cancel.
        engines: give a `KeptNetworks` for many scans, so that networks are loaded once.
    """
    engines = engines or KeptNetworks()
    standing = Standing.of(hounsfield, affine)
    located = locate(standing.scan, card, locator, engines=engines, tell=progress)
    on_grid = infer(
        standing.scan, card, located.region, engines=engines, tell=progress, task=SEGMENTING, companion=companion
    )
    place = on_grid.grid, on_grid.box, located.region

    def on_scan(values: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        return None if values is None else standing.on_scan(values, *place)

    doubt, two = on_grid.uncertainty, on_grid.two
    probability = standing.classes_on_scan(doubt.mean, *place)
    walls_affine = standing.posture.standing_affine(affine, hounsfield.shape) @ on_grid.steps
    return Prediction(
        standing.lying(located.region),
        probability,
        standing.on_scan(doubt.predictive_entropy, *place),
        standing.on_scan(doubt.expected_entropy, *place),
        on_scan(doubt.mutual_information),
        most_probable(probability),
        doubt.members,
        standing.spacing_mm,
        {**_parameters(card, on_grid, located), **_of_companion(companion)},
        dict(two.missing) | (dict(OF_ONE_MEMBER) if doubt.members == 1 else {}),
        MemberWalls(on_grid.member_walls, walls_affine),
        on_scan(two.aleatoric),
        on_scan(two.epistemic),
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
        "uncertainty": on_grid.two.method.value,
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


def _of_companion(companion: ModelCard | None) -> dict[str, Any]:
    if companion is None:
        return {}
    return {
        "companion": companion.key,
        "companion_weights_sha256": [member.sha256 for member in companion.members],
        "companion_seeds": [member.seed for member in companion.members],
    }

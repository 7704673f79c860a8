"""What four simulated readers of each cohort drew of a held-out scan, kept on the disk, and what is taken for true.

References: the exact labels, and the readers' majority, which is all that a hospital would have. Cohorts: the readers
whose like the networks B learnt from; readers who differ as much in places that have nothing to do with the image,
where no map can follow them; and readers who agree little. SYNTHETIC throughout.

How far a reader follows the iliac arteries is a habit, which all cohorts share and the exact labels do not: B learnt it
and A did not. So each majority is a reference twice, with all that was drawn, and with the iliac arteries left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services import volume
from services.evaluation.uncertainty_judging import EXACT, Reference
from services.experts.consensus import majority
from services.experts.votes import count_votes
from services.phantom.simulated_readers import COHORTS, MAIN
from services.phantom.structures import Structure
from services.segmentation.recipes import AORTA
from services.uncertainty.region import region_of_evaluation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut, Scan
    from services.phantom.simulated_readers import Cohort

    Labels = NDArray[np.uint8]
    Read = Callable[[HeldOut, Scan, Cohort], Labels]

SEED = 7_000
"""Beside a scan's own seed: of the readers of this evaluation."""


def read_by_cohort(case: HeldOut, scan: Scan, cohort: Cohort) -> Labels:
    """(reader, k, j, i): what the readers of a cohort draw of a scan, 1 lumen, 2 thrombus; the same each time."""
    from services.phantom.label_readers import readers_of_labels  # noqa: PLC0415 -- loads scipy's interpolation

    k_mm, j_mm, i_mm = (float(length) for length in np.linalg.norm(scan.affine[:3, :3], axis=0))
    return readers_of_labels(scan.hounsfield, scan.labels, (k_mm, j_mm, i_mm), (case.plan.seed, SEED), cohort)


def references_of(case: HeldOut, scan: Scan, path: Path, read: Read = read_by_cohort) -> dict[str, Reference]:
    """The exact labels, with the readers of the main cohort, and each cohort's majority with its own readers."""
    votes = _votes(case, scan, path, read)
    found = {EXACT: Reference(exact_classes(scan.labels), votes[MAIN.name])}
    near = _near_iliacs(scan)
    for name, drawn in votes.items():
        agreed = _majority(drawn)
        found[majority_of(name)] = Reference(agreed, drawn)
        found[majority_of(name, iliacs=False)] = Reference(agreed, drawn, near)
    return found


def majority_of(cohort: str, *, iliacs: bool = True) -> str:
    """What the majority of a cohort's readers is called as a reference, with the iliac arteries or without."""
    return f"majority, {cohort}{'' if iliacs else ', iliac arteries left out'}"


def exact_classes(labels: Labels) -> Labels:
    """Structures [k, j, i] of a generated scan as the classes that the networks learnt."""
    classes = np.zeros(256, np.uint8)
    for structure, value in AORTA.structures.items():
        classes[structure] = value
    return classes[labels]


def _near_iliacs(scan: Scan) -> NDArray[np.bool_]:
    """[k, j, i]: the iliac arteries, and all within the reach of a region of evaluation."""
    iliacs = scan.labels == Structure.ILIAC_ARTERIES
    return region_of_evaluation(iliacs, iliacs, np.linalg.norm(scan.affine[:3, :3], axis=0).tolist())


def _majority(votes: Labels) -> Labels:
    counted = count_votes(votes, classes=1 + len(AORTA.classes))
    return np.asarray(counted.on_voxels(majority(counted).labels), np.uint8)


def _votes(case: HeldOut, scan: Scan, path: Path, read: Read) -> dict[str, Labels]:
    """By cohort (reader, k, j, i), from the disk where they lie there."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = {name: read(case, scan, cohort) for name, cohort in COHORTS.items()}
        draft = path.with_suffix(".unfinished.npz")
        np.savez_compressed(draft, allow_pickle=False, **_cut(drawn))
        draft.replace(path)
    with np.load(path) as kept:
        origin = kept["origin"]
        return {name: _whole(kept[name], origin, scan.labels.shape) for name in COHORTS}


def _cut(drawn: Mapping[str, Labels]) -> dict[str, NDArray[np.generic]]:
    """Only the box around everything that anybody drew."""
    box = volume.bounding_region(np.any([(one > 0).any(axis=0) for one in drawn.values()], axis=0))
    if box is None:
        return {"origin": np.zeros(3, np.int64)} | {name: one[:, :1, :1, :1] for name, one in drawn.items()}
    k, j, i = volume.slices_of(box)
    return {"origin": np.array(box.origin)} | {name: one[:, k, j, i] for name, one in drawn.items()}


def _whole(votes: Labels, origin: NDArray[np.int64], shape: tuple[int, ...]) -> Labels:
    whole = np.zeros((len(votes), *shape), np.uint8)
    k, j, i = (slice(int(first), int(first) + size) for first, size in zip(origin, votes.shape[1:], strict=True))
    whole[:, k, j, i] = votes
    return whole

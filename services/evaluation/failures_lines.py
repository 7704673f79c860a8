"""Every aggregated score of held-out scans, and how good the shipped ensemble's outline is; resumable, scan by scan.

The ensemble is asked as `uncertainty_asking` asks it, and answers that an evaluation of uncertainty has kept are taken
from there. Heavy: loads OpenVINO, and MONAI for surface distances.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from services.drawings import dice
from services.evaluation import held_out, uncertainty_lines
from services.evaluation.measures import Measured, surface_distance
from services.evaluation.uncertainty_asking import looked_at
from services.evaluation.uncertainty_lines import ScanFigures, file_name
from services.evaluation.uncertainty_ways import Part
from services.phantom.structures import INSIDE_THE_WALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut
    from services.evaluation.real_scan import RealScan
    from services.evaluation.uncertainty_asking import Networks
    from services.evaluation.uncertainty_judging import Looked
    from services.imaging.progress import Tell

    Score = Callable[[Looked, Sequence[float]], Mapping[str, Measured]]
    """What the ensemble says of a scan and its spacing in mm, to scores by their keys."""

VERSION = "1"
"""Of what is measured and how."""
DICE, HD95 = "outer wall Dice", "outer wall HD95"
NO_OVERLAP = "the model marks nothing, and the scan shows nothing"
REAL = "real-cta-dissection"
"""By what the answers about the real scan are kept."""


def fingerprint_of(networks: Networks, scores: str) -> str:
    """Twelve letters that change with the ensemble, the generators, the scores' versions or what is measured."""
    said = json.dumps([VERSION, networks.fingerprint(Part.A), scores])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def evaluate(
    cases: Sequence[HeldOut],
    networks: Networks,
    score: Score,
    scores: str,
    *,
    folder: Path,
    answers: Path,
    turns: tuple[int, int],
    progress: Tell,
) -> list[ScanFigures]:
    """The scores and the quality of every case, as far as all processes have come; see `uncertainty_lines.resumed`.

    scores: their versions in words. folder: where the lines lie; answers: where those of the ensemble do.
    """
    measure = partial(_measured, networks=networks, score=score, answers=answers)
    name = f"lines-{fingerprint_of(networks, scores)}"
    return uncertainty_lines.resumed(cases, measure, folder, name, turns, progress)


def of_real_scan(real: RealScan, networks: Networks, score: Score, answers: Path) -> Mapping[str, float | None]:
    """The scores of the real scan alone: it has no exact labels to say how good its outline is."""
    scan = held_out.Scan(real.hounsfield, real.affine, np.zeros(real.hounsfield.shape, np.uint8))
    found = score(looked_at(REAL, scan, networks, answers), _spacing(scan))
    return {name: None if math.isnan(one.value) else one.value for name, one in found.items()}


def quality(marked: NDArray[np.bool_], exact: NDArray[np.bool_], spacing: Sequence[float]) -> dict[str, Measured]:
    """Dice and HD95 (mm) of one outer wall with another, masks (k, j, i), spacing in mm."""
    overlap = dice(marked, exact)
    said = Measured(math.nan, NO_OVERLAP) if overlap is None else Measured(overlap)
    return {DICE: said, HD95: surface_distance(marked, exact, spacing)}


def _measured(case: HeldOut, networks: Networks, score: Score, answers: Path) -> ScanFigures:
    scan = case.generate()
    looked = looked_at(file_name(case), scan, networks, answers)
    exact = np.isin(scan.labels, INSIDE_THE_WALL)
    found = {**quality(looked.mask() > 0, exact, _spacing(scan)), **score(looked, _spacing(scan))}
    values = {name: None if math.isnan(one.value) else float(one.value) for name, one in found.items()}
    reasons = {name: one.reason for name, one in found.items() if one.reason}
    return ScanFigures(case.name, case.generator, case.plan.seed, case.factors, values, reasons, {})


def _spacing(scan: held_out.Scan) -> list[float]:
    return [float(length) for length in np.linalg.norm(scan.affine[:3, :3], axis=0)]

"""The evidence about every diameter of the cohorts, with the exact truth, kept beside the predictions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.doubt_cases import CALIBRATION
from services.measurement import evidence as gathering
from services.measurement import measure as measuring
from services.measurement.evidence import Evidence, evidence_of, searched
from services.measurement.field import field_of
from services.measurement.measure import measure
from services.measurement.names import Name
from services.measurement.sections import Section, frame_of
from services.measurement.voxel_sampling import SAMPLES, widest_of
from services.measurement.wall_doubt import Rings
from services.phantom.aorta import aorta_of
from services.phantom.frame import Frame
from services.phantom.painted.anatomy import PaintedPlan
from services.phantom.painted.truth import largest_diameter as painted_diameter
from services.phantom.truth import axis_points, largest_diameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.doubt_cases import DoubtCase, Predicted
    from services.phantom.plan import Plan

SEED = 20_261_125
"""Of all sampling in this evaluation."""
PLANES_MM, READ_WITHIN_MM = 2.0, 12.0
"""Readers are measured in planes so far apart, so near to the widest one."""


@dataclass(frozen=True)
class Gathered:
    """One scan: its truth, and the evidence about the model's diameter; None where the mask has none."""

    cohort: str
    name: str
    seed: int
    factors: tuple[str, ...]
    truth_mm: float
    evidence: Evidence | None
    reason: str = ""


def gather(case: DoubtCase, found: Predicted, classes: Mapping[int, str]) -> Gathered:
    """Measure what a model marked, what its members and readers marked, and ask the formula for the truth."""
    plan = case.scan.plan
    origin = origin_of(found.affine, plan.grid.affine)
    measured = measure(found.mask, found.affine, classes, origin=origin, shape=plan.grid.shape)
    whole = measured[Name.ORTHOGONAL]
    truth, planes = truth_of(plan)
    evidence = None
    if whole.value is not None:
        fitted_on = case.cohort == CALIBRATION  # nothing is fitted to readers and to independent voxels
        evidence = evidence_of(
            searched(measured),
            found.wall,
            found.affine,
            members=found.members,
            readers=() if fitted_on else tuple(_reader(wall, found, planes) for wall in found.readers),
            voxels=0 if fitted_on else SAMPLES,
            seed=SEED,
        )
    return Gathered(case.cohort, case.scan.name, plan.seed, case.scan.factors, truth, evidence, whole.reason)


def truth_of(plan: Plan | PaintedPlan) -> tuple[float, list[Section]]:
    """The exact diameter, mm; and planes across the true axis around the widest, for those whom readers draw on."""
    if isinstance(plan, PaintedPlan):
        return painted_diameter(plan), []
    aorta = aorta_of(plan, Frame(plan))
    diameter, centre = largest_diameter(aorta)
    points, tangents = axis_points(aorta, PLANES_MM)
    near = np.linalg.norm(points - centre, axis=1) <= READ_WITHIN_MM
    turned = [(one[::-1], along[::-1]) for one, along in zip(points[near], tangents[near], strict=True)]
    return diameter, [Section(one, along, *frame_of(along), np.zeros((0, 2))) for one, along in turned]


def _reader(wall: NDArray[np.bool_], found: Predicted, planes: Sequence[Section]) -> float | None:
    """A reader's largest diameter across the true axis: what they would measure, without a centreline for each."""
    return widest_of(field_of(wall, found.readers_affine), planes)


def origin_of(part: NDArray[np.float64], whole: NDArray[np.float64]) -> tuple[int, int, int]:
    """The first voxel of a region in its scan, from both affines."""
    k, j, i = np.rint(np.linalg.solve(whole[:3, :3], part[:3, 3] - whole[:3, 3])).astype(int).tolist()
    return k, j, i


def kept(path: Path) -> Gathered | None:
    """What lies there; None where nothing does."""
    if not path.is_file():
        return None
    with np.load(path) as arrays:
        said = json.loads(str(arrays["said"]))
        return Gathered(
            said["cohort"],
            said["name"],
            said["seed"],
            tuple(said["factors"]),
            said["truth_mm"],
            _evidence(said, arrays) if said["diameter_mm"] is not None else None,
            said["reason"],
        )


def keep(path: Path, gathered: Gathered) -> None:
    """Keep it; what lay there is replaced at once."""
    one = gathered.evidence
    said: dict[str, Any] = {
        "cohort": gathered.cohort,
        "name": gathered.name,
        "seed": gathered.seed,
        "factors": gathered.factors,
        "truth_mm": gathered.truth_mm,
        "reason": gathered.reason,
        "diameter_mm": one.diameter_mm if one else None,
    }
    arrays: dict[str, Any] = {}
    if one is not None:
        said |= {"members": one.members, "readers": one.readers, "voxels": one.voxels, "sampling_seed": one.seed}
        rings = {name: getattr(one.rings, name) for name in ("points", "front", "left", "outwards")}
        arrays = rings | {"offset": one.offset_mm, "doubt": one.doubt_mm, "strays": one.strays_mm}
    draft = path.with_suffix(".unfinished.npz")
    np.savez_compressed(draft, said=json.dumps(said), **arrays)
    draft.replace(path)


def _evidence(said: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Evidence:
    return Evidence(
        said["diameter_mm"],
        Rings(arrays["points"], arrays["front"], arrays["left"], arrays["outwards"]),
        arrays["offset"],
        arrays["doubt"],
        arrays["strays"],
        tuple(said["members"]),
        tuple(said["readers"]),
        tuple(said["voxels"]),
        said["sampling_seed"],
    )


def name_of(case: DoubtCase) -> str:
    """Of the file that keeps a case's evidence; another version of gathering or measuring has another."""
    return f"{case.key}.evidence-{gathering.VERSION}.{measuring.VERSION}.npz"

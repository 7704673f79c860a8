"""Intervals of the largest outer diameter, side by side: what a worker asks for, and what an evaluation measures.

`diameter_intervals` gathers the evidence of one outline and makes every interval of it. An evaluation keeps the
evidence and makes intervals of it again, with other constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from services.measurement import fit as fits
from services.measurement import shape_sampling, voxel_sampling
from services.measurement.evidence import EVERY_MM, NEARLY_MM, evidence_of, searched
from services.measurement.interval import (
    FEWEST,
    LEVEL,
    DiameterInterval,
    Method,
    percentile_bounds,
    prediction_bounds,
    undefined,
)
from services.measurement.names import Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.measurement.evidence import Evidence
    from services.measurement.fit import DoubtFit
    from services.measurement.measure import Measured
    from services.measurement.shape_sampling import Shapes
    from services.segmentation.member_walls import MemberWalls

VERSION = "1"
NO_PROBABILITY = "its author gave no probability of the outer wall"
TOO_FEW = "too few calibration scans for its level"
STUDENT = "Student t, one more value of the same distribution: mean -+ t s sqrt(1 + 1/n)"
PERCENTILE = "percentiles"


def diameter_intervals(
    measured: Measured,
    probability: NDArray[np.floating] | None,
    affine: NDArray[np.float64],
    *,
    members: MemberWalls | None = None,
    readers: Sequence[float | None] = (),
    model: str = "",
    seed: int = 0,
    fit: DoubtFit | None = None,
) -> tuple[DiameterInterval, ...]:
    """Every interval of a shown outline's largest orthogonal diameter; those that cannot be made say why.

    Args:
        measured: of the shown outline.
        probability: (k, j, i), 0 to 1, of being inside the outer wall, on any region that holds the outline.
        affine: of this region, 4x4, (k, j, i) to LPS mm.
        members: where each member of the ensemble sees the wall.
        readers: largest orthogonal diameters, mm, of the readers' outlines of this scan; None where undefined.
        model: name@version of who made the outline: conformal intervals hold for the model they were fitted for.
        seed: of all chance in it.
        fit: constants; those shipped where not given.
    """
    sections = searched(measured)
    evidence = evidence_of(sections, probability, affine, members=members, readers=readers, seed=seed)
    if evidence is None:
        said = f"the outline has no diameter: {measured[Name.ORTHOGONAL].reason or 'no section of it is sound'}"
        return tuple(undefined(method, VERSION, said) for method in Method)
    return intervals_of(evidence, fit or fits.shipped(), model)


def intervals_of(evidence: Evidence, fit: DoubtFit, model: str = "") -> tuple[DiameterInterval, ...]:
    """The same, of what was gathered."""
    return (
        of_few(Method.MEMBERS, evidence.members, "members of the ensemble"),
        of_few(Method.READERS, evidence.readers, "readers"),
        of_voxels(evidence),
        of_shapes(evidence, fit),
        *conformal(evidence, fit, model),
    )


def of_few(method: Method, values: Sequence[float | None], who: str) -> DiameterInterval:
    """From the diameters of a few walls. Those that have none are counted in the parameters."""
    found = tuple(value for value in values if value is not None)
    said = {"bounds": STUDENT, "without_a_diameter": len(values) - len(found)}
    if len(found) < FEWEST:
        return undefined(method, VERSION, f"it needs {FEWEST} {who} with a diameter; there are {len(found)}", said)
    return DiameterInterval(method, VERSION, *prediction_bounds(found), samples=found, parameters=said)


def of_voxels(evidence: Evidence) -> DiameterInterval:
    """From masks of independent voxels."""
    said = {"bounds": PERCENTILE, "samples": len(evidence.voxels), "planes_within_mm": NEARLY_MM}
    version = voxel_sampling.VERSION
    if not evidence.voxels:
        return undefined(Method.VOXELS, version, NO_PROBABILITY, said)
    bounds = percentile_bounds(evidence.voxels)
    return DiameterInterval(
        Method.VOXELS, version, *bounds, samples=evidence.voxels, parameters=said, seed=evidence.seed
    )


def of_shapes(evidence: Evidence, fit: DoubtFit) -> DiameterInterval:
    """From smooth deformations of the drawn wall, reflected about the shown diameter.

    A deformed wall is at its widest wider than the wall it came from, on average: bumps add to a maximum. The drawn
    wall is a deformed true one in the same way, so that the true diameter lies as far below the shown one as samples
    lie above: the basic bootstrap interval (Davison and Hinkley 1997, doi:10.1017/CBO9780511802843, section 5.2).
    """
    members = has_members(evidence)
    if not members and not evidence.doubt_mm.any():
        return undefined(Method.SHAPES, shape_sampling.VERSION, NO_PROBABILITY, fit.said)
    shapes = shapes_of(evidence, fit)
    samples = reflected(evidence, shapes.diameters) - fit.bias(members=members)
    return DiameterInterval(
        Method.SHAPES,
        shape_sampling.VERSION,
        *percentile_bounds(samples),
        samples=tuple(samples.round(3).tolist()),
        parameters=_said_of(shapes, fit, members=members),
        seed=evidence.seed,
    )


def reflected(evidence: Evidence, diameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sampled diameters, mm, on the other side of the shown one."""
    return np.asarray(2 * evidence.diameter_mm - diameters)


def shapes_of(evidence: Evidence, fit: DoubtFit, samples: int = shape_sampling.SAMPLES) -> Shapes:
    """The shapes that an interval and an influence are made of: the same each time."""
    members = has_members(evidence)
    return shape_sampling.sample_shapes(
        evidence.rings,
        fit.amplitude(evidence.doubt_mm, members=members),
        fit.correlation_mm,
        modes=modes_of(evidence) * fit.per_member if members else None,
        rng=np.random.default_rng([evidence.seed, 2]),
        samples=samples,
    )


def has_members(evidence: Evidence) -> bool:
    """Whether members of an ensemble can disagree."""
    return len(evidence.strays_mm) >= FEWEST


def modes_of(evidence: Evidence) -> NDArray[np.float64]:
    """(member, ring, point), mm: how each member strays from their mean; with unit weights their covariance."""
    strays = evidence.strays_mm.astype(np.float64)
    return np.asarray((strays - strays.mean(axis=0)) / np.sqrt(len(strays) - 1))


def conformal(evidence: Evidence, fit: DoubtFit, model: str) -> tuple[DiameterInterval, DiameterInterval]:
    """As wide as this model's errors on the calibration cohort; and in proportion to how its members spread."""
    members = [value for value in evidence.members if value is not None]
    spread = float(np.std(members, ddof=1)) if len(members) >= FEWEST else None
    why = "" if model == fit.model else f"errors are known of {fit.model} only"
    return (
        _around(Method.CONFORMAL, evidence.diameter_mm, fit.error_mm, fit, why),
        _around(
            Method.CONFORMAL_NORMALISED,
            evidence.diameter_mm,
            None if spread is None else fit.error_spreads * (spread + fit.spread_floor_mm),
            fit,
            why or ("" if spread is not None else f"it needs {FEWEST} members of the ensemble with a diameter"),
        ),
    )


def _around(method: Method, diameter: float, half: float | None, fit: DoubtFit, why: str) -> DiameterInterval:
    if why or half is None or not np.isfinite(half):
        return undefined(method, VERSION, why or TOO_FEW, fit.said)
    said = fit.said | {"half_width_mm": round(half, 3), "calibration_scans": fit.cases}
    return DiameterInterval(method, VERSION, diameter - half, diameter + half, parameters=said)


def _said_of(shapes: Shapes, fit: DoubtFit, *, members: bool) -> dict[str, Any]:
    return fit.said | {
        "bounds": f"{PERCENTILE}, reflected about the shown diameter",
        "samples": len(shapes.diameters),
        "level": LEVEL,
        "floor_mm": fit.floor_mm if members else fit.floor_alone_mm,
        "per_doubt": fit.per_doubt if members else fit.per_doubt_alone,
        "per_member": fit.per_member if members else 0.0,
        "correlation_mm": fit.correlation_mm,
        "bias_mm": fit.bias(members=members),
        "planes_every_mm": EVERY_MM,
        "smallest_jacobian": round(float(shapes.jacobians.min()), 4),
        "taken_smaller": shapes.shrunk,
    }

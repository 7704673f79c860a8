"""The evaluation of the diameter's intervals: from cohorts to a file of figures. Heavy: the command line runs it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from services.evaluation import doubt_cases, doubt_evidence, evaluating
from services.evaluation.doubt_evidence import SEED, gather, keep, kept
from services.evaluation.doubt_scores import Scored, summaries
from services.evaluation.held_out import VERSIONS
from services.measurement import evidence, intervals, measure, shape_sampling, voxel_sampling
from services.measurement.interval import LEVEL, DiameterInterval, Method, undefined
from services.measurement.intervals import intervals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.doubt_cases import DoubtCase
    from services.evaluation.doubt_evidence import Gathered
    from services.evaluation.doubt_scores import Summary
    from services.imaging.progress import Tell
    from services.measurement.fit import DoubtFit
    from services.segmentation.card import ModelCard
    from services.segmentation.inference import Prediction

    Predict = Callable[[NDArray[Any], NDArray[Any]], Prediction]

CALIBRATION_PERSONS = 40
JACOBIAN = "smallest_jacobian"
NOTE = "SYNTHETIC scans throughout: how well intervals hold on patients' scans is not known."


def cohorts(persons: int) -> tuple[DoubtCase, ...]:
    """All scans of the evaluation, with so many persons of each factor in the two cohorts that are measured on."""
    return doubt_cases.cases(CALIBRATION_PERSONS, persons)


def gather_all(
    chosen: Sequence[DoubtCase], predict: Predict, card: ModelCard, folder: Path, progress: Tell
) -> list[Gathered]:
    """The evidence of every scan; what `folder` has is not made again."""
    found = []
    for number, case in enumerate(chosen):
        progress("diameters doubted", number, len(chosen))
        path = folder / doubt_evidence.name_of(case)
        one = kept(path)
        if one is None:
            one = gather(case, doubt_cases.predicted(case, predict, card, folder), card.classes)
            keep(path, one)
        found.append(one)
    progress("diameters doubted", len(chosen), len(chosen))
    return found


def scored(gathered: Sequence[Gathered], fit: DoubtFit, progress: Tell) -> list[Scored]:
    """Every interval of every scan. Those of the calibration cohort flatter what was fitted to it."""
    found = []
    for number, one in enumerate(gathered):
        progress("intervals made", number, len(gathered))
        found += [Scored(one.cohort, one.name, one.factors, one.truth_mm, each) for each in _intervals(one, fit)]
    progress("intervals made", len(gathered), len(gathered))
    return found


def _intervals(one: Gathered, fit: DoubtFit) -> tuple[DiameterInterval, ...]:
    if one.evidence is None:
        why = f"the outline has no diameter: {one.reason}"
        return tuple(undefined(method, intervals.VERSION, why) for method in Method)
    return intervals_of(one.evidence, fit, fit.model)


def document(
    gathered: Sequence[Gathered], found: Sequence[Scored], fit: DoubtFit, card: ModelCard, command: str
) -> dict[str, Any]:
    """What is published: every interval, the tables, and how they were made."""
    return {
        "made": evaluating.how_made(command),
        "model": {"name": card.key, "weights_sha256": [member.sha256 for member in card.members]},
        "methods": {
            "diameter": measure.VERSION,
            "evidence": evidence.VERSION,
            "intervals": intervals.VERSION,
            "shape sampling": shape_sampling.VERSION,
            "voxel-wise sampling": voxel_sampling.VERSION,
        },
        "level": LEVEL,
        "sampling_seed": SEED,
        "fit": asdict(fit),
        "generator_versions": {column.value: number for column, number in VERSIONS.items()},
        "note": NOTE,
        "rows": [_rounded(one) for one in summaries(found)],
        "scans": [_scan(one, found) for one in gathered],
    }


def _rounded(one: Summary) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(one).items()}


def _scan(one: Gathered, found: Sequence[Scored]) -> dict[str, Any]:
    mine = [each.interval for each in found if (each.cohort, each.name) == (one.cohort, one.name)]
    return {
        "cohort": one.cohort,
        "scan": one.name,
        "seed": one.seed,
        "factors": list(one.factors),
        "truth_mm": round(one.truth_mm, 2),
        "shown_mm": round(one.evidence.diameter_mm, 2) if one.evidence else None,
        "reason": one.reason,
        "intervals": {each.method.value: _bounds(each) for each in mine},
        JACOBIAN: next((each.parameters.get(JACOBIAN) for each in mine if JACOBIAN in each.parameters), None),
    }


def _bounds(interval: DiameterInterval) -> list[float] | str:
    """Both bounds, mm; else why there are none."""
    if interval.lower is None or interval.upper is None:
        return interval.reason
    return [round(interval.lower, 2), round(interval.upper, 2)]

"""All figures of uncertainty of one scan, against one reference: what is stored with a case, and what is averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.measures import Measured
from services.labels import DEFAULT, OUTER_WALL
from services.uncertainty.calibration import BINS, Reliability, equal_mass, equal_width
from services.uncertainty.matching import ONE_READER, ncc, readers_variance
from services.uncertainty.region import REACH_MM, region_of_evaluation
from services.uncertainty.rejection import ACCURACY, KEPT, NOTHING, accuracy_rejection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Labels = NDArray[np.integer]

METHOD, VERSION = "figures of uncertainty", "1"
MOST_PROBABLE = "most probable class"
PERCENTILE = 95.0
NOT_FINITE = "the map has no value somewhere in the region"
ONE_DRAWING = Measured(math.nan, ONE_READER)


@dataclass(frozen=True)
class MapFigures:
    """One map in the region of evaluation."""

    mean: Measured
    p95: Measured
    """Its 95th percentile."""
    accuracy: tuple[float, ...]
    """Of the accuracy-rejection curve, at each of `rejection.KEPT`."""
    aac: Measured
    tra99: Measured
    ncc: Measured
    """With the readers' variance."""

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        figures = {"mean": self.mean, "p95": self.p95, "aac": self.aac, "tra99": self.tra99, "ncc": self.ncc}
        return {"accuracy": _listed(self.accuracy)} | {name: _said(one) for name, one in figures.items()}


@dataclass(frozen=True)
class CaseFigures:
    """The maps of one scan, and how right its probabilities are."""

    voxels: int
    """In the region."""
    error: Measured
    """Share of them for which the most probable class is wrong."""
    maps: Mapping[str, MapFigures]
    reliability: Mapping[str, Reliability]
    """Of the most probable class, of the outer wall, and of each class: bins of equal width."""
    ece: Mapping[str, Measured]
    """Of the same, by these bins."""
    ece_equal_mass: Mapping[str, Measured]

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON: {"value": None, "reason": ...} where a figure is undefined, None in curves and bins."""
        return {
            "method": METHOD,
            "version": VERSION,
            "parameters": {"reach_mm": REACH_MM, "bins": BINS, "accuracy": ACCURACY, "percentile": PERCENTILE},
            "voxels": self.voxels,
            "error": _said(self.error),
            "kept": list(KEPT),
            "maps": {name: one.as_json() for name, one in self.maps.items()},
            "reliability": {name: _bins(one) for name, one in self.reliability.items()},
            "ece": {name: _said(one) for name, one in self.ece.items()},
            "ece_equal_mass": {name: _said(one) for name, one in self.ece_equal_mass.items()},
        }


def figures(
    maps: Mapping[str, Floats],
    probability: Floats,
    reference: Labels,
    votes: Labels | None,
    spacing: Sequence[float],
    *,
    classes: Mapping[int, str] = DEFAULT,
) -> CaseFigures:
    """The figures of one scan; inputs are only read.

    Args:
        maps: by name, (k, j, i) each.
        probability: (class, k, j, i), background first; its most probable class is the prediction.
        reference: (k, j, i), the classes that are taken for true.
        votes: (reader, k, j, i), what each reader called a voxel; None where nobody drew.
        spacing: mm along k, j, i.
        classes: what the values mean; together they are what lies inside the outer wall.
    """
    predicted = probability.argmax(axis=0)
    region = region_of_evaluation(reference > 0, predicted > 0, spacing)
    wrong = predicted[region] != reference[region]
    variance = None
    if votes is not None and len(votes) > 1:
        variance = readers_variance(votes[:, region], classes=len(probability))
    claims = claims_of(probability[:, region], reference[region], classes)
    reliability = {name: equal_width(*claim) for name, claim in claims.items()}
    return CaseFigures(
        voxels=int(wrong.size),
        error=Measured(float(wrong.mean())) if wrong.size else Measured(math.nan, NOTHING),
        maps={name: map_figures(values[region], wrong, variance) for name, values in maps.items()},
        reliability=reliability,
        ece={name: one.error() for name, one in reliability.items()},
        ece_equal_mass={name: equal_mass(*claim).error() for name, claim in claims.items()},
    )


def map_figures(values: Floats, wrong: NDArray[np.bool_], variance: Floats | None) -> MapFigures:
    """One map against the wrong voxels of a prediction and the readers' variance, all (voxel,) of the region."""
    if not values.size or not np.isfinite(values).all():
        none = Measured(math.nan, NOT_FINITE if values.size else NOTHING)
        return MapFigures(none, none, (math.nan,) * len(KEPT), none, none, none)
    rejection = accuracy_rejection(values, wrong)
    mean, p95 = float(values.mean(dtype=np.float64)), float(np.percentile(values, PERCENTILE))
    matched = ONE_DRAWING if variance is None else ncc(values, variance)
    return MapFigures(Measured(mean), Measured(p95), rejection.accuracy, rejection.aac, rejection.tra, matched)


def claims_of(
    probability: Floats, reference: Labels, classes: Mapping[int, str]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """What is claimed of each voxel, how surely, and whether it is so: (class, voxel) and (voxel,) in, pairs out."""
    sure = np.clip(probability, 0, 1, dtype=np.float64)
    found = {MOST_PROBABLE: (sure.max(axis=0, initial=0), sure.argmax(axis=0) == reference)}
    found[OUTER_WALL] = np.clip(sure[1:].sum(axis=0), 0, 1), reference > 0
    named = {name: value for value, name in classes.items() if name != OUTER_WALL}
    return found | {name: (sure[value], reference == value) for name, value in named.items()}


def _said(one: Measured) -> dict[str, Any]:
    return {"value": _number(one.value), "reason": one.reason}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _listed(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _bins(one: Reliability) -> dict[str, Any]:
    return {
        "count": one.count.tolist(),
        "confidence": _listed(one.confidence.tolist()),
        "right": _listed(one.right.tolist()),
    }

"""Figures of doubt as scores to be stored: one row a figure, undefined ones with their reason. Pure functions.

Without readers a map has its mean and 95th percentile in the model's own region, the same rule for every case, so that
cases can be compared; with two readers or more also what it is worth against their majority.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from db.records import NewScore
from services.experts.consensus import majority
from services.experts.votes import count_votes
from services.uncertainty import case_figures, distance
from services.uncertainty.calibration import BINS
from services.uncertainty.figure_names import CALIBRATION, DISTANCE, ERROR, Figure, name_of
from services.uncertainty.names import ONE, UNITS, Measure
from services.uncertainty.region import REACH_MM, region_of_evaluation
from services.uncertainty.rejection import KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Index3, Json
    from services.evaluation.measures import Measured
    from services.uncertainty.case_figures import CaseFigures, MapFigures
    from services.uncertainty.distance import TrainingStatistics
    from services.uncertainty.on_case import OnGrid

METHOD, VERSION = "doubt of a case", "1"
PERCENTILE = 95.0
OWN = f"to {REACH_MM:g} mm around the model's outer wall"
EVALUATED = f"to {REACH_MM:g} mm around the outer wall of model and readers"
EMPTY = "the model has outlined nothing"
NO_MAP = "the model has stored no such map"
NO_PROBABILITY = "the model has stored no probability of each structure"
NO_READERS = "fewer than two readers drew the outer wall"


def rows_of(
    grid: OnGrid, subject: str, classes: Mapping[int, str], spacing: Sequence[float], missing: Mapping[str, str]
) -> Iterator[NewScore]:
    """All rows of one case. missing: why a measure has no map, where the model said so."""
    region = region_of_evaluation(grid.wall, grid.wall, spacing)
    for measure in Measure:
        values = grid.maps.get(measure)
        why = missing.get(measure) or (NO_PROBABILITY if measure is Measure.SOFTMAX else NO_MAP)
        said: dict[str, object] = {"reach_mm": REACH_MM, "largest": grid.largest.get(measure)}
        if values is None or not region.any():
            yield from _of_map(measure, subject, {}, said, EMPTY if values is not None else why)
        else:
            said |= {"place": _highest(values, region, grid.origin)}
            yield from _of_map(measure, subject, _in_region(values[region]), said, "")
    yield from _against_readers(grid, subject, classes, spacing)


def distance_row(found: Measured, subject: str, known: TrainingStatistics) -> NewScore:
    """How far the scan lies from what the model learnt from."""
    said = {"statistics": known.version, "scans": known.scans, "first_seed": known.first_seed}
    region = f"to {distance.MARGIN_MM:g} mm around the model's outer wall"
    value, method = _number(found.value), distance.METHOD
    return NewScore(DISTANCE, subject, value, ONE, region, method, distance.VERSION, said, found.reason)


def _of_map(measure: Measure, subject: str, found: Mapping[Figure, float], said: Json, why: str) -> Iterator[NewScore]:
    for figure in (Figure.MEAN, Figure.HIGH):
        name, value = name_of(measure, figure), found.get(figure)
        yield NewScore(name, subject, value, UNITS[measure], OWN, METHOD, VERSION, dict(said), why)


def _in_region(inside: NDArray[np.float32]) -> dict[Figure, float]:
    mean, high = float(inside.mean(dtype=np.float64)), float(np.percentile(inside, PERCENTILE))
    return {Figure.MEAN: mean, Figure.HIGH: high}


def _highest(values: NDArray[np.float32], region: NDArray[np.bool_], origin: Index3) -> list[int]:
    """The voxel [k, j, i] of the image with the region's highest value, the first of equal ones; [] where all are 0."""
    inside = np.where(region, values, 0)
    place = np.unravel_index(int(inside.argmax()), values.shape)
    return [int(index) for index in np.add(place, origin)] if inside[place] > 0 else []


def _against_readers(
    grid: OnGrid, subject: str, classes: Mapping[int, str], spacing: Sequence[float]
) -> Iterator[NewScore]:
    """What the maps are worth against the readers' majority; one row with the reason where that cannot be said."""
    if grid.probability is None or len(grid.votes) < 2:
        yield _row(ERROR, subject, None, {}, NO_READERS if len(grid.votes) < 2 else NO_PROBABILITY)
        return
    votes = count_votes(grid.votes, classes=len(classes) + 1)
    reference = votes.on_voxels(majority(votes).labels).astype(np.uint8)
    maps = {measure.value: values for measure, values in grid.maps.items()}
    found = case_figures.figures(maps, grid.probability, reference, grid.votes, spacing, classes=classes)
    said = {"readers": len(grid.votes), "reference": "majority", "reach_mm": REACH_MM}
    yield _row(ERROR, subject, found.error, said | {"voxels": found.voxels})
    for name, of_map in found.maps.items():
        yield from _of_evaluated(name, subject, of_map, said)
    yield from _calibration(found, subject, said)


def _of_evaluated(name: str, subject: str, found: MapFigures, said: Json) -> Iterator[NewScore]:
    curve = {"kept": list(KEPT), "accuracy": [_number(value) for value in found.accuracy]}
    yield _row(name_of(name, Figure.AAC), subject, found.aac, {**said, **curve})
    yield _row(name_of(name, Figure.TRA), subject, found.tra99, said)
    yield _row(name_of(name, Figure.NCC), subject, found.ncc, said)


def _calibration(found: CaseFigures, subject: str, said: Json) -> Iterator[NewScore]:
    for name, bins in found.reliability.items():
        listed = {
            "count": bins.count.tolist(),
            "confidence": [_number(value) for value in bins.confidence.tolist()],
            "right": [_number(value) for value in bins.right.tolist()],
        }
        yield _row(name_of(name, CALIBRATION), subject, found.ece[name], {**said, "bins": BINS, **listed})


def _row(name: str, subject: str, found: Measured | None, said: Json, reason: str = "") -> NewScore:
    value = None if found is None else _number(found.value)
    why = (found.reason if found else reason) if value is None else ""
    method, version = case_figures.METHOD, case_figures.VERSION
    return NewScore(name, subject, value, ONE, EVALUATED, method, version, dict(said), why)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value

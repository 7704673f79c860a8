"""What one scan says about every way to a map of doubt: rejection, matching with readers, calibration, case scores.

Every way is judged in the same voxels, those of `region_of_evaluation` for a reference and the mask of A, and on the
same errors, those of that mask: what differs is the order in which doubt puts them. What a way with a mask of its own
does with that one is kept beside it. Beyond the box that networks looked at every map is 0: nothing was doubted there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.evaluation.measures import Measured
from services.evaluation.uncertainty_ways import Way
from services.labels import DEFAULT
from services.phantom.simulated_readers import MAIN
from services.uncertainty.calibration import at_temperatures, equal_mass, equal_width, threshold_sweep
from services.uncertainty.case_figures import MOST_PROBABLE, ONE_DRAWING, claims_of
from services.uncertainty.matching import ncc, readers_variance
from services.uncertainty.region import region_of_evaluation
from services.uncertainty.rejection import NOTHING, Order, accuracy_of, dice_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from db.records import Region
    from services.evaluation.uncertainty_ways import Told

    Floats = NDArray[np.floating]
    Labels = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

EXACT = "exact"
AAC, TRA, TRD, OWN_AAC, NCC = "AAC", "TRA-99", "TRD-95", "AAC, own mask", "NCC"
SCORE, DICE, VOLUME = "mean in the predicted region", "outer wall Dice", "predicted volume"
TEMPERATURES = tuple(2 ** (step / 4) for step in range(-8, 9))
"""From 1/4 to 4. The one that is used is chosen among these, on other scans."""
CALIBRATED = (EXACT, f"majority, {MAIN.name}")
"""References that probabilities are calibrated against."""
LOSS, WIDTH_ERROR, MASS_ERROR = "loss", "ECE, equal width", "ECE, equal mass"


class Reference(NamedTuple):
    """What is taken for true, on the whole scan."""

    labels: Labels
    """[k, j, i], 1 lumen, 2 thrombus."""
    votes: Labels | None
    """(reader, k, j, i): whose differences maps are matched with."""
    left_out: Mask | None = None
    """[k, j, i]: what does not count, wherever it lies; None where all does."""


@dataclass(frozen=True)
class Looked:
    """What the ways say on a box of the scan."""

    region: Region
    shape: tuple[int, ...]
    """Of the scan."""
    ways: Mapping[Way, Told]

    def at(self, values: Floats, places: NDArray[np.intp], beyond: float) -> Floats:
        """(..., voxel): values (..., k, j, i) of the box at places (3, voxel) of the scan; `beyond` outside the box."""
        inside = places - np.array(self.region.origin)[:, None]
        known = ((inside >= 0) & (inside < np.array(self.region.shape)[:, None])).all(axis=0)
        found = np.full((*values.shape[:-3], places.shape[1]), beyond, values.dtype)
        k, j, i = inside[:, known]
        found[..., known] = values[..., k, j, i]
        return found

    def probability(self, way: Way, places: NDArray[np.intp]) -> Floats:
        """(class, voxel); background beyond the box."""
        found = self.at(self.ways[way].probability, places, 0.0)
        found[0] += 1 - found.sum(axis=0)
        return found

    def mask(self) -> Labels:
        """What A marks, on the whole scan."""
        whole = np.zeros(self.shape, np.uint8)
        k, j, i = (
            slice(first, first + size) for first, size in zip(self.region.origin, self.region.shape, strict=True)
        )
        whole[k, j, i] = self.ways[Way.ENSEMBLE].probability.argmax(axis=0)
        return whole


@dataclass(frozen=True)
class Judged:
    """The figures of one scan, by names that say what they are of."""

    figures: dict[str, float | None] = field(default_factory=dict)
    """`key` of way, measure, reference and figure; None with its reason."""
    reasons: dict[str, str] = field(default_factory=dict)
    curves: dict[str, list[float | None]] = field(default_factory=dict)
    """Losses and calibration errors at TEMPERATURES, Dice at THRESHOLDS."""

    def keep(self, name: str, found: Measured) -> None:
        """Take one figure in."""
        self.figures[name] = None if math.isnan(found.value) else found.value
        if found.reason:
            self.reasons[name] = found.reason


def key(*parts: str) -> str:
    """The name of a figure: way, measure, reference, what is measured; those that it has."""
    return "|".join(parts)


def judged(looked: Looked, references: Mapping[str, Reference], spacing: Sequence[float]) -> Judged:
    """All figures of one scan; spacing in mm along k, j, i."""
    found, mask = Judged(), looked.mask()
    for name, reference in references.items():
        region = region_of_evaluation(reference.labels > 0, mask > 0, spacing)
        if reference.left_out is not None:
            region &= ~reference.left_out
        places = np.stack(np.nonzero(region))
        _against(found, looked, name, reference, places, mask[region])
    _scores(found, looked, mask, references[EXACT].labels, spacing)
    return found


def _against(
    found: Judged, looked: Looked, name: str, reference: Reference, places: NDArray[np.intp], marked: Labels
) -> None:
    """Every way against one reference, in the voxels at `places`, where A marks `marked`."""
    true = reference.labels[tuple(places)]
    votes = None if reference.votes is None else reference.votes[:, places[0], places[1], places[2]]
    variance = None if votes is None or len(votes) < 2 else readers_variance(votes, classes=1 + len(DEFAULT))
    error = Measured(float((marked != true).mean())) if true.size else Measured(math.nan, NOTHING)
    found.keep(key(Way.ENSEMBLE, name, "error"), error)
    for way, told in looked.ways.items():
        probability = looked.probability(way, places)
        own = probability.argmax(axis=0) if told.own else None
        for measure, values in told.maps.items():
            seen = looked.at(values, places, 0.0)
            _map(found, key(way, measure, name), seen, true, marked, own)
            found.keep(key(way, measure, name, NCC), ONE_DRAWING if variance is None else ncc(seen, variance))
        if name in CALIBRATED and (told.own or way is Way.ENSEMBLE):
            _calibration(found, key(way, name), probability, true)


def _map(found: Judged, name: str, seen: Floats, true: Labels, marked: Labels, own: NDArray[np.intp] | None) -> None:
    order = Order.of(seen)
    rejection = accuracy_of(order, marked != true)
    found.keep(key(name, AAC), rejection.aac)
    found.keep(key(name, TRA), rejection.tra)
    found.keep(key(name, TRD), dice_of(order, marked > 0, true > 0).trd)
    if own is not None:
        found.keep(key(name, OWN_AAC), accuracy_of(order, own != true).aac)


def _calibration(found: Judged, name: str, probability: Floats, true: Labels) -> None:
    """At each temperature how surprised and how wrong; and the Dice of each structure at each threshold."""
    if not true.size:
        return
    errors: dict[str, list[float | None]] = {LOSS: [], WIDTH_ERROR: [], MASS_ERROR: []}
    right = probability.argmax(axis=0) == true  # no temperature changes which class is the most probable
    for loss, confidence in at_temperatures(probability, true, TEMPERATURES):
        errors[LOSS].append(loss)
        errors[WIDTH_ERROR].append(equal_width(confidence, right).error().value)
        errors[MASS_ERROR].append(equal_mass(confidence, right).error().value)
    found.curves.update({key(name, what): values for what, values in errors.items()})
    for structure, (sure, inside) in claims_of(probability, true, DEFAULT).items():
        if structure != MOST_PROBABLE:
            sweep = threshold_sweep(sure, inside)
            found.curves[key(name, structure)] = [None if math.isnan(value) else value for value in sweep]


def _scores(found: Judged, looked: Looked, mask: Labels, exact: Labels, spacing: Sequence[float]) -> None:
    """What is known of a scan without a reference, as a score of how doubtful it is; and how good its mask is."""
    wall = mask > 0
    region = region_of_evaluation(wall, wall, spacing)
    places = np.stack(np.nonzero(region)) if wall.any() else _box(looked.region)
    for way, told in looked.ways.items():
        for measure, values in told.maps.items():
            found.keep(key(way, measure, SCORE), _mean(looked.at(values, places, 0.0)))
    whole = int(wall.sum()) + int((exact > 0).sum())
    overlap = 2 * int((wall & (exact > 0)).sum()) / whole if whole else math.nan
    found.keep(key(Way.ENSEMBLE, EXACT, DICE), Measured(overlap, "" if whole else "both are empty"))
    found.keep(key(Way.ENSEMBLE, VOLUME), Measured(float(wall.sum() * np.prod(spacing) / 1000)))


def _box(region: Region) -> NDArray[np.intp]:
    """(3, voxel): all voxels of a box."""
    return np.asarray(np.indices(region.shape).reshape(3, -1) + np.array(region.origin)[:, None], np.intp)


def _mean(values: Floats) -> Measured:
    return Measured(float(values.mean(dtype=np.float64))) if values.size else Measured(math.nan, NOTHING)

"""The ways to a map of doubt that are compared: which networks each asks, and what it makes of their answers.

Every part is asked once a scan; ways that share networks share their answers. A way costs what its parts cost: the
two ensembles ten networks. Baselines at equal cost ask ten networks, or five that learnt for as long as B did.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from services.uncertainty.decomposition import softmax_response
from services.uncertainty.expert_guided import total_of
from services.uncertainty.names import ENTROPIES, VARIANCES, Measure, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from services.uncertainty.decomposition import Uncertainty

    Map = NDArray[np.float32]


class Part(StrEnum):
    """What is asked of a scan."""

    A = "A"
    """The shipped ensemble, which learnt from exact labels."""
    B = "B"
    """A, fine-tuned member by member on the soft labels of four readers."""
    LIGHT = "light"
    DROPOUT = "dropout"
    AUGMENTATION = "augmentation"
    EXACT = "exact"
    """A, fine-tuned as long as B was, on exact labels. The controls are not shipped: they come from a folder."""
    FIRST = "first reader"
    """The same, on one reader's labels, as published."""
    MAJORITY = "majority"
    """The same, on the readers' majority."""


CONTROLS = (Part.EXACT, Part.FIRST, Part.MAJORITY)


class Way(StrEnum):
    """From what a map of doubt is made."""

    TWO_ENSEMBLES = Method.TWO_ENSEMBLES.value
    LIGHT = Method.LIGHT.value
    ENSEMBLE = Method.ENSEMBLE.value
    DROPOUT = Method.DROPOUT.value
    AUGMENTATION = Method.AUGMENTATION.value
    SOFT_ALONE = "B alone"
    TEN = "ten members, exact labels"
    LONGER = "A fine-tuned on exact labels"
    TWICE = "A, and A fine-tuned on exact labels"
    FIRST = "two ensembles, A on one reader"
    MAJORITY = "two ensembles, A on the majority"


@dataclass(frozen=True)
class Told:
    """What a part, or a way, says of a scan, on one box."""

    probability: Map
    """(class, k, j, i), background first; its most probable class is the way's own mask."""
    maps: Mapping[Measure, Map]
    """(k, j, i) each."""
    own: bool = True
    """Whether mask and probability are the way's own; else those of A."""


def told_of(found: Uncertainty, *, own: bool = True) -> Told:
    """What an ensemble says; without what one member cannot."""
    maps = {
        Measure.PREDICTIVE: found.predictive_entropy,
        Measure.EXPECTED: found.expected_entropy,
        Measure.MUTUAL: found.mutual_information,
        Measure.ALEATORIC: found.bernoulli_variance,
        Measure.EPISTEMIC: found.member_variance,
    }
    return Told(found.mean, {measure: values for measure, values in maps.items() if values is not None}, own)


def pooled(one: Told, other: Told) -> Told:
    """What both ensembles, of equally many members, say as one: by the same sums as if they were asked together."""
    mean = (one.probability.astype(np.float64) + other.probability) / 2
    expected, bernoulli = (
        (one.maps[measure].astype(np.float64) + other.maps[measure]) / 2
        for measure in (Measure.EXPECTED, Measure.ALEATORIC)
    )
    entropy = entr(mean).sum(axis=0)
    apart = mean.sum(axis=0) - np.square(mean).sum(axis=0) - bernoulli
    maps = {
        Measure.PREDICTIVE: entropy,
        Measure.EXPECTED: expected,
        Measure.MUTUAL: np.maximum(entropy - expected, 0),
        Measure.ALEATORIC: bernoulli,
        Measure.EPISTEMIC: np.maximum(apart, 0),
    }
    return Told(mean.astype(np.float32), {measure: values.astype(np.float32) for measure, values in maps.items()})


def ways_of(parts: Mapping[Part, Told]) -> dict[Way, Told]:
    """Every way whose parts are there."""
    made: dict[Way, tuple[tuple[Part, ...], Callable[[], Told]]] = {
        Way.TWO_ENSEMBLES: ((Part.A, Part.B), lambda: _two(parts, Part.A, Part.B)),
        Way.LIGHT: ((Part.LIGHT,), lambda: _variances(parts[Part.LIGHT])),
        Way.ENSEMBLE: ((Part.A,), lambda: _all(parts[Part.A])),
        Way.DROPOUT: ((Part.DROPOUT,), lambda: _entropies(parts[Part.DROPOUT])),
        Way.AUGMENTATION: ((Part.AUGMENTATION,), lambda: _entropies(parts[Part.AUGMENTATION])),
        Way.SOFT_ALONE: ((Part.B,), lambda: _entropies(parts[Part.B])),
        Way.TEN: ((Part.A, Part.EXACT), lambda: _all(pooled(parts[Part.A], parts[Part.EXACT]))),
        Way.LONGER: ((Part.EXACT,), lambda: _all(parts[Part.EXACT])),
        Way.TWICE: ((Part.A, Part.EXACT), lambda: _two(parts, Part.A, Part.EXACT)),
        Way.FIRST: ((Part.FIRST, Part.B), lambda: _two(parts, Part.FIRST, Part.B)),
        Way.MAJORITY: ((Part.MAJORITY, Part.B), lambda: _two(parts, Part.MAJORITY, Part.B)),
    }
    return {way: make() for way, (needed, make) in made.items() if all(part in parts for part in needed)}


def _two(parts: Mapping[Part, Told], ensemble: Part, soft: Part) -> Told:
    """Epistemic uncertainty of one ensemble and aleatoric uncertainty of another; mask and probability of the first."""
    aleatoric, epistemic = parts[soft].maps[Measure.ALEATORIC], parts[ensemble].maps[Measure.EPISTEMIC]
    maps = {Measure.ALEATORIC: aleatoric, Measure.EPISTEMIC: epistemic}
    return _variances(Told(parts[ensemble].probability, maps, parts[ensemble].own))


def _variances(told: Told) -> Told:
    maps = {measure: told.maps[measure] for measure in VARIANCES if measure in told.maps}
    total = total_of(maps.get(Measure.ALEATORIC), maps.get(Measure.EPISTEMIC))
    return Told(told.probability, maps if total is None else maps | {Measure.TOTAL: total}, told.own)


def _entropies(told: Told) -> Told:
    maps = {measure: told.maps[measure] for measure in ENTROPIES if measure in told.maps}
    return Told(told.probability, maps | {Measure.SOFTMAX: softmax_response(told.probability)}, told.own)


def _all(told: Told) -> Told:
    return Told(told.probability, {**_variances(told).maps, **_entropies(told).maps}, told.own)

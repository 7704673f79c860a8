"""The groups of held-out scans that scores are compared on, and every score as an array that rises with doubt.

A setting is a group of scans and one from outside it, as in Guarino et al. 2026 (arXiv:2603.29941). Our own design:
inside is always the generator that networks learnt from, without a change of scanner or contrast medium; outside are
scans of the other generator without one, or scans of either generator with one of these changes. The networks learnt
from scans with most of the changes too, so that these are rare rather than foreign; the other generator is foreign.
Failures are sought in both groups of a setting together, as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.aggregation.names import KEYS, SIZE, direction
from services.evaluation.failures_lines import DICE
from services.evaluation.held_out import Generator
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.evaluation.uncertainty_lines import ScanFigures

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SHIFTS = (Factor.NON_CONTRAST, Factor.NOISE, Factor.METAL, Factor.THICK_SLICES)
"""Changes of scanner or contrast medium; the other factors are anatomy."""
BOTH = "both generators"


class Setting(NamedTuple):
    """Two groups of scans, as masks over all of them."""

    name: str
    inside: Mask
    outside: Mask


@dataclass(frozen=True)
class Table:
    """All scans side by side; arrays (scan,)."""

    person: NDArray[np.int64]
    dice: Numbers
    volume: Numbers
    scores: dict[str, Numbers]
    """By key, turned so that more is more doubt; nan where undefined."""
    groups: dict[str, Mask]
    """The scans of each generator, and of both."""
    settings: tuple[Setting, ...]


def table_of(lines: Sequence[ScanFigures]) -> Table:
    """The table of these lines; scores that no line has are not there."""
    there = {name for line in lines for name in line.figures}
    scores = {key: direction(one.strategy) * _column(lines, key) for key, one in KEYS.items() if key in there}
    groups = {one.value: np.array([line.generator is one for line in lines], np.bool_) for one in Generator}
    return Table(
        np.array([line.seed for line in lines], np.int64),
        _column(lines, DICE),
        _column(lines, SIZE),
        scores,
        groups | {BOTH: np.ones(len(lines), np.bool_)},
        settings_of(lines),
    )


def settings_of(lines: Sequence[ScanFigures]) -> tuple[Setting, ...]:
    """Every setting whose both groups have scans."""
    shifted = np.array([any(factor in SHIFTS for factor in line.factors) for line in lines], np.bool_)
    of = {one: np.array([line.generator is one for line in lines], np.bool_) for one in Generator}
    inside = of[Generator.SAME] & ~shifted
    found = [Setting(Generator.OTHER.value, inside, of[Generator.OTHER] & ~shifted)]
    for factor in SHIFTS:
        with_it = np.array([factor in line.factors for line in lines], np.bool_)
        found += [Setting(f"{factor.value}, {one.value}", inside, of[one] & with_it) for one in Generator]
    return tuple(one for one in found if one.inside.any() and one.outside.any())


def _column(lines: Sequence[ScanFigures], name: str) -> Numbers:
    return np.array([line.figure(name) for line in lines], np.float64)

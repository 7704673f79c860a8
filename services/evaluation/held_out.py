"""Scans that no network learnt from, of both generators, with their exact labels; each made when it is asked for.

Same generator: the cohort of the demonstration, whose seeds no training scan has. Other generator: painted scans, which
share no anatomy and no scanner with those that networks learn from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from services.evaluation.results import NONE
from services.phantom.anatomy import generate
from services.phantom.cohort import ROUND, demo_cases
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.painted.cohort import GENERATOR_VERSION as PAINTED_VERSION
from services.phantom.painted.cohort import external_cases
from services.phantom.writing import GENERATOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from services.phantom.plan import Plan
    from services.phantom.structures import Factor


class Generator(StrEnum):
    """What drew a scan, seen from the networks: what drew their training scans, or another program."""

    SAME = "same generator"
    OTHER = "other generator"


VERSIONS = {Generator.SAME: GENERATOR_VERSION, Generator.OTHER: PAINTED_VERSION}


class Scan(NamedTuple):
    """A scan with its exact labels, on one grid."""

    hounsfield: NDArray[np.int16]
    """[k, j, i]."""
    affine: NDArray[np.float64]
    """(k, j, i) to LPS millimetres, 4x4."""
    labels: NDArray[np.uint8]
    """[k, j, i], values of `structures.Structure`."""


@dataclass(frozen=True)
class HeldOut:
    """One generated scan, or the pair of one: the same seed with a factor removed."""

    name: str
    generator: Generator
    plan: Plan | PaintedPlan
    removed: Factor | None = None

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The known reasons why models fail that are in, by name."""
        return tuple(sorted(self.plan.factors))

    def without(self, factor: Factor) -> HeldOut:
        """Its pair."""
        return replace(self, plan=self.plan.without(factor), removed=factor)

    def generate(self) -> Scan:
        """Make the scan: some seconds, the same voxels each time."""
        made = generate_painted(self.plan) if isinstance(self.plan, PaintedPlan) else generate(self.plan)
        return Scan(made.hounsfield, self.plan.grid.affine, made.labels)


def held_out(persons: int, *, pairs: bool = True) -> tuple[HeldOut, ...]:
    """So many persons with each factor, and with none, of each generator, other first; each followed by its pairs."""
    most = ROUND * persons
    other = (HeldOut(case.folder, Generator.OTHER, case.plan) for case in external_cases(most))
    same = (HeldOut(case.folder, Generator.SAME, case.plan) for case in demo_cases(most))
    chosen = (*_needed(other, persons), *_needed(same, persons))
    return tuple(one for case in chosen for one in (case, *_pairs(case, wanted=pairs)))


def _needed(cases: Iterable[HeldOut], persons: int) -> Iterator[HeldOut]:
    """Those that bring a person to a stratum that has too few; one scan a person."""
    seeds: dict[str, set[int]] = defaultdict(set)
    for case in cases:
        strata = [factor.value for factor in case.factors] or [NONE]
        met = any(case.plan.seed in of_stratum for of_stratum in seeds.values())
        if not met and any(len(seeds[stratum]) < persons for stratum in strata):
            for stratum in strata:
                seeds[stratum].add(case.plan.seed)
            yield case


def _pairs(case: HeldOut, *, wanted: bool) -> Sequence[HeldOut]:
    return [case.without(factor) for factor in case.factors] if wanted else []

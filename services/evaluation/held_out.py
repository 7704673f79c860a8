"""Scans that no network learnt from, of both generators, with their exact labels; each made when it is asked for.

Same generator: the cohort of the demonstration, whose seeds no training scan has. Other generator: painted scans, which
share no anatomy and no scanner with those that networks learn from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from services.phantom.anatomy import generate
from services.phantom.cohort import demo_cases
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.painted.cohort import GENERATOR_VERSION as PAINTED_VERSION
from services.phantom.painted.cohort import external_cases
from services.phantom.writing import GENERATOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def held_out(count: int, *, pairs: bool = True) -> tuple[HeldOut, ...]:
    """The first `count` scans of each generator, other generator first; each followed by its pairs."""
    return tuple(one for case in (*_other(count), *_same(count)) for one in (case, *_pairs(case, wanted=pairs)))


def _same(count: int) -> Iterator[HeldOut]:
    return (HeldOut(case.folder, Generator.SAME, case.plan) for case in demo_cases(count))


def _other(count: int) -> Iterator[HeldOut]:
    return (HeldOut(case.folder, Generator.OTHER, case.plan) for case in external_cases(count))


def _pairs(case: HeldOut, *, wanted: bool) -> Sequence[HeldOut]:
    return [case.without(factor) for factor in case.factors] if wanted else []

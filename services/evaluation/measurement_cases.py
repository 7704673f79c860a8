"""Generated aortas with their exact labels at 1.5 mm, from the formulas: nothing is scanned. SYNTHETIC throughout.

The voxels' places are moved by chance, so that no wall lies as the grid would like it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from services.measurement.curves import Curve, smoothed, spaced
from services.phantom import truth
from services.phantom.aorta import aorta_of
from services.phantom.cohort import random_person, random_sac
from services.phantom.frame import Frame
from services.phantom.implicit import grid_of
from services.phantom.painted import truth as painted_truth
from services.phantom.painted.cohort import external_cases
from services.phantom.painted.painting import Grid
from services.phantom.painted.vessels import aorta_on
from services.phantom.plan import Plan, SacKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from services.phantom.painted.anatomy import PaintedPlan

    Numbers = NDArray[np.float64]

SEED = 91_100
"""Of the first case; no other cohort may use seeds from here."""
SPACING_MM = 1.5
STRONG_SWING_MM = (16.0, 26.0)
"""How far a tortuous aorta swings to either side; others swing 2 to 11 mm."""
OUTER, ILIAC = 1, 2


class Group(StrEnum):
    """Kinds of aortas, reported apart."""

    FUSIFORM = "fusiform"
    SACCULAR = "saccular"
    TORTUOUS = "tortuous, fusiform"
    NONE = "no aneurysm"
    PAINTED = "other generator"


KINDS = {
    Group.FUSIFORM: SacKind.FUSIFORM,
    Group.SACCULAR: SacKind.SACCULAR,
    Group.TORTUOUS: SacKind.FUSIFORM,
    Group.NONE: SacKind.NONE,
}


@dataclass(frozen=True)
class Case:
    """One aorta as a mask, and what is known of it."""

    name: str
    group: Group
    labels: NDArray[np.uint8]
    """[k, j, i]: OUTER inside the outer wall of the aorta, ILIAC in the iliac arteries outside of it."""
    affine: Numbers
    axis: Curve
    """The generating axis; its radii are of no use."""
    heights: tuple[float, float]
    """z of the sections among which the truth was sought, mm."""
    diameter_mm: float


def makers(persons: int) -> Iterator[tuple[str, Callable[[], Case]]]:
    """So many persons of each group: the name of each case, and what makes it."""
    for number in range(persons):
        for place, group in enumerate(KINDS):
            which = len(KINDS) * number + place
            yield f"case {which + 1}", partial(implicit_case, group, which)
    for number, external in enumerate(external_cases(persons)):
        yield f"painted {number + 1}", partial(painted_case, external.plan, number)


def implicit_case(group: Group, number: int) -> Case:
    """One of the implicit generator's."""
    rng = np.random.default_rng([SEED, number])
    sex = "F" if rng.random() < 0.3 else "M"
    person, sac = random_person(rng, sex, 70), random_sac(rng, KINDS[group], sex)
    if group is Group.TORTUOUS:
        sac = replace(sac, sway=float(rng.uniform(*STRONG_SWING_MM)))
    plan = Plan(SEED + number, person, sac)
    aorta = aorta_of(plan, Frame(plan))
    diameter, _ = truth.largest_diameter(aorta)
    z, y, x = (
        np.arange(low, high, SPACING_MM) + rng.uniform(0, SPACING_MM)
        for low, high in ((-62.0, 158.0), (-95.0, 75.0), (-85.0, 95.0))
    )
    points = grid_of(z, y, x)
    labels = _labels(aorta.outer(points), aorta.iliacs(points))
    axis, tangents = truth.axis_points(aorta)
    heights = (aorta.bifurcation + truth.ABOVE_THE_FORK, aorta.bifurcation + truth.BELOW_THE_RENALS)
    curve = Curve(axis[:, ::-1].copy(), tangents[:, ::-1].copy(), np.full(len(axis), 12.0))
    return Case(f"case {number + 1}", group, labels, _affine(z, y, x), curve, heights, diameter)


def painted_case(plan: PaintedPlan, number: int) -> Case:
    """One of the painted generator's; it knows wide iliac arteries, but no swing as strong."""
    plan = replace(plan, grid=Grid((160, 120, 120), (SPACING_MM,) * 3))
    aorta = aorta_on(plan.grid, plan.aorta, painted_truth.FRONT_OF_SPINE, plan.factors, plan.rng(3))
    z = np.asarray(plan.grid.axis(0), np.float64)
    above = z > plan.aorta.bifurcation
    axis = np.stack([aorta.centre[:, 1], aorta.centre[:, 0], z], axis=1)[above][::-1]
    points = spaced(np.asarray(axis, np.float64))
    _, tangents = smoothed(points, np.full(len(points), 3.0))
    curve = Curve(points, tangents, np.full(len(points), 12.0))
    heights = (plan.aorta.bifurcation + painted_truth.ABOVE_THE_FORK, float(z[-1]) - painted_truth.BELOW_THE_TOP)
    labels = _labels(aorta.outer, aorta.iliacs)
    diameter = painted_truth.largest_diameter(plan)
    return Case(f"painted {number + 1}", Group.PAINTED, labels, plan.grid.affine, curve, heights, diameter)


def _labels(outer: NDArray[np.float32], iliacs: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.where(outer < 0, OUTER, np.where(iliacs < 0, ILIAC, 0)).astype(np.uint8)


def _affine(z: Numbers, y: Numbers, x: Numbers) -> Numbers:
    matrix = np.zeros((4, 4))
    matrix[2, 0] = matrix[1, 1] = matrix[0, 2] = SPACING_MM
    matrix[:, 3] = [x[0], y[0], z[0], 1.0]
    return matrix

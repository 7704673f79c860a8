"""The diameter of a painted aorta from its formulas: by hand, and as it is painted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.phantom.painted.anatomy import PaintedPlan
from services.phantom.painted.cohort import external_cases
from services.phantom.painted.painting import Grid
from services.phantom.painted.truth import largest_diameter
from services.phantom.painted.vessels import AortaShape, aorta_on


def test_a_straight_tube_without_a_sac_is_twice_its_radius_wide() -> None:
    """The axis stands; without a sac there are no waves."""
    shape = AortaShape(radius=10.5, sac_radius=10.5, sway=0.0)
    assert largest_diameter(PaintedPlan(1, aorta=shape)) == pytest.approx(21.0, abs=1e-3)


def test_a_swaying_tube_is_cut_across_its_axis() -> None:
    """x = sway sin(z / 45): an axial plane cuts a round tube, a plane across the axis an ellipse that is narrower.

    Where it is steepest the axis leans by atan(9 / 45): cos of that is 0.98; where it turns it stands.
    """
    shape = AortaShape(radius=10.5, sac_radius=10.5, sway=9.0)
    assert largest_diameter(PaintedPlan(1, aorta=shape)) == pytest.approx(21.0, abs=0.05)


@pytest.mark.parametrize("number", range(4))
def test_a_sac_is_about_as_wide_as_it_is_painted(number: int) -> None:
    """Waves included. Its axis leans back beside its widest place, where the plane across it is wider by a little."""
    plan = external_cases(number + 1)[number].plan
    fine = replace(plan, grid=Grid((280, 8, 8), (1.0, 1.0, 1.0)))
    painted = aorta_on(fine.grid, plan.aorta, -1.0, plan.factors, plan.rng(3)).largest_diameter
    assert largest_diameter(fine) == pytest.approx(painted, abs=0.8)

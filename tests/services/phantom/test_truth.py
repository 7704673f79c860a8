"""The formulas' own diameter and volumes against brute force and against voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label as components
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from services.phantom.aorta import aorta_of
from services.phantom.frame import Frame
from services.phantom.implicit import grid_of, scattered
from services.phantom.plan import Plan, Sac, SacKind
from services.phantom.structures import INSIDE_THE_WALL, Factor, Structure
from services.phantom.truth import axis_points, largest_diameter, truth_of, volumes, wall_radius
from tests.services.phantom.small import GRID, PLAN, generated, with_factors

kinds = pytest.mark.parametrize("kind", list(SacKind))


def of_kind(kind: SacKind, **sac: float) -> Plan:
    return replace(PLAN, sac=Sac(kind=kind, **sac))


@kinds
def test_the_largest_diameter_is_that_of_a_brute_force_search_on_a_grid_of_a_tenth_of_a_millimetre(
    kind: SacKind,
) -> None:
    plan = of_kind(kind)
    aorta = aorta_of(plan, Frame(plan))
    diameter, centre = largest_diameter(aorta)
    points, tangents = axis_points(aorta, 0.1)
    normal = tangents[np.argmin(np.linalg.norm(points - centre, axis=1))]
    assert brute_force(aorta, centre, normal) == pytest.approx(diameter, abs=0.25)


def brute_force(aorta: object, centre: np.ndarray, normal: np.ndarray) -> float:
    """The farthest two pixels of the wall's inside in a plane, in pixels of 0.1 mm that touch the middle."""
    across = np.cross(normal, (0.0, 1.0, 0.0))
    across /= np.linalg.norm(across)
    steps = np.arange(-480, 481) * 0.1
    places = centre + steps[:, None, None] * across + steps[None, :, None] * np.cross(normal, across)
    inside = aorta.outer(scattered(places), 6.0) < 0  # type: ignore[attr-defined]
    marked, _ = components(inside)
    rows, columns = np.nonzero(marked == marked[480, 480])
    outline = np.stack([steps[rows], steps[columns]], axis=1)
    return float(pdist(outline[ConvexHull(outline).vertices]).max())


def test_no_plane_of_the_axis_is_wider_than_the_largest_diameter() -> None:
    aorta = aorta_of(PLAN, Frame(PLAN))
    diameter, _ = largest_diameter(aorta)
    points, tangents = axis_points(aorta, 5.0)
    held = (points[:, 0] > aorta.bifurcation + 6) & (points[:, 0] < aorta.bifurcation + 84)
    radius = wall_radius(aorta, points[held], tangents[held], np.linspace(0, 2 * np.pi, 60))
    assert (radius[:, :30] + radius[:, 30:]).max() <= diameter + 0.05


def test_the_wall_lies_where_its_distance_is_zero() -> None:
    aorta = aorta_of(PLAN, Frame(PLAN))
    points, _ = axis_points(aorta, 20.0)
    some, upright = points[8:13], np.tile([1.0, 0.0, 0.0], (5, 1))
    forward = wall_radius(aorta, some, upright, np.zeros(1))
    wall = some - forward * np.array([0.0, 1.0, 0.0])
    assert (forward > 5).all()
    assert np.abs(aorta.outer(scattered(wall), 6.0)).max() < 5e-3


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(14, 34), st.sampled_from(SacKind))
def test_analytic_and_voxel_volumes_come_together_as_voxels_shrink(seed: int, radius: float, kind: SacKind) -> None:
    plan = replace(of_kind(kind, radius=radius), seed=seed)
    aorta = aorta_of(plan, Frame(plan))
    bottom, top = aorta.bifurcation + 5.25, aorta.bifurcation + 83.25
    outer, _ = volumes(aorta, bottom, top)
    for spacing, apart in ((3.0, 0.045), (1.0, 0.012)):
        assert counted(aorta, bottom, top, spacing) == pytest.approx(outer, rel=apart)


def counted(aorta: object, bottom: float, top: float, spacing: float) -> float:
    """Millilitres of the voxels whose middles lie inside the outer wall."""
    z = np.arange(bottom + spacing / 2, top, spacing)
    y, x = np.arange(-110 + spacing / 3, 40, spacing), np.arange(-65 + spacing / 3, 90, spacing)
    return float((aorta.outer(grid_of(z, y, x)) < 0).sum()) * spacing**3 / 1000  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "factors", [(), (Factor.THIN_THROMBUS,), (Factor.ENDOGRAFT,)], ids=["plain", "thin", "endograft"]
)
def test_the_label_map_has_the_volumes_of_the_formulas(factors: tuple[Factor, ...]) -> None:
    plan = with_factors(*factors)
    phantom, millilitre = generated(plan), np.prod(GRID.spacing) / 1000
    truth = truth_of(phantom.aorta, plan)
    inside = np.isin(phantom.labels, INSIDE_THE_WALL).sum() * millilitre
    assert inside == pytest.approx(truth.outer_ml, rel=0.015)
    thrombus = (phantom.labels == Structure.THROMBUS).sum() * millilitre
    assert 0.85 * truth.thrombus_ml < thrombus < 1.02 * truth.thrombus_ml


def test_an_aorta_without_aneurysm_has_no_thrombus_and_a_normal_diameter() -> None:
    plan = of_kind(SacKind.NONE)
    truth = truth_of(aorta_of(plan, Frame(plan)), plan)
    assert truth.thrombus_ml == pytest.approx(0, abs=0.05)
    assert 15 <= truth.diameter_mm <= 26


@pytest.mark.parametrize("by", [1.5, 4.0])
@pytest.mark.parametrize("kind", [SacKind.FUSIFORM, SacKind.SACCULAR])
def test_a_sac_that_grows_by_a_radius_is_about_two_radii_wider(kind: SacKind, by: float) -> None:
    plan = of_kind(kind, radius=24.0)
    grown = replace(plan, sac=plan.sac.grown(by))
    before, after = (largest_diameter(aorta_of(one, Frame(one)))[0] for one in (plan, grown))
    assert after - before == pytest.approx(2 * by, rel=0.25)


def test_the_truth_of_a_scan_does_not_depend_on_the_scanner() -> None:
    other = replace(PLAN, scan=replace(PLAN.scan, noise=40.0, seed=5))
    assert truth_of(aorta_of(other, Frame(other)), other) == truth_of(aorta_of(PLAN, Frame(PLAN)), PLAN)

"""Along a centreline: lengths, nearest places, frames that do not twist, and pictures resampled to known values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.browser import tubes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
HELIX_RADIUS, PITCH = 20.0, 60.0


@pytest.fixture
def modules(page: Page, harness: Harness) -> Page:
    """An empty page of the server that the viewer's modules can be imported on."""
    page.goto(f"{harness.url}/data")
    return page


def run(page: Page, module: str, script: str, *arguments: object) -> Any:
    """What a function of (module, ...arguments) returns."""
    call = f"([...given]) => import('/assets/x/viewer/{module}.js').then((m) => ({script})(m, ...given))"
    return page.evaluate(call, list(arguments))


def helix(turns: float = 1.5, count: int = 120) -> NDArray[np.float64]:
    """Points of a helix around the head-foot axis, from the top down."""
    angle = np.linspace(0, 2 * np.pi * turns, count)
    return np.stack([HELIX_RADIUS * np.cos(angle), HELIX_RADIUS * np.sin(angle), -PITCH * angle / (2 * np.pi)], axis=1)


def frames(page: Page, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Directions of a curve and the two vectors across it, each (n, 3)."""
    script = """({Curve}, points) => { const curve = new Curve(points);
      return [curve.points.map((_, n) => curve.direction(n * curve.step)), ...["right", "down"].map((side) =>
        curve.frames().map((frame) => frame[side]))]; }"""
    return tuple(np.array(found) for found in run(page, "curve", script, points.tolist()))


@pytest.mark.parametrize("affine", [tubes.flipped(), tubes.turned()], ids=["flipped", "turned"])
def test_the_way_from_millimetres_to_voxels_undoes_the_affine(modules: Page, affine: NDArray[np.float64]) -> None:
    script = "({inverse, toPatient}, affine, place) => toPatient(inverse(affine), toPatient(affine, place))"
    assert run(modules, "geometry", script, affine.tolist(), [3.25, 17.0, 40.5]) == pytest.approx([3.25, 17.0, 40.5])


def test_a_curve_is_as_long_as_its_line_and_is_kept_at_equal_steps(modules: Page) -> None:
    script = """({Curve}, points) => { const curve = new Curve(points); return [curve.length, curve.points,
      curve.at(-5), curve.at(15), curve.at(999)]; }"""
    points = [[0, 0, 0], [0, 0, -10], [0, 0, -10], [0, 20, -10]]
    length, kept, before, middle, after = run(modules, "curve", script, points)
    assert length == 30
    assert np.linalg.norm(np.diff(kept[:10], axis=0), axis=1) == pytest.approx(1.0)
    assert (before, middle, after) == ([0, 0, 0], pytest.approx([0, 5, -10]), [0, 20, -10])


def test_the_nearest_place_of_a_curve_lies_straight_across(modules: Page) -> None:
    script = "({Curve}, points, point) => new Curve(points).nearest(point)"
    found = run(modules, "curve", script, tubes.line(), (12.3 * tubes.direction() + [0, 7, 0]).tolist())
    assert found == {"along": pytest.approx(34 + 12.3), "distance": pytest.approx(7.0)}


def test_frames_are_right_angled_and_of_length_one(modules: Page) -> None:
    along, right, down = frames(modules, helix())
    whole = np.stack([along, right, down], axis=1)
    assert np.abs(whole @ whole.transpose(0, 2, 1) - np.eye(3)).max() < 1e-9


def test_frames_turn_with_the_curve_but_never_about_it(modules: Page) -> None:
    """A vector carried along a curve without twist changes in the direction of the curve alone."""
    along, right, down = frames(modules, helix())
    twist = (np.diff(right, axis=0) * (down[1:] + down[:-1]) / 2).sum(axis=1)
    bend = np.linalg.norm(np.diff(along, axis=0), axis=1)
    assert bend.min() > 0.01
    assert np.abs(twist).max() < 2e-4


def test_frames_of_a_helix_turn_by_its_torsion(modules: Page) -> None:
    """Against the curve's own normal, which points to the axis, they turn by the torsion times the length."""
    along, right, down = frames(modules, helix())
    angle = np.linspace(0, 3 * np.pi, len(along))
    inwards = np.stack([-np.cos(angle), -np.sin(angle), np.zeros_like(angle)], axis=1)
    turn = np.unwrap(np.arctan2((inwards * down).sum(axis=1), (inwards * right).sum(axis=1)))[5:-5]
    rise = PITCH / (2 * np.pi)
    length = np.hypot(HELIX_RADIUS, rise) * (angle[-6] - angle[5])
    torsion = rise / (HELIX_RADIUS**2 + rise**2)
    assert abs(turn[-1] - turn[0]) == pytest.approx(torsion * length, rel=0.02)


@pytest.mark.parametrize("towards", [[0.0, 0.0, -1.0], [0.3, -0.5, -0.8], [0.0, 0.9, -0.3], [0.2, 0.1, 1.0]])
def test_a_perpendicular_plane_is_the_axial_one_tilted_the_shortest_way(modules: Page, towards: list[float]) -> None:
    unit = np.array(towards) / np.linalg.norm(towards)
    found = run(modules, "curve", "({tilted}, direction) => tilted(direction)", unit.tolist())
    normal, right, down = (np.array(found[name]) for name in ("normal", "right", "down"))
    whole = np.stack([normal, right, down])
    assert np.abs(whole @ whole.T - np.eye(3)).max() < 1e-12
    assert normal[2] < 0
    assert abs(normal @ unit) == pytest.approx(1.0)
    shortest = np.degrees(np.arccos(-normal[2]))
    turn = np.stack([right, down, -normal], axis=1)
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) == pytest.approx(shortest, abs=1e-4)


def test_the_ways_down_are_the_aorta_with_each_of_its_limbs(modules: Page) -> None:
    aorta, left, right = [[0, 0, 50], [0, 0, 0]], [[0, 0, 0], [10, 0, 0]], [[0, 0, 0], [-20, 0, 0]]
    named = zip(("centreline, left iliac", "centreline", "centreline, right iliac"), (left, aorta, right), strict=True)
    curves = [{"name": name, "points": points} for name, points in named]
    script = "({waysDown}, curves) => waysDown(curves).map(({name, curve}) => [name, curve.length])"
    assert run(modules, "curve", script, curves) == [["aorta and left iliac", 60], ["aorta and right iliac", 70]]
    assert run(modules, "curve", script, curves[1:2]) == [["aorta", 50]]
    assert run(modules, "curve", script, []) == []


SAMPLE = """async (m, kind, values, shape, first, step, width, height) => {
  const {Block} = await import('/assets/x/viewer/volume.js');
  const block = new Block(new (kind === "sampleImage" ? Int16Array : Uint8Array)(values), [0, 0, 0], shape);
  const found = m[kind](block, m.rowsOf(width, height, (row) => ({first: first[row], step})));
  return [Array.from(found.data), found.origin, found.shape]; }"""


def test_between_voxels_an_image_is_linear_and_beyond_its_border_voxels_unknown(modules: Page) -> None:
    ramp = [100 * k + 10 * j + i for k in range(2) for j in range(2) for i in range(4)]
    given = (ramp, [2, 2, 4], [[0.5, 0.5, -1.0]], [0, 0, 0.5], 11, 1)
    values, _, _ = run(modules, "resample", SAMPLE, "sampleImage", *given)
    assert values == [-32768, 55, 55, 56, 56, 57, 57, 58, 58, 58, -32768]


def test_a_mask_has_the_value_of_the_nearest_voxel_in_the_smallest_block(modules: Page) -> None:
    mask = [0, 0, 5, 5, 0, 0, 0, 5]
    given = (mask, [1, 2, 4], [[0, 0, -2.0], [0, 0.6, -2.0], [0, 3, -2]], [0, 0, 0.5], 11, 3)
    values, origin, shape = run(modules, "resample", SAMPLE, "sampleNearest", *given)
    assert (origin, shape) == ([0, 0, 7], [1, 2, 4])
    assert values == [5, 5, 5, 5, 0, 0, 5, 5]


@pytest.mark.parametrize(
    ("ends", "share"),
    [((0.0, 0.0), [0, 1]), ((2.0, 2.0), None), ((-2.0, 2.0), [0.25, 0.75]), ((0.5, 4.5), [0, 0.125]), ((2, 9), None)],
)
def test_a_diameter_lies_in_a_slice_as_far_as_half_of_its_thickness(
    modules: Page, ends: tuple[float, float], share: list[float] | None
) -> None:
    script = "({withinPlane}, from, to) => withinPlane(from, to, 1)"
    found = run(modules, "diameters", script, *ends)
    assert found == (None if share is None else pytest.approx(share))

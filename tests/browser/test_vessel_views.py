"""The perpendicular plane and the straightened view on a tilted tube: what they show, and how they are linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import tubes
from tests.browser.test_viewer_pixels import press

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
AFFINES = {"flipped": tubes.flipped(), "turned": tubes.turned()}
MIDDLE = "#k={}&j={}&i={}&w=400&l=150".format(*(size // 2 for size in tubes.SHAPE))
DOWN = """(column) => { const v = viewer.views.perpendicular, { data } = v.blockOf(viewer), { width, height } = v.plane;
  return Array.from({ length: height }, (_, row) => data[row * width + column]); }"""
ACROSS = """([view, row]) => { const v = viewer.views[view], block = v.blockOf(viewer), width = v.plane.width;
  return Array.from(block.data.slice(row * width, (row + 1) * width)); }"""


@pytest.fixture
def case(harness: Harness) -> Harness:
    show(harness, AFFINES["flipped"])
    return harness


def show(harness: Harness, affine: NDArray[np.float64], **changes: Any) -> None:
    image, mask = tubes.tube(affine)
    said = {"measurements": tubes.stored(), "layers": [harness.layer(mask, style="outline")]} | changes
    harness.show(image, affine, **said)


def settled(page: Page, *keys: str) -> Page:
    press(page, *keys)
    page.wait_for_function("!window.viewer.pending")
    return page


def width_mm(values: list[int], pixel: float) -> float:
    """Of the bright piece in a row of the picture, between the places where it is half as bright."""
    row = np.array(values, dtype=float)
    rank = np.arange(row.size - 1)
    up, down = (rank[(row[:-1] < 150) & (row[1:] >= 150)][0], rank[(row[:-1] >= 150) & (row[1:] < 150)][-1])
    edges = [at + (150 - row[at]) / (row[at + 1] - row[at]) for at in (up, down)]
    return float(edges[1] - edges[0]) * pixel


@pytest.mark.parametrize("name", list(AFFINES))
def test_across_a_tilted_tube_its_diameter_is_true_in_every_direction(
    harness: Harness, opened: Callable[..., Page], name: str
) -> None:
    show(harness, AFFINES[name])
    page = settled(opened(MIDDLE), "v")
    size = page.evaluate("viewer.views.perpendicular.plane.width")
    row = page.evaluate(ACROSS, ["perpendicular", size // 2])
    column = page.evaluate(DOWN, size // 2)
    assert width_mm(row, 0.5) == pytest.approx(tubes.DIAMETER, abs=0.5)
    assert width_mm(column, 0.5) == pytest.approx(tubes.DIAMETER, abs=0.5)
    assert page.evaluate("viewer.views.perpendicular.plane.letters") == {
        "left": "RI", "right": "LS", "top": "A", "bottom": "P",
    }  # fmt: skip


def test_the_outline_of_a_mask_hugs_the_tube(case: Harness, opened: Callable[..., Page]) -> None:
    page = settled(opened(MIDDLE), "v")
    edges = np.array(page.evaluate("viewer.views.perpendicular.outlines.get('1').at(-1).edges")).reshape(-1, 2)
    radius = np.linalg.norm(edges * 0.5 - 60, axis=1)
    assert radius.min() > tubes.DIAMETER / 2 - 1.5
    assert radius.max() < tubes.DIAMETER / 2 + 1.5


@pytest.mark.parametrize("name", list(AFFINES))
def test_straightened_the_tube_runs_straight_down_with_one_width(
    harness: Harness, opened: Callable[..., Page], name: str
) -> None:
    show(harness, AFFINES[name])
    page = settled(opened(MIDDLE), "l")
    rows = page.evaluate("viewer.views.straight.plane.height")
    for row in (rows // 3, rows // 2, 2 * rows // 3):
        values = page.evaluate(ACROSS, ["straight", row])
        assert width_mm(values, 0.75) == pytest.approx(tubes.DIAMETER, abs=0.5)
        assert np.mean(np.flatnonzero(np.array(values) > 150)) == pytest.approx(79.5, abs=0.6)


def test_the_wheel_goes_along_the_curve_and_the_planes_follow(case: Harness, opened: Callable[..., Page]) -> None:
    page = settled(opened(MIDDLE), "v")
    before = page.evaluate("[viewer.vessel.along, viewer.point]")
    page.locator(".plane[data-plane=perpendicular]").hover()
    page.mouse.wheel(0, 40 * 8)
    page.wait_for_function(f"viewer.vessel.along > {before[0] + 7}")
    along, point = page.evaluate("[viewer.vessel.along, viewer.point]")
    assert along - before[0] == pytest.approx(8.0)
    assert point == pytest.approx((34 * -tubes.direction() + along * tubes.direction()).tolist(), abs=1e-6)
    assert page.evaluate("viewer.cursor") == [round(x) for x in page.evaluate("viewer.toVoxels(viewer.point)")]
    settled(page, "End")
    assert page.evaluate("viewer.vessel.along") == pytest.approx(68.0)


def test_moving_a_plane_moves_the_perpendicular_one(case: Harness, opened: Callable[..., Page]) -> None:
    page = settled(opened(MIDDLE), "v", "ArrowLeft", "ArrowLeft")
    before = page.evaluate("viewer.vessel.along")
    assert page.evaluate("viewer.active.name") == "sagittal"
    settled(page, "ArrowRight", "ArrowDown", "ArrowDown")
    assert page.evaluate("viewer.active.name") == "axial"
    toward_feet = 2 * tubes.SPACING[0] * np.cos(np.radians(tubes.TILT))
    assert page.evaluate("viewer.vessel.along") - before == pytest.approx(toward_feet, abs=0.01)


def test_a_click_in_the_perpendicular_plane_moves_the_crosshair_and_not_the_plane(
    case: Harness, opened: Callable[..., Page]
) -> None:
    page = settled(opened(MIDDLE), "v")
    plane = page.evaluate("viewer.views.perpendicular.frame")
    x, y = page.evaluate("viewer.views.perpendicular.toScreen([120 + 16, 120 - 10])")
    page.locator(".plane[data-plane=perpendicular]").click(position={"x": x, "y": y})
    page.wait_for_function("!window.viewer.pending")
    assert page.evaluate("viewer.views.perpendicular.frame") == plane
    wanted = np.array(plane["centre"]) + 8 * np.array(plane["right"]) - 5 * np.array(plane["down"])
    assert page.evaluate("viewer.point") == pytest.approx(wanted.tolist(), abs=0.5)
    nearest = np.round(page.evaluate("viewer.toVoxels(viewer.point)"))
    assert page.evaluate("viewer.cursor") == nearest.tolist()


def test_a_click_in_the_straightened_view_goes_there_and_the_line_shows_where(
    case: Harness, opened: Callable[..., Page]
) -> None:
    page = settled(opened(MIDDLE), "v", "l")
    x, y = page.evaluate("viewer.views.straight.toScreen([80, 20 / 0.75])")
    page.locator(".plane[data-plane=straight]").click(position={"x": x, "y": y})
    page.wait_for_function("!window.viewer.pending")
    assert page.evaluate("viewer.vessel.along") == pytest.approx(20.0, abs=0.6)
    assert page.evaluate("viewer.views.straight.cross()[1] * 0.75") == pytest.approx(20.0, abs=0.6)
    shown = page.locator(".plane[data-plane=perpendicular] .top-left")
    expect(shown).to_contain_text("20 of 68 mm")


def test_the_keys_put_the_two_views_in_the_place_of_coronal_and_sagittal(
    case: Harness, opened: Callable[..., Page]
) -> None:
    page = settled(opened(MIDDLE), "v")
    assert shown(page) == ["axial", "perpendicular", "sagittal"]
    settled(page, "l")
    assert shown(page) == ["axial", "perpendicular", "straight"]
    assert "from the front" in page.locator(".plane[data-plane=straight]").inner_text()
    settled(page, "l", "v")
    assert "from the side" in page.locator(".plane[data-plane=straight]").inner_text()
    assert shown(page) == ["axial", "coronal", "straight"]
    settled(page, "l")
    assert shown(page) == ["axial", "coronal", "sagittal"]


def shown(page: Page) -> list[str]:
    names: list[str] = page.locator(".plane:visible").evaluate_all("(all) => all.map((one) => one.dataset.plane)")
    return names


def test_the_address_brings_the_views_back(case: Harness, opened: Callable[..., Page]) -> None:
    page = settled(opened(MIDDLE), "v", "l", "l", "PageDown")
    page.wait_for_function("location.hash.includes('straight=down')")
    along = page.evaluate("viewer.vessel.along")
    again = opened(page.evaluate("location.hash"))
    assert shown(again) == ["axial", "perpendicular", "straight"]
    assert again.evaluate("[viewer.vessel.along, viewer.vessel.side]") == [pytest.approx(along, abs=0.05), "down"]


def test_without_a_centreline_the_views_are_not_there_and_it_says_why(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    why = "The mask has two pieces of the same size."
    show(harness, AFFINES["flipped"], measurements={"curves": [], "diameters": [], "reason": why})
    page = settled(opened(MIDDLE), "v")
    assert shown(page) == ["axial", "coronal", "sagittal"]
    expect(page.locator(".panel:visible .said")).to_have_text(why)
    page.get_by_role("button", name="Close").click()
    assert page.locator(".panel:visible").count() == 0


def test_a_stored_diameter_is_reached_and_drawn_in_its_plane(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=0&j=0&i=0")
    page.get_by_label("Go to a diameter").select_option("7")
    page.wait_for_function("!window.viewer.pending")
    assert page.evaluate("viewer.point") == pytest.approx([0, 0, 0], abs=1e-6)
    assert "perpendicular" in shown(page)
    drawn = """() => { const view = viewer.views.perpendicular, ends = viewer.diameters.shown[0].points.map((p) =>
      view.project(p)); return ends.map(({x, y, off}) => [x * 0.5 - 60, y * 0.5 - 60, off]); }"""
    assert np.array(page.evaluate(drawn)) == pytest.approx(np.array([[0, -12, 0], [0, 12, 0]]), abs=0.01)
    page.get_by_role("button", name="Diameters: show or hide").click()
    assert page.evaluate("viewer.diameters.shown.length") == 0


def test_a_place_on_the_page_may_open_the_perpendicular_plane(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=0&j=0&i=0")
    middle = page.evaluate("viewer.toVoxels([0, 0, 0]).map(Math.round).join()")
    page.evaluate(
        "(place) => document.body.insertAdjacentHTML('beforeend', `<button data-secondlook-place='${place}'"
        " data-secondlook-view='perpendicular'>check the plane</button>`)",
        middle,
    )
    page.get_by_text("check the plane").dispatch_event("click")
    assert shown(page) == ["axial", "perpendicular", "sagittal"]
    assert page.evaluate("viewer.point") == pytest.approx([0, 0, 0], abs=1e-6)


def test_a_line_shows_where_the_perpendicular_plane_cuts_the_others(case: Harness, opened: Callable[..., Page]) -> None:
    """Across a tube that is tilted to the left, the cut with a coronal plane rises to the left by the same angle."""
    page = settled(opened(MIDDLE), "v")
    page.evaluate("viewer.vessel.moveTo(34)")
    script = """(name) => { const view = viewer.views[name];
      return viewer.views.perpendicular.traceOn(view).map((end) => view.pointAt(...end)); }"""
    first, last = (np.array(end) for end in page.evaluate(script, "coronal"))
    assert np.linalg.norm(last - first) == pytest.approx(50.0)
    assert (last - first) @ tubes.direction() == pytest.approx(0.0, abs=1e-6)
    assert np.abs(first + last)[[0, 2]] / 2 == pytest.approx([0, 0], abs=0.7)
    inwards = [np.array(end) for end in page.evaluate(script, "sagittal")]
    assert np.ptp([end[2] for end in inwards]) == pytest.approx(0.0, abs=1e-6)


def test_words_of_diameters_that_lie_together_do_not_cover_each_other(
    case: Harness, opened: Callable[..., Page]
) -> None:
    page = opened(MIDDLE)
    places = page.evaluate("""async () => {
      const { freePlace } = await import("/assets/x/viewer/diameters.js");
      const pen = document.createElement("canvas").getContext("2d"), taken = [];
      return [[10, 20], [12, 25], [11, 18], [200, 20]].map((place) => freePlace(pen, "57.5 mm", place, taken)); }""")
    assert places == [[10, 20], [12, 35], [11, 50], [200, 20]]


def test_a_panel_takes_room_of_the_small_planes_and_covers_none(case: Harness, opened: Callable[..., Page]) -> None:
    page = settled(opened(MIDDLE), "d")
    panel = page.locator(".panel:visible").bounding_box()
    planes = [one.bounding_box() for one in page.locator(".plane:visible").all()]
    assert panel is not None
    for plane in planes:
        assert plane is not None
        is_beside = plane["x"] + plane["width"] <= panel["x"] or plane["y"] + plane["height"] <= panel["y"]
        assert is_beside

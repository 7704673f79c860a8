"""A reader's own diameter: placed from wall to wall on a tilted tube, moved, saved, and there again after a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from services import workflow
from services.settings import Settings
from tests.browser import tubes
from tests.browser.test_vessel_views import ACROSS, MIDDLE, settled, show
from tests.running import RunningServer
from tests.small_case import write_small_case
from tests.tube_measures import DIAMETER, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
READY = ".secondlook-viewer[data-ready=all]"
KNOWN = "({ viewer }) => viewer.diameters.shown.map((one) => [one.reader, one.value, one.points])"


@pytest.fixture
def perpendicular(harness: Harness, opened: Callable[..., Page]) -> Page:
    """The plane across the tilted tube, large, with the diameter tool chosen."""
    show(harness, tubes.turned())
    harness.answers["measurements"] = lambda _: {"measurement": 1}
    page = settled(opened(MIDDLE), "v")
    page.locator(".plane[data-plane=perpendicular]").dblclick()
    return settled(page, "d")


def plane(page: Page, name: str = "perpendicular") -> Locator:
    return page.locator(f".plane[data-plane={name}]")


def on_screen(page: Page, point: tuple[float, float], name: str = "perpendicular") -> tuple[float, float]:
    """Page coordinates of a point of a view's picture."""
    script = """({ viewer }, [name, point]) => { const view = viewer.views[name];
      const box = view.element.getBoundingClientRect(), [x, y] = view.toScreen(point);
      return [x + box.left, y + box.top]; }"""
    x, y = page.locator(READY).evaluate(script, [name, list(point)])
    return x, y


def walls(page: Page) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the tube's wall is seen left and right in the middle row: half as bright as the tube."""
    row = page.evaluate("viewer.views.perpendicular.plane.height / 2")
    values = np.array(page.evaluate(ACROSS, ["perpendicular", row]), dtype=float)
    inside = np.flatnonzero(values >= 150)
    left, right = inside[0], inside[-1]
    before = left - (values[left] - 150) / (values[left] - values[left - 1])
    after = right + (values[right] - 150) / (values[right] - values[right + 1])
    return (float(before) + 0.5, row + 0.5), (float(after) + 0.5, row + 0.5)


def said(page: Page) -> str:
    return page.locator(".panel:visible .said").inner_text()


def sent(harness: Harness) -> dict[str, Any]:
    (only,) = [said for path, said in harness.sent if path == "measurements"]
    return only


def test_from_wall_to_wall_of_a_tilted_tube_the_diameter_is_true(perpendicular: Page, harness: Harness) -> None:
    for end in walls(perpendicular):
        perpendicular.mouse.click(*on_screen(perpendicular, end))
    millimetres = float(said(perpendicular).split(" mm")[0])
    assert millimetres == pytest.approx(tubes.DIAMETER, abs=0.5)
    with perpendicular.expect_response("**/measurements?case=PTEST-1"):
        perpendicular.get_by_role("button", name="Save").click()
    expect(perpendicular.locator(".panel:visible .said")).to_contain_text(f"Saved: {millimetres:.1f} mm")
    kept = sent(harness)
    assert (kept["view"], kept["centreline"]) == ("perpendicular", tubes.AUTHOR)
    normal, ends = np.array(kept["plane"]["normal"]), np.array(kept["ends"])
    assert abs(normal @ tubes.direction()) == pytest.approx(1.0, abs=1e-6)
    assert (ends - kept["plane"]["point"]) @ normal == pytest.approx([0, 0], abs=1e-9)
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(millimetres, abs=0.05)
    assert [name for name, _ in perpendicular.evaluate("triggers")] == ["show"]


def test_an_end_is_dragged_to_where_it_belongs(perpendicular: Page) -> None:
    left, right = walls(perpendicular)
    perpendicular.mouse.move(*on_screen(perpendicular, left))
    perpendicular.mouse.down()
    perpendicular.mouse.move(*on_screen(perpendicular, (right[0] - 14, right[1])), steps=3)
    perpendicular.mouse.up()
    assert float(said(perpendicular).split(" mm")[0]) == pytest.approx(tubes.DIAMETER - 7, abs=0.5)
    perpendicular.mouse.move(*on_screen(perpendicular, (right[0] - 14, right[1])))
    perpendicular.mouse.down()
    perpendicular.mouse.move(*on_screen(perpendicular, right), steps=3)
    perpendicular.mouse.up()
    assert float(said(perpendicular).split(" mm")[0]) == pytest.approx(tubes.DIAMETER, abs=0.5)


def test_without_a_mouse_enter_places_both_ends_at_the_crosshair_and_saves(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    show(harness, tubes.flipped())
    harness.answers["measurements"] = lambda _: {"measurement": 1}
    page = settled(opened("#k=24&j=20&i=28"), "d", "Enter")
    assert said(page) == "Now the other wall."
    page.evaluate("viewer.input.activate(viewer.views.coronal)")
    settled(page, "ArrowDown", "PageDown")
    page.evaluate("viewer.input.activate(viewer.views.axial)")
    settled(page, "Enter")
    assert said(page).startswith("11.0 mm in an axial slice")
    with page.expect_response("**/measurements?case=PTEST-1"):
        settled(page, "Enter")
    assert sent(harness)["view"] == "axial"
    assert sent(harness)["plane"]["normal"] == pytest.approx([0, 0, -1]) or sent(harness)["plane"]["normal"][2] == 1


def test_a_refusal_is_said_and_the_line_stays(perpendicular: Page, harness: Harness) -> None:
    harness.answers.pop("measurements")
    for end in walls(perpendicular):
        perpendicular.mouse.click(*on_screen(perpendicular, end))
    perpendicular.get_by_role("button", name="Save").click()
    expect(perpendicular.locator(".panel:visible .said")).to_have_text("no such route")
    assert perpendicular.evaluate("viewer.hands.diameter.ends.length") == 2
    settled(perpendicular, "Escape")
    assert perpendicular.locator(".panel:visible").count() == 0


@pytest.fixture(scope="module")
def measured_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on one small case, with the tube's centreline and diameter stored."""
    folder = tmp_path_factory.mktemp("measured")
    write_small_case(folder / "cases" / "case")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    measure(desk, workflow.cases(desk)[0].key)
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


def test_a_reader_checks_the_plane_places_a_diameter_and_finds_it_again(
    page: Page, measured_server: RunningServer
) -> None:
    page.set_default_timeout(30_000)
    page.goto(measured_server.sign_in_link)
    page.wait_for_selector(".secondlook-table[data-ready=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    page.get_by_label("Go to a diameter").select_option(label=f"{DIAMETER:.1f} mm: {tubes.ORTHOGONAL} (A 1)")
    expect(plane(page).locator(".top-left")).to_contain_text("27 of 57 mm")
    page.keyboard.press("d")
    for y in (-13.0, 13.0):
        page.mouse.click(*on_screen(page, (120, 120 + 2 * y)))
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".panel:visible .said")).to_contain_text("Saved: 2")
    page.get_by_label("Go to a diameter").locator("option", has_text="local reader").wait_for(state="attached")
    page.reload()
    page.wait_for_selector(READY)
    known = page.locator(READY).evaluate(KNOWN)
    (_, automatic, _), (reader, value, ends) = known
    assert (automatic, reader) == (DIAMETER, "local reader")
    assert value == pytest.approx(26.0, abs=0.7)
    assert np.array(ends)[:, 2] == pytest.approx([0, 0], abs=1e-3)

"""The outline tool in the viewer alone: which voxels a box means on every plane, progress, the mask so far, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.test_viewer_geometry import VOLUMES
from tests.browser.test_viewer_pixels import press
from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
SHAPE = (12, 20, 16)
CURSOR = (6, 10, 8)
FIRST, LAST = (3, 5, 4), (8, 14, 11)
"""Voxels at two corners of what is drawn; on a plane the third coordinate is the cursor's."""
READY = {
    "state": "none", "percent": 0, "doing": "", "stopped": [], "partial": None, "error": None,
    "can_begin": True, "why_not": "",
}  # fmt: skip


def shown(harness: Harness, opened: Callable[..., Page], affine: NDArray[np.float64], **state: object) -> Page:
    """An empty image with the outline tool chosen; the route says `state`."""
    harness.show(np.zeros(SHAPE, dtype=np.int16), affine)
    harness.answers["outlines/case"] = lambda _: READY | state
    page = opened("#k={}&j={}&i={}".format(*CURSOR))
    press(page, "o")
    page.wait_for_function("viewer.hands.outline.state")
    return page


def on_screen(page: Page, plane: str, index: tuple[int, ...]) -> tuple[float, float]:
    """Where a voxel's centre lies in the window."""
    script = """([name, index]) => { const view = viewer.views[name], box = view.element.getBoundingClientRect();
        return import('/assets/x/viewer/geometry.js').then(({pictureOf}) => {
            const [x, y] = view.toScreen(pictureOf(view.plane, index)); return [x + box.left, y + box.top]; }); }"""
    x, y = page.evaluate(script, [plane, list(index)])
    return x, y


def draw(page: Page, plane: str, first: tuple[int, ...], last: tuple[int, ...]) -> None:
    page.mouse.move(*on_screen(page, plane, first))
    page.mouse.down()
    page.mouse.move(*on_screen(page, plane, last), steps=4)
    page.mouse.up()


def begun(harness: Harness) -> dict[str, Any]:
    (said,) = [said for path, said in harness.sent if path == "outlines/case"]
    start: dict[str, Any] = said["start"]
    assert (said["case"], said["action"]) == ("PTEST-1", "begin")
    return start


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("name", ["axial", "flipped rows", "sagittal acquisition"])
def test_a_box_on_any_plane_means_the_voxels_that_were_drawn_around(
    harness: Harness, opened: Callable[..., Page], plane: str, name: str
) -> None:
    page = shown(harness, opened, VOLUMES[name])
    axis = page.evaluate(f"viewer.views.{plane}.plane.normal")
    first, last = (tuple(CURSOR[axis] if one == axis else corner[one] for one in range(3)) for corner in (FIRST, LAST))
    draw(page, plane, last, first)
    with page.expect_response("**/outlines/case"):
        page.get_by_role("button", name="Follow the vessel").click()
    inside = [one for one in range(3) if one != axis]
    box = [first[one] for one in inside] + [last[one] for one in inside]
    assert begun(harness) == {"axis": axis, "index": CURSOR[axis], "box": box}


def test_a_press_that_does_not_move_is_a_click_and_enter_starts(harness: Harness, opened: Callable[..., Page]) -> None:
    page = shown(harness, opened, axial())
    press(page, "Escape")
    page.get_by_role("button", name="Outline").click()
    page.mouse.click(*on_screen(page, "axial", (6, 7, 9)))
    press(page, "Enter")
    page.wait_for_timeout(200)
    assert begun(harness) == {"axis": 0, "index": 6, "click": [7, 9]}


def test_without_a_mouse_enter_takes_the_crosshair(harness: Harness, opened: Callable[..., Page]) -> None:
    page = shown(harness, opened, axial())
    press(page, "Enter")
    page.wait_for_timeout(200)
    assert begun(harness) == {"axis": 0, "index": 6, "click": [10, 8]}


def test_where_the_model_is_absent_the_tool_says_how_to_add_it(harness: Harness, opened: Callable[..., Page]) -> None:
    why = "LiteMedSAM is not installed. Run: pip install it"
    page = shown(harness, opened, axial(), can_begin=False, why_not=why)
    expect(page.locator(".panel:visible .said")).to_have_text(why)
    press(page, "Enter")
    assert harness.sent == []
    press(page, "Escape")
    assert page.locator(".panel:visible").count() == 0


def test_the_mask_so_far_lies_over_the_image_and_the_end_says_why_it_stopped(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    page = shown(harness, opened, axial())
    so_far = harness.put(np.ones((2, 3, 4), dtype=np.uint8), axial())
    running = {"state": "running", "percent": 40, "doing": "slice 88 of 164, upwards"}
    running["partial"] = {"digest": so_far, "origin": [6, 5, 4], "shape": [2, 3, 4]}
    harness.answers["outlines/case"] = lambda _: READY | running
    press(page, "Enter")
    expect(page.locator(".panel:visible")).to_contain_text("40 %  slice 88 of 164, upwards")
    page.wait_for_selector(f".secondlook-viewer[data-partial='{so_far}']")
    assert page.evaluate("viewer.drawn.at(-1).block.at([7, 7, 7])") == 1
    done = {"state": "done", "percent": 100, "stopped": ["Upwards it stopped at slice 12: the edge of the image."]}
    harness.answers["outlines/case"] = lambda _: READY | done
    expect(page.locator(".panel:visible .said")).to_contain_text("Upwards it stopped at slice 12", timeout=10_000)
    assert [name for name, _ in page.evaluate("triggers")] == ["show"]
    assert page.evaluate("viewer.hands.outline.draft.block") is None
    page.get_by_role("button", name="Close").click()
    assert page.locator(".panel:visible").count() == 0


def test_an_outline_that_runs_is_shown_and_cancelled_whatever_tool_is_chosen(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    page = shown(harness, opened, axial(), state="running", percent=10, doing="slice 3 of 12, downwards")
    press(page, "z")
    harness.answers["outlines/case"] = lambda _: READY | {"state": "cancelled" if harness.sent else "running"}
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".panel:visible .said")).to_have_text("Cancelled: nothing was stored.")
    assert harness.sent == [("outlines/case", {"case": "PTEST-1", "action": "cancel"})]


def test_a_new_layer_comes_without_losing_place_window_or_what_is_loaded(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    mask = np.ones(SHAPE, dtype=np.uint8)
    page = shown(harness, opened, axial())
    press(page, "ArrowDown", "3", "Escape")
    asked = len(harness.asked)
    page.evaluate(
        """async (layer) => { const {default: mount} = await import('/assets/x/viewer/main.js');
        const data = {...viewer.data, layers: [layer], token: 'second'};
        mount({data, parentElement: document.getElementById('root'), setTriggerValue() {}}); }""",
        harness.layer(mask, author="LiteMedSAM one box"),
    )
    page.wait_for_function("viewer.layers.length === 1 && viewer.layers[0].block")
    assert page.locator(".chip.layer .name").inner_text() == "LiteMedSAM one box v1"
    assert page.evaluate("[viewer.cursor, viewer.window.width]") == [[7, 10, 8], 250]
    assert len(harness.asked) == asked + 1

"""What the viewer keeps, tells and loads: address, keys, triggers, memory, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.test_viewer_pixels import press
from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
SHAPE = (9, 20, 24)


def volume() -> NDArray[np.int16]:
    return np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def mask() -> NDArray[np.uint8]:
    array = np.zeros(SHAPE, dtype=np.uint8)
    array[2:7, 5:15, 6:16] = 1
    return array


@pytest.fixture
def case(harness: Harness) -> Harness:
    """An image with a mask and a probability map, two places and one profile."""
    places = [
        {"k": 2, "j": 5, "i": 6, "label": "gap", "text": "a gap", "severity": 2},
        {"k": 6, "j": 14, "i": 15, "label": "fragments", "text": "two pieces", "severity": 3},
    ]
    profiles = [
        {"name": "area", "subject": "author 1", "unit": "cm2", "values": [None, 1.0, 2.0] * 3, "author_kind": ""}
    ]
    layers = [harness.layer(mask()), harness.probability(mask() * 200)]
    harness.show(volume(), axial(), layers=layers, places=places, profiles=profiles)
    return harness


def where(page: Page) -> tuple[int, ...]:
    page.wait_for_function("!window.viewer.pending")
    place: list[int] = page.evaluate("window.viewer.cursor")
    return tuple(place)


def test_the_address_brings_back_place_window_layers_and_slab(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    press(page, "ArrowDown", "3", "i", "Alt+1", "b")
    page.wait_for_function("location.hash.includes('slab=mip')")
    again = opened(page.evaluate("location.hash"))
    assert where(again) == (5, 7, 8)
    state = again.evaluate(
        "[viewer.window.width, viewer.invert, viewer.slab.mode, viewer.layers.map((l) => l.visible)]"
    )
    assert state == [250, True, "mip", [False, True]]


def test_the_address_of_another_case_is_ignored(case: Harness, opened: Callable[..., Page]) -> None:
    assert where(opened("#of=POTHER-1&k=8&j=1&i=1&w=1&l=1")) == (2, 5, 6)


def test_an_address_beyond_the_image_is_brought_inside(case: Harness, opened: Callable[..., Page]) -> None:
    assert where(opened("#k=900&j=-3&i=5")) == (8, 0, 5)


@pytest.mark.parametrize(
    ("keys", "slice_number"),
    [(["ArrowDown"], 5), (["ArrowUp"], 3), (["PageDown"], 8), (["PageUp"], 0), (["Home"], 0), (["End"], 8)],
)
def test_keys_move_the_slice(case: Harness, opened: Callable[..., Page], keys: list[str], slice_number: int) -> None:
    page = opened("#k=4&j=7&i=8")
    press(page, *keys)
    assert where(page) == (slice_number, 7, 8)


def test_the_wheel_moves_the_plane_under_the_mouse(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    page.locator(".plane[data-plane=coronal]").hover()
    page.mouse.wheel(0, 120)
    page.wait_for_function("viewer.cursor[1] !== 7")
    assert where(page) == (4, 10, 8)


def test_n_and_p_walk_through_the_places_and_around(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=0&j=0&i=0")
    seen = []
    for key in ("n", "n", "n", "p"):
        press(page, key)
        seen.append(where(page)[0])
    assert seen == [2, 6, 2, 6]


def test_anything_on_the_page_can_be_a_way_to_a_place(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=0&j=0&i=0")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<button data-secondlook-place=\"3,4,5\">go</button>')"
    )
    page.get_by_text("go", exact=True).dispatch_event("click")
    assert where(page) == (3, 4, 5)


def test_a_click_in_the_navigator_moves_the_slice(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=0&j=7&i=8")
    box = page.locator(".navigator canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 8, box["y"] + 20)
    assert where(page) == (8, 7, 8)


@pytest.mark.parametrize("subject", ["author 1", "author 1 1"])
def test_a_curve_has_the_colour_of_its_author_named_with_or_without_a_version(
    harness: Harness, opened: Callable[..., Page], subject: str
) -> None:
    curve = {"name": "diameter", "subject": subject, "unit": "mm", "values": [1.0] * 9, "author_kind": ""}
    harness.show(volume(), axial(), layers=[harness.layer(mask())], profiles=[curve])
    page = opened("#k=0&j=0&i=0")
    page.evaluate("""() => { const { navigator, layers } = viewer, own = navigator.colourOf;
      navigator.colourOf = (curve, layer) => {
        window.found = layer === layers[0]; return own.call(navigator, curve, layer); };
      navigator.drawBase(); }""")
    assert page.evaluate("window.found") is True


def test_the_two_uncertainties_come_before_the_entropies_where_there_is_room_for_five_rows(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    units = {"predictive entropy": "nats", "mutual information": "nats", "outer wall area": "cm2", "diameter": "mm"}
    stored = [
        "outer wall area",
        "predictive entropy",
        "mutual information",
        "aleatoric",
        "epistemic",
        "total",
        "diameter",
    ]
    profiles = [
        {"name": name, "subject": "author 1", "unit": units.get(name, "1"), "values": [1.0] * 9, "author_kind": ""}
        for name in stored
    ]
    harness.show(volume(), axial(), layers=[harness.layer(mask())], profiles=profiles)
    page = opened("#k=0&j=0&i=0")
    shown = page.evaluate("viewer.navigator.groups.map((group) => group.name)")
    assert shown == ["diameter", "aleatoric", "epistemic", "total", "predictive entropy"]
    page.evaluate("""() => { const { navigator } = viewer; window.said = [];
      navigator.write = (pen, text) => window.said.push(text); navigator.drawBase(); }""")
    assert [text.strip() for text in page.evaluate("said") if text.startswith("0 to")] == [
        "0 to 1.0 mm", *["0 to 1.0"] * 3, "0 to 1.0 nats",
    ]  # fmt: skip


def test_only_a_mark_and_a_step_to_another_case_leave_the_browser(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    press(page, "ArrowDown", "2", "i", "Alt+1", "b", "n", "z", "r", "Space", "m", "Shift+N", "Shift+P")
    page.mouse.move(400, 300)
    page.mouse.wheel(0, 120)
    assert page.evaluate("triggers") == [["place", {"k": 2, "j": 5, "i": 6}], ["step", {"by": 1}], ["step", {"by": -1}]]


def test_keys_belong_to_a_text_field_while_it_has_the_focus(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    page.locator("#field").focus()
    press(page, "n", "m", "ArrowDown", "Shift+N")
    assert where(page) == (4, 7, 8)
    assert page.evaluate("triggers") == []
    assert page.locator("#field").input_value() == "nmN"


def test_the_question_mark_shows_every_key_and_escape_closes_it(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened()
    press(page, "?")
    keys = page.evaluate("import('/assets/x/viewer/keys.js').then((m) => m.KEYS.length + m.REVIEW_KEYS.length)")
    assert page.locator(".help dt:visible").count() == keys
    press(page, "Escape")
    assert page.locator(".help dt:visible").count() == 0


def test_cine_plays_and_stops(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=1&j=7&i=8")
    page.keyboard.press("c")
    page.wait_for_function("viewer.cursor[0] >= 3")
    page.keyboard.press("c")
    assert page.evaluate("viewer.cine") is None


def test_reset_puts_zoom_and_window_back(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#w=10&l=10")
    page.locator(".plane[data-plane=axial]").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function("viewer.views.axial.zoom > 1.2")
    press(page, "Space")
    assert page.evaluate("[viewer.views.axial.zoom, viewer.window.width]") == [1, 400]


def test_a_hidden_layer_leaves_the_memory_and_comes_back_when_shown(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened()
    press(page, "Alt+1")
    assert page.evaluate("viewer.layers[0].block") is None
    press(page, "Alt+1")
    page.wait_for_function("viewer.layers[0].block")
    assert case.asked.count(case.data["layers"][0]["digest"]) == 2


def test_a_stale_token_is_renewed_and_the_place_kept(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    case.stale.add("first")
    press(page, "Alt+1", "Alt+1")
    page.wait_for_function("viewer.layers[0].block")
    assert page.evaluate("viewer.loader.source.token") == "fresh"
    assert where(page) == (4, 7, 8)


def test_a_layer_that_cannot_be_loaded_says_why_and_the_image_stays(case: Harness, opened: Callable[..., Page]) -> None:
    case.data["layers"][0]["digest"] = "0" * 64
    page = opened("#k=4&j=7&i=8")
    assert "did not load: the server answered 404" in page.locator(".chip.layer .value").first.inner_text()
    assert page.evaluate("viewer.block !== null")


def test_an_image_that_cannot_be_loaded_says_so_in_its_place(case: Harness, opened: Callable[..., Page]) -> None:
    case.data["image"]["digest"] = "0" * 64
    page = opened()
    assert "did not load" in page.locator(".plane[data-plane=axial] .middle").inner_text()


def with_crop(case: Harness) -> None:
    part = volume()[2:7, 5:15, 6:16]
    case.data["image"]["crop"] = {"digest": case.put(part, axial()), "origin": [2, 5, 6], "shape": list(part.shape)}


def test_the_crop_comes_first_and_the_whole_scan_only_when_it_is_needed(
    case: Harness, opened: Callable[..., Page]
) -> None:
    with_crop(case)
    page = opened("#k=4&j=7&i=8")
    assert case.data["image"]["digest"] not in case.asked
    press(page, "End")
    page.wait_for_selector(".secondlook-viewer[data-full=true]")
    assert where(page) == (8, 7, 8)
    assert page.locator(".chip.hu .value").inner_text() == f"{volume()[8, 7, 8]} HU"


def test_the_same_voxel_has_the_same_value_in_the_crop_and_in_the_whole(
    case: Harness, opened: Callable[..., Page]
) -> None:
    with_crop(case)
    page = opened("#k=4&j=7&i=8")
    in_crop = page.locator(".chip.hu .value").inner_text()
    page.get_by_role("button", name="Whole scan").click()
    page.wait_for_selector(".secondlook-viewer[data-full=true]")
    assert in_crop == page.locator(".chip.hu .value").inner_text() == f"{volume()[4, 7, 8]} HU"


def test_a_new_token_for_the_same_case_changes_nothing_on_screen(case: Harness, opened: Callable[..., Page]) -> None:
    page = opened("#k=4&j=7&i=8")
    asked = len(case.asked)
    page.evaluate(
        """async () => { const {default: mount} = await import('/assets/x/viewer/main.js');
        const data = {...viewer.data, token: 'second'};
        mount({data, parentElement: document.getElementById('root'), setTriggerValue() {}}); }"""
    )
    assert page.evaluate("window.host.viewer.loader.source.token") == "second"
    assert (where(page), len(case.asked)) == ((4, 7, 8), asked)

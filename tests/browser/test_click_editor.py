"""The click editor in the viewer alone: what it asks, what it draws, undo and redo, carry, save, nothing lost.

The server's side is a simple one of this file: a click turns the 3 x 3 voxels around it on or off.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.test_viewer_pixels import press
from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page, Route

    from tests.browser.viewer_harness import Harness

    Mask = NDArray[np.bool_]

pytestmark = pytest.mark.browser
SHAPE = (9, 40, 48)
BOX = (slice(2, 7), slice(10, 30), slice(12, 32))
INSIDE, OUTSIDE, FAR = (20, 20), (20, 33), (3, 44)
"""Rows and columns of a slice: within the mask, beside it, and far beyond the box in which it is stored."""


def labels() -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[BOX] = 1
    mask[3, 15:20, 15:20] = 2
    return mask


def decoded(runs: list[int]) -> Mask:
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    assert values.size == SHAPE[1] * SHAPE[2]
    return values.reshape(SHAPE[1:])


def encoded(mask: Mask) -> list[int]:
    borders = np.flatnonzero(np.diff(mask.ravel().astype(int))) + 1
    runs = [int(b - a) for a, b in pairwise([0, *borders, mask.size])]
    return [0, *runs] if mask.flat[0] else runs


def clicked(said: dict[str, Any]) -> dict[str, Any]:
    mask = decoded(said["mask"])
    row, column, positive = said["clicks"][-1]
    after = mask.copy()
    after[row - 1 : row + 2, column - 1 : column + 2] = positive
    changed = int((mask != after).sum())
    return {"mask": encoded(after), "changed": changed, "phase": "local", "untouched": "0" * 64}


def carried(said: dict[str, Any]) -> dict[str, Any]:
    row, column, positive = said["clicks"][-1]
    after = labels()[4] > 0
    after[row - 1 : row + 2, column - 1 : column + 2] = positive
    around = (k for k in range(said["first"], said["last"] + 1) if k != said["index"])
    return {"slices": {str(k): {"mask": encoded(after), "changed": 9} for k in around}}


@pytest.fixture
def editor(harness: Harness, opened: Callable[..., Page]) -> Page:
    """A cropped label layer of lumen and thrombus on screen, the editor open on slice 4."""
    part = labels()[BOX]
    layer = harness.layer(part, origin=[2, 10, 12], style="outline")
    harness.show(np.zeros(SHAPE, dtype=np.int16), axial(), layers=[layer])
    said = {"version": "correction 1", "text": "Saved as correction 1 of reader A."}
    harness.answers |= {
        "corrections/prepare": lambda _: {}, "corrections/click": clicked, "corrections/carry": carried,
        "corrections/save": lambda _: said,
    }  # fmt: skip
    page = opened("#k=4&j=20&i=20")
    press(page, "t")
    page.wait_for_function("viewer.hands.correct.mask")
    return page


def click(page: Page, place: tuple[int, int], clicks: int, **how: Any) -> None:
    """Click on a voxel of the axial slice on screen, and wait until so many clicks count."""
    k = page.evaluate("viewer.cursor[0]")
    script = "(index) => viewer.views.axial.toScreen([index[1] + 0.5, index[0] + 0.5])"
    x, y = page.evaluate(script, place)
    page.locator(".plane[data-plane=axial]").click(position={"x": x, "y": y}, **how)
    page.wait_for_function(f"viewer.hands.correct.waiting === 0 && viewer.host.dataset.clicks === '{clicks}'")
    assert page.evaluate("viewer.cursor[0]") == k


def mask_on(page: Page, k: int) -> Mask:
    values = page.evaluate(f"[...viewer.hands.correct.mask.slice({k})]")
    return np.array(values, dtype=bool).reshape(SHAPE[1:])


def words(page: Page) -> str:
    return page.locator(".panel:visible .said").inner_text()


def asked(harness: Harness, action: str) -> list[dict[str, Any]]:
    return [said for path, said in harness.sent if path == f"corrections/{action}"]


def test_it_begins_with_the_outer_wall_and_has_the_slice_made_ready(editor: Page, harness: Harness) -> None:
    assert all((mask_on(editor, k) == (labels()[k] > 0)).all() for k in range(SHAPE[0]))
    editor.wait_for_timeout(400)
    assert asked(harness, "prepare") == [{"case": "PTEST-1", "layer": 1, "index": 4}]


def test_left_adds_and_right_or_alt_removes_and_each_says_what_it_changed(editor: Page, harness: Harness) -> None:
    click(editor, OUTSIDE, 1)
    assert "1 click; the last step: +9 voxels, local" in words(editor)
    click(editor, INSIDE, 2, button="right")
    assert "2 clicks; the last step: \u22129 voxels, local" in words(editor)
    click(editor, (25, 25), 3, modifiers=["Alt"])
    expected = labels()[4] > 0
    expected[19:22, 32:35], expected[19:22, 19:22], expected[24:27, 24:27] = True, False, False
    assert (mask_on(editor, 4) == expected).all()
    sent = asked(harness, "click")
    assert [one["count"] for one in sent] == [1, 2, 3]
    assert sent[-1]["clicks"] == [[20, 33, True], [20, 20, False], [25, 25, False]]


def test_plus_and_minus_click_at_the_crosshair(editor: Page, harness: Harness) -> None:
    press(editor, "-")
    editor.wait_for_function("viewer.host.dataset.clicks === '1'")
    press(editor, "+")
    editor.wait_for_function("viewer.host.dataset.clicks === '2'")
    assert [one["clicks"][-1] for one in asked(harness, "click")] == [[20, 20, False], [20, 20, True]]
    assert (mask_on(editor, 4) == (labels()[4] > 0)).all()


def test_a_click_that_comes_before_the_outline_is_read_waits_for_it(editor: Page, harness: Harness) -> None:
    hidden = harness.data["layers"][0] | {"visible": False, "digest": harness.put(labels()[BOX] * 2, axial())}
    harness.data["layers"] = [hidden]
    held: list[Route] = []
    editor.route(f"**/blob/{hidden['digest']}*", lambda route: held.append(route))  # noqa: PLW0108 -- needs a function
    editor.reload()  # the address may say by now that the layer is visible, so that it is asked for at once
    editor.wait_for_selector(".secondlook-viewer[data-ready]")
    press(editor, "t", "-")
    assert editor.evaluate("[viewer.layers[0].state, viewer.hands.correct.mask, viewer.hands.correct.waiting]") == [
        "loading", None, 1,
    ]  # fmt: skip
    while not held:
        editor.wait_for_timeout(20)
    held[0].continue_()
    editor.wait_for_function("viewer.host.dataset.clicks === '1'")
    assert not mask_on(editor, 4)[19:22, 19:22].any()


def test_undo_and_redo_bring_back_every_voxel(editor: Page) -> None:
    before = mask_on(editor, 4)
    click(editor, OUTSIDE, 1)
    after = mask_on(editor, 4)
    press(editor, "Control+z")
    assert (mask_on(editor, 4) == before).all()
    expect(editor.get_by_role("button", name="Save")).to_be_disabled()
    press(editor, "Control+Shift+Z")
    assert (mask_on(editor, 4) == after).all()
    editor.get_by_role("button", name="Undo").click()
    assert (mask_on(editor, 4) == before).all()


def test_a_mask_may_outgrow_the_box_in_which_it_was_stored(editor: Page) -> None:
    click(editor, FAR, 1)
    assert mask_on(editor, 4)[2:5, 43:46].all()
    assert all((mask_on(editor, k) == (labels()[k] > 0)).all() for k in range(SHAPE[0]) if k != 4)


def test_a_change_is_carried_and_saved_with_its_clicks_and_only_with_changed_slices(
    editor: Page, harness: Harness
) -> None:
    click(editor, OUTSIDE, 1)
    editor.get_by_label("Carry from slice").fill("4")
    editor.get_by_label("Carry to slice").fill("6")
    editor.get_by_role("button", name="Carry", exact=True).click()
    expect(editor.locator(".panel:visible .said")).to_contain_text("carried to 2 slices, 18 voxels")
    assert [(one["first"], one["last"]) for one in asked(harness, "carry")] == [(3, 5)]
    editor.get_by_role("button", name="Save").click()
    expect(editor.locator(".panel:visible .said")).to_have_text("Saved as correction 1 of reader A.")
    (saved,) = asked(harness, "save")
    assert sorted(saved["slices"]) == ["3", "4", "5"]
    assert decoded(saved["slices"]["4"])[19:22, 32:35].all()
    assert saved["clicks"] == [[4, 20, 33, True, 9]]
    assert saved["seconds"] >= 0
    assert [name for name, _ in editor.evaluate("triggers")] == ["show"]


def test_a_slice_is_not_made_ready_once_its_outline_was_let_go_of(editor: Page, harness: Harness) -> None:
    click(editor, OUTSIDE, 1)
    before = len(asked(harness, "prepare"))
    editor.evaluate("(({ correct }) => { correct.ready = null; correct.follow(); correct.discard(); })(viewer.hands)")
    editor.wait_for_timeout(500)  # longer than the editor waits; an error on the page fails the test
    assert len(asked(harness, "prepare")) == before


def test_where_there_is_nothing_to_carry_it_says_so_and_the_clicks_can_still_be_saved(
    editor: Page, harness: Harness
) -> None:
    harness.answers["corrections/carry"] = lambda _: {"slices": {}}
    click(editor, OUTSIDE, 1)
    editor.get_by_role("button", name="Carry", exact=True).click()
    expect(editor.locator(".panel:visible .said")).to_contain_text("Nothing to carry")
    expect(editor.get_by_role("button", name="Save")).to_be_enabled()


def test_a_refused_click_says_why_and_changes_nothing(editor: Page, harness: Harness) -> None:
    def refuse(_: dict[str, Any]) -> object:
        raise ValueError("A click must lie on the slice.")

    harness.answers["corrections/click"] = refuse
    before = mask_on(editor, 4)
    click(editor, OUTSIDE, 0)
    assert words(editor) == "A click must lie on the slice."
    assert (mask_on(editor, 4) == before).all()


def test_what_is_not_saved_is_not_lost_by_a_key_a_step_or_a_closed_tab(editor: Page) -> None:
    click(editor, OUTSIDE, 1)
    press(editor, "Escape", "Shift+N")
    assert "not saved" in words(editor)
    assert editor.evaluate("triggers") == []
    with editor.expect_event("dialog") as question:
        editor.close(run_before_unload=True)
    assert question.value.type == "beforeunload"
    question.value.accept()


def test_discard_forgets_all_clicks_and_escape_leaves_the_tool(editor: Page) -> None:
    click(editor, OUTSIDE, 1)
    editor.get_by_role("button", name="Discard").click()
    assert editor.locator(".panel:visible").count() == 0
    press(editor, "t")
    expect(editor.locator(".panel:visible .said")).to_contain_text("Click to add")
    press(editor, "Escape")
    assert editor.evaluate("viewer.tool") == "crosshair"
    assert editor.locator(".panel:visible").count() == 0


def test_where_nothing_outlines_the_aorta_it_says_what_to_do_first(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    kidney = harness.layer(labels(), classes={"1": "kidney left"})
    harness.show(np.zeros(SHAPE, dtype=np.int16), axial(), layers=[kidney])
    page = opened()
    press(page, "t")
    assert "outline it first" in words(page)

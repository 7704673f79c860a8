"""What people do with it, from the sign-in link on, in a real browser against a real server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.running import RunningServer

pytestmark = pytest.mark.browser
READY = ".secondlook-viewer[data-ready=all]"
CASES = 3
STATE = """({ viewer: v }) =>
  [v.data.case.key, v.cursor, v.window, v.layers.map((l) => [l.visible, l.style, l.opacity])]"""


@pytest.fixture
def worklist(page: Page, server: RunningServer) -> Page:
    """Signed in, with the list on screen."""
    page.set_default_timeout(20_000)
    page.goto(server.sign_in_link)
    page.wait_for_selector(".secondlook-table[data-ready=true]")
    return page


@pytest.fixture
def case(worklist: Page) -> Page:
    """The first case of the list, opened with the keyboard."""
    return open_case(worklist)


def open_case(page: Page, steps: int = 0) -> Page:
    for _ in range(steps):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    return page


def rows(page: Page) -> Locator:
    return page.locator(".secondlook-table .body .row:visible")


def told(page: Page, name: str) -> str:
    """What the viewer says of itself."""
    value = page.locator(".secondlook-viewer").get_attribute(f"data-{name}")
    assert value is not None
    return value


def wait_told(page: Page, name: str, value: str) -> None:
    page.wait_for_selector(f'.secondlook-viewer[data-{name}="{value}"]')


def in_viewer(page: Page, function: str) -> Any:
    """Evaluate a function of the viewer's host element; it lies in a shadow root, which a locator sees through."""
    return page.locator(".secondlook-viewer").evaluate(function)


def case_of(page: Page) -> str:
    found = re.search(r"case=([^&#]+)", page.url)
    assert found, "the address names no case"
    return found[1]


def middle(page: Page, plane: str = "axial") -> tuple[float, float]:
    box = page.locator(f".plane[data-plane={plane}]").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_worklist_shows_every_case_with_its_flag_and_picture(worklist: Page) -> None:
    assert rows(worklist).count() == CASES
    first = rows(worklist).first
    assert "B and A differ most" in first.inner_text()
    assert worklist.get_by_text("Not for diagnosis").is_visible()
    worklist.wait_for_function(
        "[...document.querySelectorAll('.secondlook-table img')].every((i) => i.naturalWidth > 0)"
    )
    assert rows(worklist).first.bounding_box()["height"] == 40  # type: ignore[index]


def test_only_generated_cases_are_called_synthetic(worklist: Page) -> None:
    marked = [("SYNTHETIC" in text) for text in rows(worklist).all_inner_texts()]
    assert sorted(marked) == [False, True, True]


def test_enter_opens_the_case_under_the_keys_and_a_click_does_too(worklist: Page) -> None:
    second = rows(worklist).nth(1).locator(".case").inner_text().split()[0]
    open_case(worklist, steps=1)
    assert case_of(worklist) == second
    worklist.go_back()
    worklist.wait_for_selector(".secondlook-table[data-ready=true]")
    rows(worklist).nth(1).locator(".flag").click()
    worklist.wait_for_selector(READY)
    assert case_of(worklist) == second


def test_wheel_and_keys_scroll_through_the_slices(case: Page) -> None:
    k = int(told(case, "k"))
    case.keyboard.press("ArrowDown")
    wait_told(case, "k", str(k + 1))
    case.mouse.move(*middle(case))
    case.mouse.wheel(0, -40)
    wait_told(case, "k", str(k))


def test_the_window_follows_keys_and_the_right_mouse_button(case: Page) -> None:
    case.keyboard.press("2")
    wait_told(case, "window", "600/200")
    x, y = middle(case)
    case.mouse.move(x, y)
    case.mouse.down(button="right")
    case.mouse.move(x + 20, y - 10)
    case.mouse.up(button="right")
    wait_told(case, "window", "640/180")


def test_a_layer_goes_and_comes_back_by_key_and_by_its_eye(case: Page) -> None:
    eye = case.locator(".strip .eye").first
    before = eye.get_attribute("aria-pressed") or ""
    case.keyboard.press("Alt+1")
    expect(eye).not_to_have_attribute("aria-pressed", before)
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", before)


def test_a_ruler_measures_millimetres(case: Page) -> None:
    case.keyboard.press("r")
    wait_told(case, "tool", "ruler")
    x, y = middle(case)
    case.mouse.move(x, y)
    case.mouse.down()
    case.mouse.move(x + 40, y)
    case.mouse.up()
    bar = "({ viewer: { views: { axial } } }) => axial.toScreen([1, 0])[0] - axial.toScreen([0, 0])[0]"
    pixels_a_voxel = in_viewer(case, bar)
    (from_, to) = in_viewer(case, "({ viewer }) => [viewer.marks.marks[0].from, viewer.marks.marks[0].to]")
    assert (to[0] - from_[0]) * pixels_a_voxel == pytest.approx(40, rel=1e-6)


def test_a_finding_leads_to_its_place(case: Page) -> None:
    case.keyboard.press("Home")
    finding = case.locator(".sl-finding").first
    place = finding.get_attribute("data-secondlook-place")
    assert place
    finding.click()
    wait_told(case, "k", place.split(",")[0])


def test_a_verdict_by_key_with_its_place_is_saved_and_shown_as_history(case: Page, server: RunningServer) -> None:
    case.get_by_role("tab", name="Review").click()
    case.keyboard.press("m")
    slice_shown = str(int(told(case, "k")) + 1)
    case.get_by_text(re.compile(rf"Place: .*slice {slice_shown}\b")).wait_for()
    case.get_by_role("textbox", name="Note").fill("thrombus to the left")
    case.keyboard.press("Tab")
    place = (told(case, "k"), told(case, "j"), told(case, "i"))
    case.keyboard.press("Alt+j")
    case.get_by_text("Saved: major edit").wait_for()
    case.get_by_role("cell", name="thrombus to the left").wait_for()
    assert (told(case, "k"), told(case, "j"), told(case, "i")) == place
    case.reload()
    case.wait_for_selector(READY)
    case.get_by_role("tab", name="Review").click()
    case.get_by_role("cell", name="thrombus to the left").wait_for()
    assert server.connections_outward == ""


def test_the_link_opens_the_same_case_slice_layers_and_window(case: Page) -> None:
    for key in ("ArrowDown", "ArrowDown", "3", "Alt+2"):
        case.keyboard.press(key)
    case.wait_for_function("location.hash.includes('w=250')")
    case.wait_for_timeout(300)
    shown, link = in_viewer(case, STATE), case.url
    again = case.context.new_page()
    again.goto(link)
    again.wait_for_selector(READY)
    assert in_viewer(again, STATE) == shown
    again.close()


def test_shift_n_and_shift_p_walk_through_the_cases_in_the_order_of_the_list(case: Page) -> None:
    first = case_of(case)
    case.keyboard.press("Shift+N")
    case.wait_for_function(f"!location.search.includes('{first}')")
    case.wait_for_selector(READY)
    assert case_of(case) != first
    case.keyboard.press("Shift+P")
    case.wait_for_function(f"location.search.includes('{first}')")


def test_search_narrows_the_list_and_clearing_it_brings_all_back(worklist: Page) -> None:
    key = rows(worklist).nth(2).locator(".case").inner_text().split()[0]
    worklist.keyboard.press("/")
    worklist.keyboard.type(key)
    worklist.wait_for_selector(".secondlook-table[data-total='1']")
    assert key in rows(worklist).first.inner_text()
    worklist.keyboard.press("Escape")
    worklist.keyboard.press("Escape")
    worklist.wait_for_selector(f".secondlook-table[data-total='{CASES}']")


def test_a_search_without_an_answer_says_what_to_do(worklist: Page) -> None:
    worklist.keyboard.press("/")
    worklist.keyboard.type("nobody at all")
    worklist.get_by_text("No case matches").wait_for()


def test_a_filter_can_be_kept_as_a_view_and_forgotten(worklist: Page) -> None:
    worklist.get_by_role("button", name="Filters", exact=True).click()
    worklist.get_by_label("Data").select_option("true")
    worklist.wait_for_selector(f".secondlook-table[data-total='{CASES - 1}']")
    worklist.get_by_role("button", name="Save view").click()
    worklist.keyboard.type("only generated")
    worklist.keyboard.press("Enter")
    worklist.get_by_role("tab", name="only generated").wait_for()
    worklist.reload()
    worklist.get_by_role("tab", name="only generated").click()
    worklist.wait_for_selector(f".secondlook-table[data-total='{CASES - 1}']")
    worklist.get_by_role("button", name="Forget the view only generated").click()
    worklist.get_by_role("tab", name="only generated").wait_for(state="detached")


def test_without_a_session_nothing_is_shown(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.url}/")
    assert page.locator(".secondlook-table").count() == 0
    assert "sign-in link" in page.content()


def test_no_token_and_no_case_ends_in_the_log(case: Page, server: RunningServer) -> None:
    link = server.sign_in_link
    token = link.partition("token=")[2]
    image_token = in_viewer(case, "({ viewer }) => viewer.loader.source.token")
    log = server.log.replace(link, "")
    assert token not in log
    assert image_token not in log


def test_nothing_is_asked_of_another_server(case: Page, server: RunningServer) -> None:
    """`page` fails on any request elsewhere; the server's own connections are watched by an audit hook."""
    case.keyboard.press("End")
    for number in range(1, 6):
        case.keyboard.press(f"Alt+{number}")
    case.keyboard.press("Shift+N")
    case.wait_for_selector(READY)
    assert server.connections_outward == ""

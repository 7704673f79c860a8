"""A long worklist in a real browser: only what is in sight exists, the rest comes when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from db import commands, measurements
from db.measurement_records import Headline
from db.records import BlobRef
from db.rows import NOT_MEASURED
from services import workflow
from services.settings import Settings
from tests import factories
from tests.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
CASES = 450
"""More than two pages of 200."""
WIDE = Headline(105.4, 101.8, 112.6, 0.3812)


@pytest.fixture(scope="module")
def long_list(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("long") / "home"
    desk = workflow.open_home(Settings(home=home))
    with desk.store.begin() as session:
        for number in range(CASES):
            flags = (factories.flag(1 + number % 3),) if number % 2 else ()
            case = factories.case(f"P{number:06d}", flags=flags, series=factories.series(shape=(number + 1, 8, 8)))
            key = commands.add_case(session, case)
        measurements.set_measurements(session, key, [], WIDE, {})
    desk.store.close()
    with RunningServer(home) as server:
        yield server


@pytest.fixture
def table(page: Page, long_list: RunningServer) -> Page:
    page.set_default_timeout(20_000)
    page.goto(long_list.sign_in_link)
    page.wait_for_selector(f".secondlook-table[data-total='{CASES}']")
    return page


def shown_keys(page: Page) -> list[str]:
    return [text.split()[0] for text in page.locator(".body .row:visible:not(.coming) .case").all_inner_texts()]


def focused(page: Page) -> str:
    return page.locator(".body .row.focused").inner_text()


def test_only_the_rows_in_sight_exist(table: Page) -> None:
    assert table.locator(".body .row").count() < 40
    height = table.locator(".body").evaluate("(body) => body.offsetHeight")
    assert height == 40 * CASES


def test_the_last_case_is_one_key_away_and_all_pages_come_by_keyset(table: Page) -> None:
    asked: list[str] = []
    table.on("request", lambda request: asked.append(request.url) if "/cases" in request.url else None)
    table.keyboard.press("End")
    table.locator(".body .row.focused:not(.coming)").wait_for()
    expect(table.locator(".body .row.focused")).to_have_attribute("aria-rowindex", str(CASES + 1))
    assert len(asked) == 2
    assert all("after=" in url for url in asked)


def test_sorting_by_a_column_turns_around_with_a_second_click(table: Page) -> None:
    table.get_by_role("columnheader", name="Slices").click()
    expect(table.locator(".body .row.focused .slices")).to_have_text(str(CASES))
    table.get_by_role("columnheader", name="Slices").click()
    expect(table.locator(".body .row.focused .slices")).to_have_text("1")


def test_the_diameter_has_its_interval_and_what_is_not_measured_says_why(table: Page) -> None:
    table.get_by_role("columnheader", name="P(flip)").click()
    row = table.locator(".body .row.focused")
    expect(row.locator(".diameter")).to_have_text("105.4 (101.8\u2013112.6) mm")
    expect(row.locator(".flip")).to_have_text("0.38")
    table.get_by_role("columnheader", name="Dmax").click()
    expect(row.locator(".flip")).to_have_text("0.38")
    other = table.locator(".body .row[aria-rowindex='3']")
    for column in (".diameter", ".flip"):
        expect(other.locator(column)).to_have_text("\u2013")
        expect(other.locator(column)).to_have_attribute("title", NOT_MEASURED)


@pytest.mark.parametrize("width", [1280, 1400])
def test_every_column_has_room(table: Page, width: int) -> None:
    table.set_viewport_size({"width": width, "height": 800})
    table.get_by_role("columnheader", name="Dmax").click()
    expect(table.locator(".body .row.focused .flip")).to_have_text("0.38")
    assert table.locator(".grid").evaluate("(grid) => grid.scrollWidth - grid.clientWidth") <= 0
    cut = "(cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.className)"
    assert table.locator(".heading .cell").evaluate_all(cut) == []
    assert table.locator(".body .row.focused .cell:not(.flag)").evaluate_all(cut) == []


def test_keys_walk_and_the_focused_row_stays_in_sight(table: Page) -> None:
    for _ in range(40):
        table.keyboard.press("j")
    row = table.locator(".body .row.focused")
    expect(row).to_have_attribute("aria-rowindex", "42")
    expect(row).to_be_in_viewport()
    table.keyboard.press("k")
    expect(row).to_have_attribute("aria-rowindex", "41")


def test_a_link_opens_the_same_list(table: Page) -> None:
    table.get_by_role("button", name="Filters", exact=True).click()
    table.get_by_label("Flags").select_option("false")
    table.wait_for_selector(f".secondlook-table[data-total='{CASES // 2}']")
    again = table.context.new_page()
    again.goto(table.url)
    again.wait_for_selector(f".secondlook-table[data-total='{CASES // 2}']")
    assert shown_keys(again) == shown_keys(table)
    again.close()


def test_a_session_that_is_over_says_how_to_go_on(table: Page) -> None:
    table.context.clear_cookies()
    table.keyboard.press("/")
    table.keyboard.type("gap")
    table.get_by_text("sign-in link").wait_for()


def test_a_server_that_is_gone_leaves_a_way_back(table: Page) -> None:
    table.route("**/cases?*", lambda route: route.abort())
    table.keyboard.press("/")
    table.keyboard.type("leaves out")
    retry = table.get_by_role("button", name="Try again")
    retry.wait_for()
    table.unroute("**/cases?*")
    retry.click()
    table.wait_for_selector(f".secondlook-table[data-total='{CASES // 2}']")


def test_an_empty_store_says_how_to_fill_it(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("empty") / "home"
    workflow.open_home(Settings(home=home)).store.close()
    with RunningServer(home) as server:
        page.goto(server.sign_in_link)
        page.get_by_text("secondlook ingest PATH").wait_for()


def test_a_missing_picture_leaves_the_row_readable(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("no picture") / "home"
    desk = workflow.open_home(Settings(home=home))
    with desk.store.begin() as session:
        commands.add_case(session, factories.case(thumbnail=BlobRef("0" * 64, 1)))
    desk.store.close()
    with RunningServer(home) as server:
        page.goto(server.sign_in_link)
        page.get_by_text("P7K3QX-1").wait_for()
